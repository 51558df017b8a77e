/** How many rows a statement has changed, and what large values it has written by the way. */
import type { Statement } from "../../sql/index.ts";
import type { Requester } from "../../backend/index.ts";

/** Rows that a command tag reports as changed: `INSERT 0 3`, `UPDATE 3`, `DELETE 3`, `COPY 3`. */
export function changedRowsOf(tag: string): number {
  const match = /^(?:INSERT \d+|UPDATE|DELETE|COPY) (\d+)$/.exec(tag);
  return match === null ? 0 : Number(match[1]);
}

/** Rows that a statement has changed by its command tag: COPY … TO STDOUT has the tag of one that reads rows in. */
export function changedRowsBy({ kind }: Pick<Statement, "kind">, tag: string): number {
  return kind === "write" ? changedRowsOf(tag) : 0;
}

export interface ChangedSoFar {
  /** Rows, with those that foreign keys, data-modifying CTEs and functions have changed. */
  readonly rows: number;
  /** Pieces of large values, which PostgreSQL keeps apart from their rows. */
  readonly pieces: number;
  readonly tables: readonly TouchedTable[];
}

/** A table in which rows have changed. */
export interface TouchedTable {
  readonly schema: string;
  readonly name: string;
  /** Rows have come, or have other values. */
  readonly hasGained: boolean;
  /** Rows are gone, or had other values. */
  readonly hasLost: boolean;
}

/** A piece of a large value takes at most so many bytes: TOAST_MAX_CHUNK_SIZE with pages of 8 kB. */
export const pieceBytesMax = 1_996;

/**
 * What the backend has changed so far by PostgreSQL's own statistics. Only the difference of two answers within one
 * transaction means something: what earlier transactions have changed may still be in it, also in the list of tables.
 */
export async function changedSoFar(hold: Requester): Promise<ChangedSoFar> {
  const { rows } = await hold.request(
    `SELECT pg_catalog.sum(ins + upd + del) FILTER (WHERE relkind = 'r'),
            pg_catalog.sum(ins) FILTER (WHERE relkind = 't'),
            pg_catalog.json_agg(pg_catalog.json_build_object(
              'schema', nspname, 'name', relname, 'hasGained', ins + upd > 0, 'hasLost', upd + del > 0
            )) FILTER (WHERE relkind = 'r' AND ins + upd + del > 0)
     FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace,
       LATERAL (SELECT pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
                       pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)) AS changed(ins, upd, del)
     WHERE relkind IN ('r', 't') AND c.oid >= 16384`,
  );
  const [changed, pieces, tables] = rows[0] ?? [];
  return {
    rows: Number(changed ?? 0),
    pieces: Number(pieces ?? 0),
    tables: JSON.parse(tables ?? "[]") as readonly TouchedTable[],
  };
}

/** @returns the tables into which the backend has written large values, as far as its statistics go back */
export async function tablesWithPieces(
  hold: Requester,
): Promise<readonly { readonly schema: string; readonly name: string }[]> {
  const { rows } = await hold.request(
    `SELECT n.nspname, c.relname
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND pg_catalog.pg_stat_get_xact_tuples_inserted(c.reltoastrelid) > 0 AND c.oid >= 16384`,
  );
  return rows.map(([schema, name]) => ({ schema: schema ?? "", name: name ?? "" }));
}
