/**
 * An end to work that takes too long. Aurora DSQL has no statement_timeout, and neither a cancel request nor
 * pg_cancel_backend stops a statement: all that a client can do is to close the connection.
 */
import type { PoolClient } from "pg";
import { OutcomeUnknownError } from "../errors.ts";
import type { TransactionPool } from "../transaction.ts";

/** The connection was closed; a transaction that had not come to COMMIT has changed nothing. */
export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
  /** SQLSTATE query_canceled. */
  readonly code = "57014";

  constructor(timeoutMs: number, options: { cause?: unknown } = {}) {
    super(`the call took longer than ${timeoutMs / 1_000} s and was ended`, options);
  }
}

/**
 * @param limit - the time, and what ends the work before it is over
 * @param work - uses the pool it is given and no other
 * @throws {TimeLimitError} it was not done in time, or the signal ended it
 * @throws {OutcomeUnknownError} the time was over while COMMIT was under way
 */
export async function withTimeLimit<Result>(
  pool: TransactionPool,
  limit: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  work: (pool: TransactionPool) => Promise<Result>,
): Promise<Result> {
  const { timeoutMs, signal } = limit;
  let isOver = false;
  let inUse: PoolClient | undefined;
  const stop = (): void => {
    isOver = true;
    // With a statement under way this closes the socket at once.
    inUse?.end().catch(() => undefined);
  };
  const timer = setTimeout(stop, timeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  const guarded: TransactionPool = {
    connect: async () => {
      const client = await pool.connect();
      if (isOver) {
        client.release();
        throw new TimeLimitError(timeoutMs);
      }
      inUse = client;
      return client;
    },
  };
  try {
    return await work(guarded);
  } catch (error) {
    if (!isOver || error instanceof OutcomeUnknownError || error instanceof TimeLimitError) throw error;
    throw new TimeLimitError(timeoutMs, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
