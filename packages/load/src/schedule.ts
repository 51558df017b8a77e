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

/** @returns what falls to one of several: the first ones have one more where it does not come out even */
function share(whole: number, parts: number, part: number): number {
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
