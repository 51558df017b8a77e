/**
 * Invocations that nobody waits for (`InvocationType: Event`): run at once, and again after a function error.
 *
 * Two retries, one and two minutes later, under the same request id, or fewer where the function says so; an event that
 * finds no free concurrency is tried again each second, until it is too old. At the bound of waiting events a further one is refused. Waiting events end with the process,
 * unlike in AWS, where the queue is durable.
 *
 * Source: AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously".
 */

import type { Log } from "@dsql-local/cluster";
import { tooManyRequests } from "../errors.ts";
import { eventAgeMsMax, eventRetryDelaysMs, eventsWaitingMax, eventThrottledDelayMs } from "../limits.ts";

export type AttemptResult = "succeeded" | "failed" | "throttled";

export interface QueuedEvent {
  readonly functionName: string;
  readonly requestId: string;
  /** As many as there are delays for, unless given. */
  readonly retriesMax?: number;
  /** `eventAgeMsMax` unless given. */
  readonly ageMsMax?: number;
  attempt(): Promise<AttemptResult>;
  /** Hears how it ended, once. */
  ended?(end: EventEnd): void;
}

/** In Lambda's words for what a destination is told. */
export interface EventEnd {
  readonly condition: "Success" | "RetriesExhausted" | "EventAgeExceeded";
  readonly attempts: number;
}

export interface EventDelays {
  /** One for each retry. */
  readonly retriesMs: readonly number[];
  readonly throttledMs: number;
}

interface EndedRun {
  readonly result: AttemptResult;
  readonly isTooOld: boolean;
  readonly retries: number;
  readonly ageMs: number;
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
    const { retries } = history;
    const retryDelayMs =
      retries < (event.retriesMax ?? Infinity) ? this.#delays.retriesMs[retries] : undefined;
    const ageMs = performance.now() - history.sinceMs;
    const isTooOld = ageMs >= (event.ageMsMax ?? eventAgeMsMax);
    if (result === "failed" && retryDelayMs !== undefined && !isTooOld) {
      this.#later(retryDelayMs, () => this.#run(event, { ...history, retries: retries + 1 }));
    } else if (result === "throttled" && !isTooOld) {
      this.#later(this.#delays.throttledMs, () => this.#run(event, history));
    } else {
      this.#waiting -= 1;
      this.#end(event, { result, isTooOld, retries, ageMs });
    }
  }

  #end(event: QueuedEvent, { result, isTooOld, retries, ageMs }: EndedRun): void {
    const attempts = retries + 1;
    if (result === "succeeded") {
      event.ended?.({ condition: "Success", attempts });
      return;
    }
    const { functionName, requestId } = event;
    this.#log({ event: "lambda.event-dropped", functionName, requestId, retries, ageMs });
    event.ended?.({ condition: isTooOld ? "EventAgeExceeded" : "RetriesExhausted", attempts });
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
