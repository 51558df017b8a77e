/** A run whose calls are made by several threads, told and reported as if one had made them. */
import { addCounts, addRecent, noCounts, noneRecent } from "../counts.ts";
import type { InvocationTarget } from "../invocation/index.ts";
import type { Report } from "../report.ts";
import { type Audience, progressIntervalMsDefault, reported } from "../run.ts";
import { type Schedule, divideSchedule, share } from "../schedule.ts";
import { Tally } from "../tally.ts";
import { LoadThreadError } from "./load-thread-error.ts";
import { LoadThread } from "./load-thread.ts";
import type { ThreadSettings } from "./messages.ts";

/** For {@link runInThreads}: what all threads share. */
export interface ThreadRunOptions
  extends Audience, Pick<ThreadSettings, "functionName" | "qualifier" | "seed" | "accounts"> {
  readonly target: InvocationTarget;
  readonly schedule: Schedule;
  /** Calls that may be under way at first, of all threads together. */
  readonly underWayInitial: number;
}

/**
 * Makes the calls of a schedule in as many threads as it says.
 * @returns what came of them, all threads together; a call that fails is counted, not thrown
 * @throws {LoadThreadError} a thread died; the calls that the others had under way have ended by then
 * @throws what kept a thread from starting; no call was made
 */
export async function runInThreads(options: ThreadRunOptions): Promise<Report> {
  const threads = settingsOf(options).map((settings) => new LoadThread(settings));
  const abort = (): void => threads.forEach((thread) => thread.send("abort"));
  options.signal?.addEventListener("abort", abort);
  try {
    // A thread takes a moment to load, which is not the service's time.
    await Promise.all(threads.map((thread) => thread.ready));
    if (options.signal?.aborted === true) abort();
    const deaths: unknown[] = [];
    const report = await reported(options.schedule, options, {
      counts: () => threads.map(({ counts }) => counts).reduce(addCounts, noCounts),
      takeRecent: () => threads.map((thread) => thread.takeRecent()).reduce(addRecent, noneRecent),
      finish: () => finish(threads, deaths),
    });
    if (deaths.length > 0) throw new LoadThreadError(report, deaths, threads.length);
    return report;
  } finally {
    options.signal?.removeEventListener("abort", abort);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

function settingsOf(options: ThreadRunOptions): ThreadSettings[] {
  const { target, functionName, qualifier, schedule, seed, accounts, underWayInitial } = options;
  const parts = divideSchedule(schedule);
  return parts.map((part, index) => ({
    ...part,
    target: { ...target, endpoint: target.endpoint.href },
    functionName,
    qualifier,
    seed,
    accounts,
    underWay: {
      initial: Math.max(1, share(underWayInitial, parts.length, index)),
      max: part.schedule.parallel,
    },
    progressIntervalMs: options.progressIntervalMs ?? progressIntervalMsDefault,
  }));
}

/** One thread that dies ends the run, but not the calls of the others: their transfers would be unknown. */
async function finish(threads: readonly LoadThread[], deaths: unknown[]): Promise<Tally> {
  const endings = threads.map(async (thread) => {
    try {
      return await thread.done;
    } catch (error) {
      deaths.push(error);
      threads.forEach((other) => other.send("abort"));
      return thread.lastKnown();
    }
  });
  for (const thread of threads) thread.send("start");
  const tally = new Tally();
  for (const ending of endings) tally.merge(await ending);
  return tally;
}
