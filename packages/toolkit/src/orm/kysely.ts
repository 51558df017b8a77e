/** Kysely: `db.transaction().execute()` with retry. Kysely hands on the driver's errors as they are. */
import { type AdapterOptions, runWithRetry } from "./with-retry.ts";

/** As much of a Kysely database as is needed. */
export interface KyselyDatabase<Trx> {
  transaction(): { execute<Result>(run: (trx: Trx) => Promise<Result>): Promise<Result> };
}

/**
 * `transaction()` for Kysely: runs `db.transaction().execute(run)`, again from its start after a conflict.
 * @throws RetriesExhaustedError, OutcomeUnknownError, and whatever else `run` throws, unretried
 */
export function transactionKysely<Trx, Result>(
  db: KyselyDatabase<Trx>,
  run: (trx: Trx) => Promise<Result>,
  options: AdapterOptions = {},
): Promise<Result> {
  return runWithRetry(db, (work) => db.transaction().execute(work), run, options);
}
