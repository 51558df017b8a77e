/** What a transaction came to, told to the metrics of whoever wants it; for `transaction()` and the ORM adapters alike. */
import process from "node:process";
import { OutcomeUnknownError } from "./errors.ts";

/** Told to `onEnd`: the outcome of one call of `transaction()`, its retries included, in milliseconds. */
export interface TransactionEnd {
  readonly outcome: "committed" | "failed" | "unknown";
  readonly attempts: number;
  readonly durationMs: number;
}

/** Told once per call, whatever came of it. What it throws is a warning of the process: the outcome stands. */
export type OnEnd = ((end: TransactionEnd) => void) | undefined;

/**
 * @param work - one call, its retries included; it notes each attempt by its number
 * @returns what `work` returns, once `onEnd` has been told
 */
export async function tellingEnd<Result>(
  onEnd: OnEnd,
  work: (noteAttempt: (attempt: number) => void) => Promise<Result>,
): Promise<Result> {
  const startedMs = performance.now();
  let attempts = 0;
  let outcome: TransactionEnd["outcome"] = "failed";
  try {
    const result = await work((attempt) => {
      attempts = attempt;
    });
    outcome = "committed";
    return result;
  } catch (error) {
    if (error instanceof OutcomeUnknownError) outcome = "unknown";
    throw error;
  } finally {
    tell(onEnd, { outcome, attempts, durationMs: performance.now() - startedMs });
  }
}

/** A hook that fails must not make a committed transaction look as if it had failed: somebody would run it again. */
function tell(onEnd: OnEnd, end: TransactionEnd): void {
  try {
    onEnd?.(end);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
