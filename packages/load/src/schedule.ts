/**
 * When calls start. Both schedules are closed loops: a call starts because another has ended, so a slow service is asked
 * less often. Read their times as what the callers felt, not as what visitors who come at their own pace would feel.
 *
 * - `batches`: `parallel` calls start together, and the next batch when all have ended. This is the talk's stress test.
 *   Its largest run has `workers` that do so side by side, each with its share of the calls: a slow call then holds up its
 *   own worker's next batch, not everybody's.
 * - `window`: `parallel` calls are under way at any time; each that ends starts the next.
 */
export interface Schedule {
  readonly kind: "batches" | "window";
  /** Calls in all. */
  readonly calls: number;
  /** Calls under way at a time. */
  readonly parallel: number;
  /** Of `batches`: who start theirs independently of each other. Default: 1. */
  readonly workers?: number | undefined;
  /** Worker threads that make the calls, each its share; none where the calling thread makes them itself. */
  readonly threads?: number | undefined;
}

/** What one thread does of a schedule. */
export interface SchedulePart {
  readonly schedule: Schedule;
  /** Calls of the parts before it: with them a thread knows which of the run's transfers are its own. */
  readonly callsBefore: number;
}

/**
 * Starts every call of the schedule and waits until all that started have ended. After `signal` has fired no further
 * call starts.
 *
 * @param call - must not throw: a failed call is a result, recorded by the caller
 */
export async function runSchedule(
  schedule: Schedule,
  call: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const { calls, parallel } = schedule;
  if (schedule.kind === "window") return await runWindow(calls, parallel, call, signal);
  const workers = Math.min(schedule.workers ?? 1, parallel);
  await Promise.all(
    Array.from({ length: workers }, (_, worker) =>
      runBatches(share(calls, workers, worker), share(parallel, workers, worker), call, signal),
    ),
  );
}

/**
 * Divides a schedule among its threads. A worker stays whole: its calls and its batches are the same in any number of
 * threads. Where there are fewer workers than threads, each thread gets one.
 */
export function divideSchedule({
  kind,
  calls,
  parallel,
  workers = 1,
  threads = 1,
}: Schedule): SchedulePart[] {
  const parts = Math.min(threads, parallel);
  const workersInAll = Math.min(Math.max(workers, parts), parallel);
  let firstWorker = 0;
  let callsBefore = 0;
  return Array.from({ length: parts }, (_, part) => {
    const ownWorkers = share(workersInAll, parts, part);
    const own = (whole: number): number =>
      sum(ownWorkers, (index) => share(whole, workersInAll, firstWorker + index));
    const schedule = { kind, calls: own(calls), parallel: own(parallel), workers: ownWorkers };
    const divided = { schedule, callsBefore };
    firstWorker += ownWorkers;
    callsBefore += schedule.calls;
    return divided;
  });
}

function sum(length: number, at: (index: number) => number): number {
  return Array.from({ length }, (_, index) => at(index)).reduce((total, value) => total + value, 0);
}

/** @returns what falls to one of several: the first ones have one more where it does not come out even */
export function share(whole: number, parts: number, part: number): number {
  return Math.floor(whole / parts) + (part < whole % parts ? 1 : 0);
}

async function runBatches(
  calls: number,
  parallel: number,
  call: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  for (let started = 0; started < calls && signal?.aborted !== true; started += parallel) {
    const batch = Math.min(parallel, calls - started);
    await runWindow(batch, batch, call, signal);
  }
}

async function runWindow(
  calls: number,
  parallel: number,
  call: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left > 0 && signal?.aborted !== true) {
      left--;
      await call();
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, calls) }, worker));
}
