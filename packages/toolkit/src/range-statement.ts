/** The statement of `inBatches()`: a page of a range of keys, found and changed at once. */
import { UsageError } from "./errors.ts";
import { quoteIdentifier, quoteTable } from "./identifiers.ts";
import type { Transaction } from "./transaction.ts";

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

/** Keys above `after`, which is empty for the first, up to `upTo` if it is given; each column as text. */
export interface KeyRange {
  readonly after: readonly string[];
  readonly upTo?: readonly string[];
}

/** What was changed at the beginning of a range. */
export interface Page {
  readonly rows: number;
  readonly lastKey: readonly string[];
  /** Nothing is left in the range. */
  readonly isLast: boolean;
}

/** Counts are bigint, which node-postgres gives as text. */
interface PageRow {
  readonly found: string;
  readonly changed: string;
  readonly last_key: string[] | null;
}

/**
 * Finds a page of keys and changes its rows, in one statement and so in one snapshot and one round trip. Keys travel as
 * text and are read as the columns' own types: none is rounded on its way through JavaScript.
 */
export class RangeStatement {
  readonly #rowsMax: number;
  readonly #change: BatchChange;
  readonly #columns: readonly string[];

  constructor(change: BatchChange, rowsMax: number) {
    const key = typeof change.key === "string" ? [change.key] : change.key;
    if (key.length === 0) throw new UsageError("a key has at least one column");
    this.#rowsMax = rowsMax;
    this.#change = change;
    this.#columns = key.map(quoteIdentifier);
  }

  /** Changes the first rows of the range. @returns undefined if it has none */
  async change(tx: Transaction, range: KeyRange): Promise<Page | undefined> {
    const { rows } = await tx.query<PageRow>(this.#changing(range));
    const [page] = rows;
    if (page === undefined || page.last_key === null) return undefined;
    return {
      rows: Number(page.changed),
      lastKey: page.last_key,
      isLast: Number(page.found) < this.#rowsMax || page.last_key.join("\0") === range.upTo?.join("\0"),
    };
  }

  /** @returns the key at which a full page behind `after` ends; undefined if what is left is less than one */
  async end(tx: Transaction, after: readonly string[]): Promise<readonly string[] | undefined> {
    const keys = this.#columns.map((column) => `target.${column}`).join(", ");
    const text = `
      SELECT ${this.#asTexts(this.#columns.map((column) => `target.${column}`))} AS last_key
      FROM ${quoteTable(this.#change.table)} AS target ${this.#where({ after })}
      ORDER BY ${keys} OFFSET ${this.#rowsMax - 1} LIMIT 1`;
    const { rows } = await tx.query<{ last_key: string[] }>({ text, values: this.#values({ after }) });
    return rows[0]?.last_key;
  }

  #changing(range: KeyRange): { text: string; values: unknown[] } {
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
    const text = `
      WITH page AS (
        SELECT ${found} FROM ${table} AS target ${this.#where(range)} ORDER BY ${names.join(", ")} LIMIT ${this.#rowsMax}
      ), changed AS (${change})
      SELECT (SELECT count(*) FROM page) AS found, (SELECT count(*) FROM changed) AS changed,
             (SELECT ${this.#asTexts(names)} FROM page ORDER BY ${order} LIMIT 1) AS last_key`;
    return { text, values: this.#values(range) };
  }

  #asTexts(keys: readonly string[]): string {
    return `ARRAY[${keys.map((key) => `${key}::text`).join(", ")}]`;
  }

  #values({ after, upTo = [] }: KeyRange): unknown[] {
    return [...(this.#change.values ?? []), ...after, ...upTo];
  }

  /** The parameters that it names are those of {@link #values}. */
  #where({ after, upTo = [] }: KeyRange): string {
    const { where, values = [] } = this.#change;
    const key = this.#columns.map((column) => `target.${column}`).join(", ");
    const places = (from: number, bound: readonly string[]): string =>
      bound.map((_, index) => `$${from + index + 1}`).join(", ");
    const conditions = [
      ...(where === undefined ? [] : [`(${where})`]),
      ...(after.length === 0 ? [] : [`(${key}) > (${places(values.length, after)})`]),
      ...(upTo.length === 0 ? [] : [`(${key}) <= (${places(values.length + after.length, upTo)})`]),
    ];
    return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  }
}
