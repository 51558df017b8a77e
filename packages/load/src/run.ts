/**
 * Runs a load test: a schedule says when calls start, a workload what they ask for, and a report what came of them.
 *
 * The run ends when every call that was started has ended, also after an abort: a call that is cut off would leave its
 * transfer unknown.
 */
import type { AdaptiveLimit } from "./adaptive-limit.ts";
import { type Counts, type Recent, meanMs } from "./counts.ts";
import type { LambdaClient } from "./invocation/index.ts";
import type { Report } from "./report.ts";
import { type Schedule, runSchedule } from "./schedule.ts";
import { Tally } from "./tally.ts";

/** How far a run is. Times are milliseconds. */
export interface Progress extends Counts {
  /** Calls of the whole run. */
  readonly callsPlanned: number;
  readonly elapsedMs: number;
  /** No further progress follows. */
  readonly isOver: boolean;
  /** Mean time that callers waited, of the calls that ended since the progress before; undefined where none did. */
  readonly recentMs: number | undefined;
}

/** Who hears of a run, and who ends it. */
export interface Audience {
  /** Called at the beginning, every `progressIntervalMs`, and at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly progressIntervalMs?: number | undefined;
  /** Ends the run early. The calls under way are awaited and reported. */
  readonly signal?: AbortSignal | undefined;
}

/** Whose calls they are, and what they ask for. */
export interface Calls {
  readonly client: Pick<LambdaClient, "invoke">;
  readonly schedule: Schedule;
  /** Where fewer calls may be under way than the schedule would start; the others wait for their turn. */
  readonly limit?: AdaptiveLimit | undefined;
  /** @returns the payload of the next call */
  readonly nextPayload: () => object;
}

/** For {@link run}. */
export interface RunOptions extends Calls, Audience {}

/** Ten times a second looks alive and costs nothing. */
export const progressIntervalMsDefault = 100;

/**
 * Makes the calls of a schedule.
 * @returns what came of them; a call that fails is counted, not thrown
 */
export async function run(options: RunOptions): Promise<Report> {
  const tally = new Tally();
  return await reported(options.schedule, options, {
    counts: () => tally.counts(),
    takeRecent: () => tally.takeRecent(),
    finish: async () => {
      await makeCalls(tally, options, options.signal);
      return tally;
    },
  });
}

/** Calls that are being made, by this thread or by others. */
export interface CallsUnderWay {
  counts(): Counts;
  takeRecent(): Recent;
  /** @returns what came of all of them, when the last has ended */
  finish(): Promise<Tally>;
}

/** Tells the audience how far the calls are until the last has ended. @returns what came of them */
export async function reported(
  schedule: Schedule,
  { onProgress, progressIntervalMs = progressIntervalMsDefault, signal }: Audience,
  calls: CallsUnderWay,
): Promise<Report> {
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  const announce = (isOver: boolean): void =>
    onProgress?.({
      ...calls.counts(),
      callsPlanned: schedule.calls,
      elapsedMs: elapsedMs(),
      isOver,
      recentMs: meanMs(calls.takeRecent()),
    });

  announce(false);
  const timer = setInterval(() => announce(false), progressIntervalMs);
  const tally = await calls.finish().finally(() => clearInterval(timer));
  announce(true);
  return {
    ...tally.counts(),
    ...tally.times(),
    schedule,
    elapsedMs: elapsedMs(),
    wasAborted: signal?.aborted === true,
    errorBreakdown: tally.errorBreakdown(),
  };
}

/** Makes the calls of a schedule, or those before the signal, and counts what came of them. */
export async function makeCalls(
  tally: Tally,
  { client, schedule, limit, nextPayload }: Calls,
  signal?: AbortSignal,
): Promise<void> {
  const call = async (): Promise<void> => {
    // Waiting for a turn is part of what the caller feels.
    const calledAt = performance.now();
    await limit?.enter();
    if (limit !== undefined && signal?.aborted === true) return limit.leave();
    const invocation = await client.invoke(nextPayload(), signal);
    limit?.leave();
    tally.add(invocation, performance.now() - calledAt);
  };
  await runSchedule(schedule, call, signal);
}
