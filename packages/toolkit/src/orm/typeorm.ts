/**
 * TypeORM: `dataSource.transaction()` with retry. TypeORM copies the driver's fields, `code` among them, onto its
 * QueryFailedError. Load entities inside the function: one that was changed in a lost attempt stays changed in memory.
 */
import { type AdapterOptions, runWithRetry } from "./with-retry.ts";

/** As much of a TypeORM data source as is needed. */
export interface TypeOrmDataSource<Manager> {
  /** Tells the manager's type: of an overloaded method, as `transaction` is, TypeScript infers from the last form only. */
  readonly manager: Manager;
  transaction<Result>(run: (manager: Manager) => Promise<Result>): Promise<Result>;
}

/**
 * `transaction()` for TypeORM: runs `dataSource.transaction(run)`, again from its start after a conflict.
 * @throws RetriesExhaustedError, OutcomeUnknownError, and whatever else `run` throws, unretried
 */
export function transactionTypeOrm<Manager, Result>(
  dataSource: TypeOrmDataSource<Manager>,
  run: (manager: Manager) => Promise<Result>,
  options: AdapterOptions = {},
): Promise<Result> {
  return runWithRetry(dataSource, (work) => dataSource.transaction(work), run, options);
}
