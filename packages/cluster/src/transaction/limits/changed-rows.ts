/** How many rows a statement has changed. */
import type { Requester } from "../backend/request.ts";

/** Rows that a command tag reports as changed: `INSERT 0 3`, `UPDATE 3`, `DELETE 3`, `COPY 3`. */
export function changedRowsOf(tag: string): number {
  const match = /^(?:INSERT \d+|UPDATE|DELETE|COPY) (\d+)$/.exec(tag);
  return match === null ? 0 : Number(match[1]);
}

/**
 * Rows that the backend has changed so far by PostgreSQL's own statistics, with those that foreign keys, data-modifying
 * CTEs and functions have changed. Only the difference of two answers within one transaction means something: what
 * earlier transactions have changed may still be in it.
 */
export async function changedSoFar(hold: Requester): Promise<number> {
  const { rows } = await hold.request(
    `SELECT sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid))
     FROM pg_catalog.pg_class WHERE relkind = 'r' AND oid >= 16384`,
  );
  return Number(rows[0]?.[0] ?? 0);
}
