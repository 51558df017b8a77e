/**
 * When a function gets one more execution environment.
 *
 * An environment helps while those that are there wait, for the cluster say. It costs milliseconds of a processor to make,
 * and it makes the others dearer: each has classes of its own, made by the same code, and code that meets the objects of
 * many classes in one place runs slowly. So none is made where the processor is what everything waits for.
 *
 * Measured with chapter 6 of the tutorial: docs/performance.md, "Where the time of a call goes".
 *
 * Source: AWS Lambda Developer Guide, "Lambda function scaling".
 */
import { environmentWaitMsMax, releaseExpectedMs, stuckAfterMs } from "./limits.ts";

/** All by `performance.now()`. */
export interface Standing {
  /** Of the invocation that has waited longest. */
  readonly waitingSinceMs: number;
  /** An environment last came free. */
  readonly releasedMs: number;
  /** An environment was last made. */
  readonly madeMs: number;
  /** The event loop that would run a further one, or the one that serves the cluster, has no time left. */
  readonly isSaturated: () => boolean;
}

export function isOneMoreDue(nowMs: number, standing: Standing): boolean {
  const { waitingSinceMs, releasedMs, madeMs, isSaturated } = standing;
  const comeFree = nowMs - releasedMs < releaseExpectedMs;
  if (comeFree && nowMs - waitingSinceMs < environmentWaitMsMax) return false;
  // Those that are there may wait for what only a further one can bring: a function that invokes itself.
  const isStuck = nowMs - Math.max(releasedMs, madeMs) > stuckAfterMs;
  return isStuck || !isSaturated();
}
