/** The statements of a migration's run that stand outside of a transaction block. */
import type { Pool, QueryResultRow } from "pg";
import { retryConflicts } from "../retry.ts";

/** A statement in a transaction of its own, again when the schema has just changed. */
export async function autocommit<Found extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Found[]> {
  return await retryConflicts(async () => (await pool.query<Found>(text, [...values])).rows);
}
