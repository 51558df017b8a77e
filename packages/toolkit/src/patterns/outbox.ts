/**
 * Outbox: a message to the world outside is a row of the same transaction as the change that it tells of, and is sent
 * afterwards. So a transaction that is rolled back or repeated sends nothing twice, and one that is committed is told.
 *
 * Messages are delivered at least once, in no order: the receiver drops an id it has seen. Several relays may run, each
 * with buckets of its own. (`FOR UPDATE SKIP LOCKED` skips nothing in DSQL: all relays would take the same rows, and all but
 * one of them would fail at COMMIT.)
 */
import { randomInt } from "node:crypto";
import { UsageError } from "../errors.ts";
import { quoteTable } from "../identifiers.ts";
import { transaction, type TransactionPool } from "../transaction.ts";
import { uuidV4 } from "./keys.ts";
import type { Queryable } from "./queryable.ts";

/** What a relay hands to the sender. Receivers drop an `id` that they have seen. */
export interface OutboxMessage {
  readonly id: string;
  readonly topic: string;
  /** What was given to {@link Outbox.add}, through JSON. */
  readonly payload: unknown;
}

/** Relays at most that can share the work. */
const buckets = 64;

const tableDefault = "outbox";

/** The bucket leads the key: writes spread, and a relay reads a range. */
export function outboxTable(table: string | readonly string[] = tableDefault): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (
    bucket integer, id uuid, topic text NOT NULL, payload text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (bucket, id))`;
}

/** Messages that are committed with the change they tell of, and sent afterwards: at least once, in no order. */
export class Outbox {
  readonly #table: string;

  constructor(options: { table?: string | readonly string[] } = {}) {
    this.#table = quoteTable(options.table ?? tableDefault);
  }

  /** @returns the message's id */
  async add(tx: Queryable, topic: string, payload: unknown): Promise<string> {
    const id = uuidV4();
    await tx.query(`INSERT INTO ${this.#table} (bucket, id, topic, payload) VALUES ($1, $2, $3, $4)`, [
      randomInt(buckets),
      id,
      topic,
      JSON.stringify(payload ?? null),
    ]);
    return id;
  }

  /**
   * Sends messages and removes them. Nothing is removed unless `send` has taken it; what was sent and could not be removed
   * is sent again.
   *
   * @param send - gets some messages and resolves when they are safe where they go
   * @param share - this relay's part: `{ relay: 0, relays: 4 }` is the first of four
   * @returns messages sent; call again at once while it is not 0
   * @throws {UsageError} there is no such share
   */
  async relay(
    pool: TransactionPool & Queryable,
    send: (messages: readonly OutboxMessage[]) => Promise<void>,
    share: { relay?: number; relays?: number; messagesMax?: number } = {},
  ): Promise<number> {
    const { messagesMax = 100 } = share;
    const { rows } = await pool.query<{ bucket: number; id: string; topic: string; payload: string }>(
      `SELECT bucket, id, topic, payload FROM ${this.#table} WHERE bucket = ANY ($1::integer[]) ORDER BY bucket, id LIMIT $2`,
      [bucketsOf(share), messagesMax],
    );
    if (rows.length === 0) return 0;
    await send(
      rows.map(({ id, topic, payload }) => ({ id, topic, payload: JSON.parse(payload) as unknown })),
    );
    await transaction(pool, (tx) =>
      tx.query(
        `DELETE FROM ${this.#table} AS message USING unnest($1::integer[], $2::uuid[]) AS sent(bucket, id)
         WHERE message.bucket = sent.bucket AND message.id = sent.id`,
        [rows.map(({ bucket }) => bucket), rows.map(({ id }) => id)],
      ),
    );
    return rows.length;
  }
}

/** By their numbers, as the key begins with them: a condition that is computed would read every relay's rows. */
function bucketsOf({ relay = 0, relays = 1 }: { relay?: number; relays?: number }): number[] {
  const own = Array.from({ length: buckets }, (_, bucket) => bucket).filter(
    (bucket) => bucket % relays === relay,
  );
  if (own.length === 0)
    throw new UsageError(`relays share ${buckets} buckets: relay lies below relays, and both are whole`);
  return own;
}
