/**
 * Retry of conflicts: how often, how long, with which pauses. Knows nothing of SQL; `transaction.ts` and the ORM
 * adapters say what one attempt is.
 *
 * Promises
 * - Only a conflict (40001, OC000, OC001) is retried, and always by running the whole attempt again.
 * - Pauses grow exponentially to a cap and are drawn from zero up ("full jitter"), so that those who collided once do
 *   not collide again at the same moment.
 * - It ends: by attempts, by deadline, or because the budget shared with others is used up.
 *
 * Source of the defaults: AWS's own advice disagrees with itself (3 attempts of 1–100 ms in the node-postgres connector,
 * 100 ms–5 s in the Go one, 5 × 50 ms–5 s in the DSQL skill). A transfer takes some 20 ms, and the first retry of an
 * OC001 always passes, so pauses start at the length of one transaction and more attempts are allowed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { conflictOf, type ConflictCode, RetriesExhaustedError, type RetryEnd, UsageError } from "./errors.ts";

/** Told to `onRetry` before the pause. Times are milliseconds. */
export interface RetryEvent {
  /** The attempt that has just failed; the first is 1. */
  readonly attempt: number;
  readonly conflict: ConflictCode | "40001";
  /** The pause before the next attempt. */
  readonly delayMs: number;
  readonly elapsedMs: number;
  readonly error: unknown;
}

/** What AWS Lambda hands to a handler, as far as it is needed here. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** How long, how often and how fast conflicts are retried. */
export interface RetryOptions {
  /** Attempts in all, the first included; 10 by default. */
  readonly attempts?: number | undefined;
  /** No attempt starts later than this after the call; 30,000 by default. One that runs is not interrupted. */
  readonly deadlineMs?: number | undefined;
  /** Cap of the first pause; it doubles with each attempt. 20 by default. */
  readonly delayMsFirst?: number | undefined;
  /** Cap of every pause; 2,000 by default. */
  readonly delayMsMax?: number | undefined;
  /** The deadline is then at most the remaining time of the invocation, less a second to answer in. */
  readonly lambdaContext?: LambdaContext | undefined;
  /** Ends the waiting; an attempt under way is finished. */
  readonly signal?: AbortSignal | undefined;
  readonly budget?: RetryBudget | undefined;
  /** Told before each pause. What it throws ends the retrying. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
  /** From 0 up to 1; `Math.random` by default. */
  readonly random?: (() => number) | undefined;
}

/** Of `transaction()` and the adapters for ORMs. */
export const retryDefaults = {
  attempts: 10,
  deadlineMs: 30_000,
  delayMsFirst: 20,
  delayMsMax: 2_000,
  /** An invocation that Lambda cuts off tells its caller nothing. */
  lambdaReserveMs: 1_000,
} as const;

/**
 * What all transactions of a pool may spend on retries together. A retry takes one, a transaction that commits at its
 * first attempt gives one back. If nearly everything conflicts the budget empties, and the load on the database falls
 * to one attempt per call instead of ten.
 */
export class RetryBudget {
  readonly #capacity: number;
  #left: number;

  constructor(options: { capacity?: number } = {}) {
    this.#capacity = options.capacity ?? 1_000;
    this.#left = this.#capacity;
  }

  get left(): number {
    return this.#left;
  }

  take(): boolean {
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  giveBack(): void {
    this.#left = Math.min(this.#capacity, this.#left + 1);
  }
}

/**
 * Runs `attempt` until it meets no conflict.
 *
 * @param attempt - one whole transaction, from BEGIN to COMMIT; its argument counts from 1
 * @throws {RetriesExhaustedError} attempts, deadline or budget ended it; the last conflict is its `cause`
 * @throws whatever else `attempt` throws, at once
 */
export async function retryConflicts<Result>(
  attempt: (number: number) => Promise<Result>,
  options: RetryOptions = {},
): Promise<Result> {
  const plan = new RetryPlan(options);
  for (let number = 1; ; number++) {
    try {
      const result = await attempt(number);
      if (number === 1) options.budget?.giveBack();
      return result;
    } catch (error) {
      const conflict = conflictOf(error);
      if (conflict === undefined) throw error;
      await plan.pause({ attempt: number, conflict, error });
    }
  }
}

/** When the next attempt starts, or why there is none. */
export class RetryPlan {
  readonly #options: RetryOptions;
  readonly #attemptsMax: number;
  readonly #startedMs = performance.now();
  readonly #endsMs: number;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#attemptsMax = options.attempts ?? retryDefaults.attempts;
    if (!(this.#attemptsMax >= 1)) throw new UsageError("attempts must be at least 1");
    this.#endsMs = this.#startedMs + allowedMs(options);
  }

  /** @returns once the next attempt may start. @throws {RetriesExhaustedError} */
  async pause(failed: Pick<RetryEvent, "attempt" | "conflict" | "error">): Promise<void> {
    const delayMs = this.delayMs(failed.attempt);
    const reason = this.#endAfter(failed.attempt, delayMs);
    if (reason !== undefined) {
      throw new RetriesExhaustedError({ reason, attempts: failed.attempt, cause: failed.error });
    }
    const { onRetry, signal } = this.#options;
    onRetry?.({ ...failed, delayMs, elapsedMs: performance.now() - this.#startedMs });
    try {
      await sleep(delayMs, undefined, signal && { signal });
    } catch {
      throw new RetriesExhaustedError({ reason: "aborted", attempts: failed.attempt, cause: failed.error });
    }
  }

  /** Full jitter: anything from zero to a cap that doubles with each attempt. */
  delayMs(attempt: number): number {
    const { delayMsFirst, delayMsMax } = this.#options;
    const cap = (delayMsFirst ?? retryDefaults.delayMsFirst) * 2 ** (attempt - 1);
    const random = this.#options.random ?? Math.random;
    return random() * Math.min(cap, delayMsMax ?? retryDefaults.delayMsMax);
  }

  get remainingMs(): number {
    return this.#endsMs - performance.now();
  }

  #endAfter(attempt: number, delayMs: number): RetryEnd | undefined {
    if (this.#options.signal?.aborted === true) return "aborted";
    if (attempt >= this.#attemptsMax) return "attempts";
    if (delayMs >= this.remainingMs) return "deadline";
    // Asked last: what another bound refuses must not cost the others anything.
    if (this.#options.budget?.take() === false) return "budget";
    return undefined;
  }
}

function allowedMs(options: RetryOptions): number {
  const deadlineMs = options.deadlineMs ?? retryDefaults.deadlineMs;
  const lambdaMs = options.lambdaContext?.getRemainingTimeInMillis() ?? Infinity;
  return Math.min(deadlineMs, lambdaMs - retryDefaults.lambdaReserveMs);
}
