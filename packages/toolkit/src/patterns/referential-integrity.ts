/**
 * Referential integrity kept by the application.
 *
 * Since August 2026 the service has foreign keys of its own: use them where you can. These functions are for clusters and
 * schemas without them, for references between tables that a foreign key cannot express, and for cascades of more than the
 * 3,000 rows of a transaction.
 *
 * Looking is not enough. Under snapshot isolation one transaction may look for the parent while another deletes it, and
 * both commit. So the parent is locked: FOR KEY SHARE conflicts with its deletion and with nothing else.
 *
 * Source: Development Guide, "Application Referential Integrity"; the matrix of conflicts in
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-concurrency-control.html
 */
import { inBatches } from "../in-batches.ts";
import { quoteIdentifier, quoteTable } from "../identifiers.ts";
import { transaction, type TransactionOptions, type TransactionPool } from "../transaction.ts";
import type { Queryable } from "./queryable.ts";

/** One row of a table, by its key. */
export interface Reference {
  readonly table: string | readonly string[];
  /** `id` by default. */
  readonly column?: string | undefined;
  readonly value: unknown;
}

/** Rows of another table that refer to it. */
export interface Dependent {
  readonly table: string | readonly string[];
  /** The column that holds the parent's key. */
  readonly column: string;
  /** Primary key of the dependents; `id` by default. */
  readonly key?: string | readonly string[] | undefined;
}

/** There is no such parent: the row that refers to it must not be written. */
export class ParentMissingError extends Error {
  override readonly name = "ParentMissingError";
  /** As PostgreSQL's foreign keys say it. */
  readonly code = "23503";
}

/** Rows refer to it still: it must not be deleted. */
export class ReferencedError extends Error {
  override readonly name = "ReferencedError";
  readonly code = "23503";
}

/**
 * Before the INSERT or UPDATE of a dependent, in its transaction.
 *
 * @param options.lock - `FOR UPDATE` for a cluster older than August 2026: it also conflicts with plain changes of the parent
 * @throws {ParentMissingError}
 */
export async function requireParent(
  tx: Queryable,
  parent: Reference,
  options: { lock?: "FOR KEY SHARE" | "FOR UPDATE" } = {},
): Promise<void> {
  const table = quoteTable(parent.table);
  const column = quoteIdentifier(parent.column ?? "id");
  const lock = options.lock === "FOR UPDATE" ? "FOR UPDATE" : "FOR KEY SHARE";
  const { rowCount } = await tx.query(`SELECT 1 FROM ${table} WHERE ${column} = $1 ${lock}`, [parent.value]);
  if (rowCount === 0) throw new ParentMissingError(`no such row in ${table}`);
}

/**
 * Before the DELETE of a parent, in its transaction. A dependent inserted meanwhile has locked the parent, so the later of
 * the two meets a conflict and, repeated, sees the other.
 *
 * @throws {ReferencedError}
 */
export async function refuseIfReferenced(
  tx: Queryable,
  parentKey: unknown,
  dependents: readonly Dependent[],
): Promise<void> {
  for (const { table, column } of dependents) {
    const { rowCount } = await tx.query(
      `SELECT 1 FROM ${quoteTable(table)} WHERE ${quoteIdentifier(column)} = $1 LIMIT 1`,
      [parentKey],
    );
    if (rowCount !== 0) throw new ReferencedError(`rows of ${quoteTable(table)} refer to it`);
  }
}

/**
 * Deletes a row and whatever refers to it, in as many transactions as that takes: dependents first, the parent last and
 * only when nothing refers to it any more. If it ends early the parent is still there; call it again.
 *
 * @param dependents - in the order in which they are to go: grandchildren before children
 * @returns dependents deleted
 * @throws {ReferencedError} dependents were added as fast as they were deleted
 */
export async function deleteWithDependents(
  pool: TransactionPool,
  parent: Reference,
  dependents: readonly Dependent[],
  options: TransactionOptions & { readonly rowsMax?: number } = {},
): Promise<number> {
  let rows = 0;
  for (const { table, column, key = "id" } of dependents) {
    const where = `${quoteIdentifier(column)} = $1`;
    const change = { action: "delete", table, key, where, values: [parent.value] } as const;
    rows += (await inBatches(pool, change, options)).rows;
  }
  await transaction(
    pool,
    async (tx) => {
      await refuseIfReferenced(tx, parent.value, dependents);
      const column = quoteIdentifier(parent.column ?? "id");
      await tx.query(`DELETE FROM ${quoteTable(parent.table)} WHERE ${column} = $1`, [parent.value]);
    },
    options,
  );
  return rows;
}

/** @returns keys, as text, of dependents whose parent is gone: left by a program that did not ask first */
export async function orphans(
  db: Queryable,
  dependent: Dependent,
  parent: Pick<Reference, "table" | "column">,
  options: { limit?: number } = {},
): Promise<string[]> {
  const [key] = typeof dependent.key === "string" ? [dependent.key] : (dependent.key ?? ["id"]);
  const column = quoteIdentifier(dependent.column);
  const { rows } = await db.query<{ key: string }>(
    `SELECT child.${quoteIdentifier(key ?? "id")}::text AS key FROM ${quoteTable(dependent.table)} AS child
     WHERE child.${column} IS NOT NULL AND NOT EXISTS (
       SELECT FROM ${quoteTable(parent.table)} AS parent
       WHERE parent.${quoteIdentifier(parent.column ?? "id")} = child.${column})
     ORDER BY 1 LIMIT $1`,
    [options.limit ?? 100],
  );
  return rows.map((row) => row.key);
}
