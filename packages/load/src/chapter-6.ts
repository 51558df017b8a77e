/**
 * The talk's largest test: 1,000,000 transfers of 1 between 1,000,000 accounts, 10,000 at a time, by 50 workers.
 *
 * The workers share one thread. A call costs its caller 30 to 60 µs of CPU (bench/invoke.bench.ts): one thread made 34,000
 * calls a second with 50 and 18,000 with 1,000 under way, several times what the talk saw in AWS. On a machine that runs the
 * cluster too, more threads would only take from the cluster.
 */
import type { StressProfile } from "./stress.ts";

/** 1 million invocations over 1 million accounts, 10,000 at a time: the talk's extreme stress test. */
export const chapter6Defaults = {
  chapter: 6,
  name: "Extreme Stress Test",
  invocations: 1_000_000,
  parallel: 10_000,
  accounts: 1_000_000,
  workers: 50,
} as const satisfies StressProfile;
