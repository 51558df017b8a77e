/** Those who wait for a job: callers of `sys.wait_for_job`. */
import type { Clock } from "../base/index.ts";

/** A waiter looks again after so long in any case: the job's row may have been removed meanwhile. */
const lookAgainMs = 1_000;

export class JobWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(jobId: string): void {
    for (const wake of this.#waiters.get(jobId) ?? []) wake();
  }

  wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
  }

  /** Resolves when the job may have changed, or the signal is given. */
  async nextChange(jobId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const waiters = this.#waiters.get(jobId) ?? new Set();
      this.#waiters.set(jobId, waiters);
      const stop = this.#clock.setTimer(lookAgainMs, () => {
        wake();
      });
      const wake = (): void => {
        stop();
        waiters.delete(wake);
        if (waiters.size === 0) this.#waiters.delete(jobId);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      waiters.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
