/**
 * Invocations that nobody waits for (`InvocationType: Event`): run at once, and again after a function error.
 *
 * Two retries, one and two minutes later, under the same request id; an event that finds no free concurrency is tried
 * again each second. At the bound of waiting events a further one is refused. Waiting events end with the process,
 * unlike in AWS, where the queue is durable.
 *
 * Source: AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously".
 */

import type { Log } from "@dsql-local/cluster";
import { tooManyRequests } from "./errors.ts";
import { eventAgeMsMax, eventRetryDelaysMs, eventsWaitingMax, eventThrottledDelayMs } from "./limits.ts";

export type AttemptResult = "succeeded" | "failed" | "throttled";

export interface QueuedEvent {
  readonly functionName: string;
  readonly requestId: string;
  attempt(): Promise<AttemptResult>;
}

export interface EventDelays {
  /** One for each retry. */
  readonly retriesMs: readonly number[];
  readonly throttledMs: number;
}

const defaultDelays: EventDelays = { retriesMs: eventRetryDelaysMs, throttledMs: eventThrottledDelayMs };

export class EventQueue {
  readonly #log: Log;
  readonly #delays: EventDelays;
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting = 0;
  #isStopped = false;

  constructor(log: Log, delays: EventDelays = defaultDelays) {
    this.#log = log;
    this.#delays = delays;
  }

  /** @throws {ServiceError} TooManyRequestsException: `eventsWaitingMax` events wait already */
  add(event: QueuedEvent): void {
    if (this.#waiting >= eventsWaitingMax) throw tooManyRequests("CallerRateLimitExceeded");
    this.#waiting += 1;
    this.#later(0, () => this.#run(event, { retries: 0, sinceMs: performance.now() }));
  }

  async #run(event: QueuedEvent, history: { retries: number; sinceMs: number }): Promise<void> {
    const result = await event.attempt();
    const retryDelayMs = this.#delays.retriesMs[history.retries];
    const ageMs = performance.now() - history.sinceMs;
    if (result === "failed" && retryDelayMs !== undefined) {
      this.#later(retryDelayMs, () => this.#run(event, { ...history, retries: history.retries + 1 }));
    } else if (result === "throttled" && ageMs < eventAgeMsMax) {
      this.#later(this.#delays.throttledMs, () => this.#run(event, history));
    } else {
      this.#waiting -= 1;
      if (result === "succeeded") return;
      const { functionName, requestId } = event;
      this.#log({ event: "lambda.event-dropped", functionName, requestId, retries: history.retries, ageMs });
    }
  }

  #later(delayMs: number, run: () => Promise<void>): void {
    if (this.#isStopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void run();
    }, delayMs);
    this.#timers.add(timer);
  }

  /** Drops what waits. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
