/**
 * UPDATE and DELETE of any number of rows, a range of keys at a time, each range in a transaction of its own.
 *
 *     await inBatches(pool, { action: "delete", table: "session", key: "id", where: "expires_at < $1", values: [now] });
 *
 * Promises
 * - A range holds at most `rowsMax` of the rows that match, found and changed in one snapshot.
 * - Every row that matches when its range comes is changed once; the ranges follow the key upwards, so rows that are
 *   added meanwhile below are not seen.
 * - It stops between two ranges as well as it starts there: `afterKey` goes on where `onProgress` last said.
 *
 * The whole is not one transaction. Others see it half done, and what was done stays done if it ends early.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 */
import { checkedBounds } from "./batch.ts";
import { UsageError } from "./errors.ts";
import { quoteIdentifier, quoteTable } from "./identifiers.ts";
import {
  type Transaction,
  transaction,
  type TransactionOptions,
  type TransactionPool,
} from "./transaction.ts";

interface Selection {
  readonly table: string | readonly string[];
  /** Columns of the primary key, or of another unique key without NULL, in its order. */
  readonly key: string | readonly string[];
  /** SQL condition over the table, with `$1` … for `values`; every row by default. Never built from outside input. */
  readonly where?: string | undefined;
  readonly values?: readonly unknown[] | undefined;
}

/** What `inBatches()` does to the rows of a table that a condition selects. */
export type BatchChange =
  | (Selection & { readonly action: "delete" })
  /** `set` is the SQL after SET, as `status = $1, changed_at = now()`, with the same parameters as `where`. */
  | (Selection & { readonly action: "update"; readonly set: string });

/** What is committed so far. */
export interface BatchProgress {
  readonly rows: number;
  readonly transactions: number;
  /** The last key changed, each column as text. */
  readonly lastKey: readonly string[];
}

/** For `inBatches()`; those of `transaction()` hold for each batch. */
export interface InBatchesOptions extends TransactionOptions {
  /** 1,000 by default, 3,000 at most. */
  readonly rowsMax?: number | undefined;
  /** Starts behind this key: `lastKey` of an earlier run. */
  readonly afterKey?: readonly string[] | undefined;
  /** After each transaction. What it throws ends the run there. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
}

/**
 * @returns rows changed in all, and the key to go on from
 * @throws what {@link transaction} throws. After an OutcomeUnknownError run it again from `afterKey` if the change may be
 *   done twice (a DELETE, or `status = 'x'`); if not (`n = n + 1`), look first.
 */
export async function inBatches(
  pool: TransactionPool,
  change: BatchChange,
  options: InBatchesOptions = {},
): Promise<BatchProgress> {
  const { rowsMax } = checkedBounds({ rowsMax: options.rowsMax });
  const statement = new RangeStatement(change, rowsMax);
  let progress: BatchProgress = { rows: 0, transactions: 0, lastKey: options.afterKey ?? [] };
  for (;;) {
    const { lastKey } = progress;
    const range = await transaction(pool, (tx) => changeRange(tx, statement, lastKey), options);
    if (range === undefined) return progress;
    progress = {
      rows: progress.rows + range.rows,
      transactions: progress.transactions + 1,
      lastKey: range.lastKey,
    };
    options.onProgress?.(progress);
    if (range.isLast) return progress;
  }
}

interface Range {
  readonly rows: number;
  readonly lastKey: readonly string[];
  readonly isLast: boolean;
}

async function changeRange(
  tx: Transaction,
  statement: RangeStatement,
  afterKey: readonly string[],
): Promise<Range | undefined> {
  const { rows } = await tx.query<RangeRow>(statement.after(afterKey));
  const [range] = rows;
  if (range === undefined || range.last_key === null) return undefined;
  return {
    rows: Number(range.changed),
    lastKey: range.last_key,
    isLast: Number(range.found) < statement.rowsMax,
  };
}

/** Counts are bigint, which node-postgres gives as text. */
interface RangeRow {
  readonly found: string;
  readonly changed: string;
  readonly last_key: string[] | null;
}

/**
 * Finds a range of keys and changes its rows, in one statement and so in one snapshot and one round trip. Keys travel as
 * text and are read as the columns' own types: none is rounded on its way through JavaScript.
 */
class RangeStatement {
  readonly rowsMax: number;
  readonly #change: BatchChange;
  readonly #columns: readonly string[];

  constructor(change: BatchChange, rowsMax: number) {
    const key = typeof change.key === "string" ? [change.key] : change.key;
    if (key.length === 0) throw new UsageError("a key has at least one column");
    this.rowsMax = rowsMax;
    this.#change = change;
    this.#columns = key.map(quoteIdentifier);
  }

  after(afterKey: readonly string[]): { text: string; values: unknown[] } {
    const table = quoteTable(this.#change.table);
    const columns = this.#columns;
    // Names of our own, so that the caller's `set` and `where` can mean nothing but the table's columns.
    const names = columns.map((_, index) => `dsql_key_${index}`);
    const found = columns.map((column, index) => `target.${column} AS ${names[index]}`).join(", ");
    const same = columns.map((column, index) => `target.${column} = page.${names[index]}`).join(" AND ");
    const change =
      this.#change.action === "delete"
        ? `DELETE FROM ${table} AS target USING page WHERE ${same} RETURNING 1`
        : `UPDATE ${table} AS target SET ${this.#change.set} FROM page WHERE ${same} RETURNING 1`;
    const order = names.map((name) => `${name} DESC`).join(", ");
    const lastKey = `ARRAY[${names.map((name) => `${name}::text`).join(", ")}]`;
    const text = `
      WITH page AS (
        SELECT ${found} FROM ${table} AS target ${this.#where(afterKey)} ORDER BY ${names.join(", ")} LIMIT ${this.rowsMax}
      ), changed AS (${change})
      SELECT (SELECT count(*) FROM page) AS found, (SELECT count(*) FROM changed) AS changed,
             (SELECT ${lastKey} FROM page ORDER BY ${order} LIMIT 1) AS last_key`;
    return { text, values: [...(this.#change.values ?? []), ...afterKey] };
  }

  #where(afterKey: readonly string[]): string {
    const { where, values } = this.#change;
    const first = (values?.length ?? 0) + 1;
    const places = afterKey.map((_, index) => `$${first + index}`).join(", ");
    const key = this.#columns.map((column) => `target.${column}`).join(", ");
    const conditions = [
      ...(where === undefined ? [] : [`(${where})`]),
      ...(afterKey.length === 0 ? [] : [`(${key}) > (${places})`]),
    ];
    return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  }
}
