/**
 * A stress test: as many transfers of 1 between random accounts as its profile says, as the talk runs them.
 */
import { AdaptiveLimit } from "./adaptive-limit.ts";
import { type InvocationTarget, createLambdaClient } from "./invocation/index.ts";
import { seededRandom } from "./random.ts";
import { type Report, count } from "./report.ts";
import { type Progress, run } from "./run.ts";
import type { Schedule } from "./schedule.ts";
import { type ThreadRunOptions, runInThreads } from "./threads/index.ts";
import { randomTransfers } from "./workload.ts";

/** What a chapter of the talk asks for. */
export interface StressProfile {
  /** Of the talk. */
  readonly chapter: number;
  readonly name: string;
  readonly invocations: number;
  /** Invocations under way at a time. */
  readonly parallel: number;
  /** Accounts have the ids 1 to this. */
  readonly accounts: number;
  /** Who start their batches independently of each other. */
  readonly workers: number;
  /** Worker threads among which the workers are divided; none where the calling thread does for all. */
  readonly threads?: number | undefined;
}

/** The sizes of a run, where they are not the profile's. */
export interface StressSizes {
  readonly invocations?: number | undefined;
  readonly parallel?: number | undefined;
  readonly accounts?: number | undefined;
  readonly threads?: number | undefined;
}

/** For {@link runStress}: the target, and sizes that differ from the profile's. */
export interface StressOptions extends StressSizes {
  readonly target: InvocationTarget;
  /** Default: the tutorial's function. */
  readonly functionName?: string | undefined;
  /** An alias or a version of it. */
  readonly qualifier?: string | undefined;
  /** The same seed asks for the same transfers. */
  readonly seed: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the run early; what was done is reported. */
  readonly signal?: AbortSignal | undefined;
}

/** The tutorial's function. */
export const functionNameDefault = "reinvent-dat401";

/** So many invocations an account may have under way unless more was agreed with AWS; more are tried from there. */
const concurrencyInitial = 1_000;

/**
 * Runs a profile to its end, or until the signal.
 * @returns what came of every call; a call that fails is counted, not thrown
 * @throws {LoadThreadError} a thread that made calls died; it has what was counted
 */
export async function runStress(profile: StressProfile, options: StressOptions): Promise<Report> {
  const { target, functionName = functionNameDefault, qualifier, seed, onProgress, signal } = options;
  const { invocations, parallel, accounts, workers, threads } = sized(profile, options);
  const schedule: Schedule = { kind: "batches", calls: invocations, parallel, workers, threads };
  const asked = { target, functionName, qualifier, schedule, seed, accounts, onProgress, signal };
  return threads === undefined
    ? await runHere(asked)
    : await runInThreads({ ...asked, underWayInitial: concurrencyInitial });
}

/** In this thread, which then also draws the display and hears Ctrl-C. */
async function runHere(options: Omit<ThreadRunOptions, "underWayInitial">): Promise<Report> {
  const { schedule, seed, accounts } = options;
  const limit = new AdaptiveLimit({ initial: concurrencyInitial, max: schedule.parallel });
  const client = createLambdaClient({
    ...options,
    parallelMax: schedule.parallel,
    onThrottle: () => limit.refused(),
  });
  try {
    const nextPayload = randomTransfers({ random: seededRandom(seed), accounts, amount: 1 });
    return await run({ ...options, client, limit, nextPayload });
  } finally {
    await client.close();
  }
}

/** @returns the lines that the talk prints before the run */
export function stressHeading(profile: StressProfile, sizes: StressSizes): string {
  const { invocations, parallel, workers, threads } = sized(profile, sizes);
  const batches = Math.ceil(invocations / parallel);
  const shape = `${shownParallel(parallel)} parallel x ${batches} iterations`;
  return [
    `Testing Chapter ${profile.chapter}: ${profile.name} - ${short(invocations)} Invocations (${shape})`,
    "",
    `Total invocations: ${count(invocations)}`,
    `Parallel requests per batch: ${count(parallel)}`,
    `Number of batches: ${count(batches)}`,
    ...(workers === 1 ? [] : workersHeading({ workers, threads, parallel }, batches)),
  ].join("\n");
}

function workersHeading(
  { workers, threads, parallel }: Pick<StressProfile, "workers" | "threads" | "parallel">,
  batches: number,
): string[] {
  const each = Math.ceil(parallel / workers);
  return [
    `Number of workers: ${workers}`,
    "",
    `Starting ${workers} workers...`,
    `Each worker handles ${count(each)} parallel calls per iteration, for ${count(batches)} iterations`,
    threads === undefined
      ? `Created ${workers} worker(s)`
      : `Created ${workers} worker(s) in ${threads} thread(s)`,
  ];
}

/** `10K` for 10,000 and `1M` for 1,000,000, as the talk writes them. */
function short(value: number): string {
  if (value >= 1_000_000 && value % 1_000_000 === 0) return `${value / 1_000_000}M`;
  return value >= 1_000 && value % 1_000 === 0 ? `${value / 1_000}K` : String(value);
}

/** `1000`, but `10,000`: the talk's own two spellings. */
function shownParallel(parallel: number): string {
  return parallel < 10_000 ? String(parallel) : count(parallel);
}

function sized(profile: StressProfile, sizes: StressSizes): StressProfile {
  const parallel = Math.min(sizes.parallel ?? profile.parallel, sizes.invocations ?? profile.invocations);
  const asked = sizes.threads ?? profile.threads;
  const threads = asked === undefined ? undefined : Math.min(asked, parallel);
  return {
    ...profile,
    invocations: sizes.invocations ?? profile.invocations,
    parallel,
    accounts: sizes.accounts ?? profile.accounts,
    workers: Math.min(Math.max(profile.workers, threads ?? 1), parallel),
    threads,
  };
}
