/**
 * Drizzle: `db.transaction()` with retry. Works with every driver of Drizzle; its own errors keep the driver's in `cause`.
 *
 * Do not call `tx.transaction()` inside: it would set a savepoint, which DSQL refuses.
 */
import { type AdapterOptions, runWithRetry } from "./with-retry.ts";

/** As much of a Drizzle database as is needed. */
export interface DrizzleDatabase<Tx> {
  transaction<Result>(run: (tx: Tx) => Promise<Result>): Promise<Result>;
}

/**
 * `transaction()` for Drizzle: runs `db.transaction(run)`, again from its start after a conflict.
 * @throws RetriesExhaustedError, OutcomeUnknownError, and whatever else `run` throws, unretried
 */
export function transactionDrizzle<Tx, Result>(
  db: DrizzleDatabase<Tx>,
  run: (tx: Tx) => Promise<Result>,
  options: AdapterOptions = {},
): Promise<Result> {
  return runWithRetry(db, (work) => db.transaction(work), run, options);
}
