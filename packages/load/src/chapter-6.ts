/**
 * The talk's largest test: 1,000,000 transfers of 1 between 1,000,000 accounts, 10,000 at a time, by 50 workers over
 * worker threads.
 */
import { availableParallelism } from "node:os";
import type { StressProfile } from "./stress.ts";

/**
 * Of the machine's CPUs, one in this many makes calls; a machine with fewer has one thread.
 *
 * A call costs its caller 40 to 150 µs of CPU and the local stack some 1,400, so that one thread keeps more than four CPUs
 * of stack busy. A thread too many takes from the stack what it gives to the caller: on two CPUs two threads make fewer
 * calls a second than one (bench/threads.bench.ts; its figures are in docs/performance.md).
 */
const cpusPerThread = 4;

/** Each thread costs some 20 MB. More than this are more than anybody has measured. */
export const loadThreadsMax = 64;

/** @param cpus - of the machine */
export function loadThreadsDefault(cpus: number = availableParallelism()): number {
  return Math.min(loadThreadsMax, Math.max(1, Math.floor(cpus / cpusPerThread)));
}

/** 1 million invocations over 1 million accounts, 10,000 at a time: the talk's extreme stress test. */
export const chapter6Defaults = {
  chapter: 6,
  name: "Extreme Stress Test",
  invocations: 1_000_000,
  parallel: 10_000,
  accounts: 1_000_000,
  workers: 50,
  threads: loadThreadsDefault(),
} as const satisfies StressProfile;
