/**
 * When an invocation is sent again, and how long to wait before.
 *
 * This is about Lambda and the network between; a conflict in the database is the function's own business.
 * The waits are those of the AWS SDKs: random up to a bound that doubles ("full jitter"), so that callers who were
 * refused together do not come back together.
 *
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
import type { RawAnswer } from "./answer.ts";
import type { TransportError } from "./transport.ts";

/** What came of sending a request once. */
export type Attempt = RawAnswer | TransportError;

export type RetryReason =
  /** Too many invocations at a time: Lambda did not start the function. */
  | "throttled"
  /** The request did not leave, so nothing has happened. */
  | "unsent"
  /** No answer, or an error of Lambda itself: the function may have run, and may now run twice. */
  | "unanswered";

// The SDKs stop after three attempts for any reason. A load test means to reach the limit of concurrency, so it waits
// longer before it calls that a failure.
const attemptsMax: Readonly<Record<RetryReason, number>> = { throttled: 10, unsent: 3, unanswered: 3 };

const waitMsFirst: Readonly<Record<RetryReason, number>> = { throttled: 500, unsent: 100, unanswered: 100 };
const waitMsMax = 20_000;

/** @returns why to send again, or undefined where the answer stands */
export function retryReason(attempt: Attempt): RetryReason | undefined {
  if (attempt instanceof Error) {
    // A function that has not answered in all that time would not do so the second time.
    if (attempt.code === "UND_ERR_HEADERS_TIMEOUT" || attempt.code === "UND_ERR_BODY_TIMEOUT")
      return undefined;
    return attempt.wasSent ? "unanswered" : "unsent";
  }
  if (attempt.status === 429) return "throttled";
  return attempt.status >= 500 ? "unanswered" : undefined;
}

/**
 * @param attempts - made so far
 * @param fraction - random, from 0 to 1
 * @returns milliseconds to wait before the next attempt, or undefined where there were enough
 */
export function retryWaitMs(reason: RetryReason, attempts: number, fraction: number): number | undefined {
  if (attempts >= attemptsMax[reason]) return undefined;
  return fraction * Math.min(waitMsMax, waitMsFirst[reason] * 2 ** (attempts - 1));
}
