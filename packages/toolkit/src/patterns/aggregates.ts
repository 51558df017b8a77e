/**
 * A total that is only ever appended to: each change is a row of its own with a random key, so no two of them conflict.
 * The total is the sum of the rows; `compact` replaces many of them by one with their sum, at any time, while others append.
 *
 * Source: Development Guide, "Compute aggregates via queries"; https://marc-bowes.com/dsql-avoid-hot-keys.html
 * Measured: bench/hot-keys.bench.ts.
 */
import { checkedBounds } from "../batch.ts";
import { quoteTable } from "../identifiers.ts";
import type { Queryable } from "./queryable.ts";

const tableDefault = "append_only_total";

/** @returns the SQL of the table that {@link AppendOnlyTotal} needs; run it once when you set up */
export function appendOnlyTable(table: string | readonly string[] = tableDefault): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (
    name text, id uuid DEFAULT gen_random_uuid(), amount numeric(38, 6) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, id))`;
}

/** A sum that many add to without meeting: each addition is a row of its own, `compact()` folds them now and then. */
export class AppendOnlyTotal {
  readonly #name: string;
  readonly #table: string;

  constructor(name: string, options: { table?: string | readonly string[] } = {}) {
    this.#name = name;
    this.#table = quoteTable(options.table ?? tableDefault);
  }

  /** @param amount - decimals as text: a JavaScript number would round them */
  async append(tx: Queryable, amount: bigint | number | string): Promise<void> {
    await tx.query(`INSERT INTO ${this.#table} (name, amount) VALUES ($1, $2)`, [this.#name, String(amount)]);
  }

  /** @returns the exact sum, as text */
  async total(tx: Queryable): Promise<string> {
    const { rows } = await tx.query<{ total: string }>(
      `SELECT coalesce(sum(amount), 0)::text AS total FROM ${this.#table} WHERE name = $1`,
      [this.#name],
    );
    return rows[0]?.total ?? "0";
  }

  /**
   * Run it in a transaction now and then, until it returns 0 or 1. Two that compact at once conflict, and one is repeated.
   *
   * @returns rows replaced
   */
  async compact(tx: Queryable, options: { rowsMax?: number } = {}): Promise<number> {
    // One row of the transaction's 3,000 is the sum.
    const rowsMax = checkedBounds({ rowsMax: options.rowsMax }).rowsMax - 1;
    const { rows } = await tx.query<{ amount: string }>(
      `DELETE FROM ${this.#table} WHERE name = $1 AND id IN (
         SELECT id FROM ${this.#table} WHERE name = $1 ORDER BY id LIMIT ${rowsMax})
       RETURNING amount::text AS amount`,
      [this.#name],
    );
    if (rows.length === 0) return 0;
    await tx.query(
      `INSERT INTO ${this.#table} (name, amount) SELECT $1, sum(part) FROM unnest($2::numeric[]) AS part`,
      [this.#name, rows.map(({ amount }) => amount)],
    );
    return rows.length;
  }
}
