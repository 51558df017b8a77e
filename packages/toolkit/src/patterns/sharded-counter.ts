/**
 * A counter that many may add to at once: its value is the sum of several rows, and each addition takes one at random.
 *
 * Two transactions that add to the same row conflict, however short they are. With `n` shards and `m` additions under
 * way at once an addition meets another in about `m / n` of the cases; take several times as many shards as writers.
 *
 * For sums that must be exact and bounded at every moment (an account's balance, a stock) this is the wrong tool: there
 * the conflict is what keeps the promise.
 *
 * Source: Development Guide, "AVOID Hot Keys"; https://marc-bowes.com/dsql-avoid-hot-keys.html
 * Measured: bench/hot-keys.bench.ts.
 */
import { randomInt } from "node:crypto";
import { UsageError } from "../errors.ts";
import { quoteTable } from "../identifiers.ts";
import type { Queryable } from "./queryable.ts";

const tableDefault = "sharded_counter";

/** @returns the SQL of the table that {@link ShardedCounter} needs; run it once when you set up */
export function shardedCounterTable(table: string | readonly string[] = tableDefault): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (
    name text, shard integer, amount bigint NOT NULL, PRIMARY KEY (name, shard))`;
}

/** A counter divided into rows, so that writers seldom meet: each adds to one of them, the value is their sum. */
export class ShardedCounter {
  readonly #name: string;
  readonly #shards: number;
  readonly #table: string;

  /** @param options.shards - may grow later, and shrink too: shards that are no longer chosen still count */
  constructor(name: string, options: { shards?: number; table?: string | readonly string[] } = {}) {
    this.#name = name;
    this.#shards = options.shards ?? 64;
    this.#table = quoteTable(options.table ?? tableDefault);
    if (!(Number.isInteger(this.#shards) && this.#shards >= 1))
      throw new UsageError("a counter has a shard at least");
  }

  async add(tx: Queryable, amount: bigint | number): Promise<void> {
    await tx.query(
      `INSERT INTO ${this.#table} AS counter (name, shard, amount) VALUES ($1, $2, $3)
       ON CONFLICT (name, shard) DO UPDATE SET amount = counter.amount + EXCLUDED.amount`,
      [this.#name, randomInt(this.#shards), amount.toString()],
    );
  }

  /** Reads every shard; of its snapshot, so no addition is counted by half. */
  async value(tx: Queryable): Promise<bigint> {
    const { rows } = await tx.query<{ sum: string | null }>(
      `SELECT sum(amount) FROM ${this.#table} WHERE name = $1`,
      [this.#name],
    );
    return BigInt(rows[0]?.sum ?? 0);
  }
}
