/**
 * Outbox: a message to the world outside is a row of the same transaction as the change that it tells of, and is sent
 * afterwards. So a transaction that is rolled back or repeated sends nothing twice, and one that is committed is told.
 *
 * Messages are delivered at least once, in no order: the receiver drops an id it has seen. Several relays may run, each
 * with buckets of its own. (`FOR UPDATE SKIP LOCKED` skips nothing in DSQL: all relays would take the same rows, and all but
 * one of them would fail at COMMIT.)
 *
 * A message that cannot be sent is tried again later and later, and the others go before it; after its last attempt it is a
 * dead letter, which stays in the table until somebody revives or discards it.
 */
import { randomInt } from "node:crypto";
import { UsageError } from "../errors.ts";
import { quoteTable } from "../identifiers.ts";
import { transaction, type TransactionPool } from "../transaction.ts";
import { uuidV4 } from "./keys.ts";
import { delayBefore, deliver, type Delivery } from "./outbox-delivery.ts";
import type { Queryable } from "./queryable.ts";

/** What a relay hands to the sender. Receivers drop an `id` that they have seen. */
export interface OutboxMessage {
  readonly id: string;
  readonly topic: string;
  /** What was given to {@link Outbox.add}, through JSON. */
  readonly payload: unknown;
}

/** A message that could not be sent. */
export interface OutboxFailure {
  readonly message: OutboxMessage;
  /** What `send` rejected with. */
  readonly error: unknown;
  /** This one counted. */
  readonly attempts: number;
  /** It was the last attempt. */
  readonly isDead: boolean;
}

/** A message that is not tried any more. */
export interface DeadLetter extends OutboxMessage {
  readonly attempts: number;
  readonly deadAt: Date;
}

/** For {@link Outbox.relay}. */
export interface OutboxRelayOptions {
  /** This relay's part: `{ relay: 0, relays: 4 }` is the first of four. */
  readonly relay?: number;
  readonly relays?: number;
  /** 100 by default; at most 3,000, the rows of a transaction. */
  readonly messagesMax?: number;
  /** After so many a message is a dead letter; 20 by default, which is about eight hours. */
  readonly attemptsMax?: number;
  /** Milliseconds until the next attempt; by default 1 s, doubled with each attempt, at most an hour. */
  readonly delayMs?: (attempts: number) => number;
  /** Told of each message that could not be sent, once that is on record: the place for a log line or an alarm. */
  readonly onFailure?: (failure: OutboxFailure) => void;
}

/** Relays at most that can share the work. */
const buckets = 64;

/** Of {@link Outbox}: messages that a relay takes at once, attempts at sending one, dead letters listed at once. */
export const outboxDefaults = { messagesMax: 100, attemptsMax: 20, deadLettersMax: 100 } as const;

const tableDefault = "outbox";

/** The bucket leads the key: writes spread, and a relay reads a range. Of a message that is not tried yet the rest is NULL. */
export function outboxTable(table: string | readonly string[] = tableDefault): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (
    bucket integer, id uuid, topic text NOT NULL, payload text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts integer, due_at timestamptz, dead_at timestamptz, PRIMARY KEY (bucket, id))`;
}

interface Row extends OutboxMessage {
  readonly bucket: number;
  readonly attempts: number;
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
   * is sent again. Messages that `send` refuses together are given to it one by one; those that it refuses alone wait.
   *
   * @param send - gets some messages and resolves when they are safe where they go
   * @returns messages sent; call again at once while it is not 0
   * @throws {UsageError} there is no such share
   * @throws what `send` rejected with, when not one message could be sent
   */
  async relay(
    pool: TransactionPool & Queryable,
    send: (messages: readonly OutboxMessage[]) => Promise<void>,
    options: OutboxRelayOptions = {},
  ): Promise<number> {
    const rows = await this.#due(pool, options);
    if (rows.length === 0) return 0;
    const delivery = await deliver(rows, (some) => send(some.map(messageOf)));
    await this.#record(pool, delivery, options);
    const [first] = delivery.failed;
    for (const { message, error } of delivery.failed) {
      const attempts = message.attempts + 1;
      const isDead = attempts >= attemptsMaxOf(options);
      options.onFailure?.({ message: messageOf(message), error, attempts, isDead });
    }
    if (first !== undefined && delivery.sent.length === 0) throw first.error;
    return delivery.sent.length;
  }

  /** @returns messages that are not tried any more, the latest first */
  async deadLetters(
    pool: Queryable,
    { messagesMax = outboxDefaults.deadLettersMax }: { messagesMax?: number } = {},
  ): Promise<DeadLetter[]> {
    const { rows } = await pool.query<Stored & { dead_at: Date }>(
      `SELECT bucket, id, topic, payload, attempts, dead_at FROM ${this.#table}
       WHERE dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT $1`,
      [messagesMax],
    );
    return rows.map((stored) => {
      const row = rowOf(stored);
      return { ...messageOf(row), attempts: row.attempts, deadAt: stored.dead_at };
    });
  }

  /** Dead letters are tried again from the beginning. @returns how many of the ids were dead letters */
  async revive(pool: TransactionPool, ids: readonly string[]): Promise<number> {
    return await this.#changeDead(
      pool,
      ids,
      (table) => `UPDATE ${table} SET attempts = NULL, due_at = NULL, dead_at = NULL`,
    );
  }

  /** Dead letters are removed for good. @returns how many of the ids were dead letters */
  async discard(pool: TransactionPool, ids: readonly string[]): Promise<number> {
    return await this.#changeDead(pool, ids, (table) => `DELETE FROM ${table}`);
  }

  async #changeDead(
    pool: TransactionPool,
    ids: readonly string[],
    change: (table: string) => string,
  ): Promise<number> {
    const condition = "WHERE id = ANY ($1::uuid[]) AND dead_at IS NOT NULL";
    const { rowCount } = await transaction(pool, (tx) =>
      tx.query(`${change(this.#table)} ${condition}`, [ids]),
    );
    return rowCount ?? 0;
  }

  async #due(pool: Queryable, options: OutboxRelayOptions): Promise<Row[]> {
    const { rows } = await pool.query<Stored>(
      `SELECT bucket, id, topic, payload, attempts FROM ${this.#table}
       WHERE bucket = ANY ($1::integer[]) AND dead_at IS NULL AND (due_at IS NULL OR due_at <= now())
       ORDER BY bucket, id LIMIT $2`,
      [bucketsOf(options), options.messagesMax ?? outboxDefaults.messagesMax],
    );
    return rows.map(rowOf);
  }

  async #record(
    pool: TransactionPool,
    { sent, failed }: Delivery<Row>,
    options: OutboxRelayOptions,
  ): Promise<void> {
    const { delayMs = delayBefore } = options;
    await transaction(pool, async (tx) => {
      if (sent.length > 0) await tx.query(this.#removal, [bucketsIn(sent), idsIn(sent)]);
      if (failed.length === 0) return;
      const rows = failed.map(({ message }) => message);
      const attempts = rows.map((row) => row.attempts + 1);
      const delays = attempts.map(delayMs);
      await tx.query(this.#deferral, [
        bucketsIn(rows),
        idsIn(rows),
        attempts,
        delays,
        attemptsMaxOf(options),
      ]);
    });
  }

  get #removal(): string {
    return `DELETE FROM ${this.#table} AS message USING unnest($1::integer[], $2::uuid[]) AS sent(bucket, id)
      WHERE message.bucket = sent.bucket AND message.id = sent.id`;
  }

  get #deferral(): string {
    return `UPDATE ${this.#table} AS message SET attempts = failed.attempts,
        due_at = now() + failed.delay_ms * interval '1 millisecond',
        dead_at = CASE WHEN failed.attempts >= $5 THEN now() END
      FROM unnest($1::integer[], $2::uuid[], $3::integer[], $4::double precision[])
        AS failed(bucket, id, attempts, delay_ms)
      WHERE message.bucket = failed.bucket AND message.id = failed.id`;
  }
}

interface Stored {
  readonly bucket: number;
  readonly id: string;
  readonly topic: string;
  readonly payload: string;
  readonly attempts: number | null;
}

const rowOf = ({ bucket, id, topic, payload, attempts }: Stored): Row => ({
  bucket,
  id,
  topic,
  payload: JSON.parse(payload) as unknown,
  attempts: attempts ?? 0,
});

const messageOf = ({ id, topic, payload }: Row): OutboxMessage => ({ id, topic, payload });
const bucketsIn = (rows: readonly Row[]): number[] => rows.map(({ bucket }) => bucket);
const idsIn = (rows: readonly Row[]): string[] => rows.map(({ id }) => id);

const attemptsMaxOf = ({ attemptsMax }: OutboxRelayOptions): number =>
  attemptsMax ?? outboxDefaults.attemptsMax;

/** By their numbers, as the key begins with them: a condition that is computed would read every relay's rows. */
function bucketsOf({ relay = 0, relays = 1 }: OutboxRelayOptions): number[] {
  const own = Array.from({ length: buckets }, (_, bucket) => bucket).filter(
    (bucket) => bucket % relays === relay,
  );
  if (own.length === 0)
    throw new UsageError(`relays share ${buckets} buckets: relay lies below relays, and both are whole`);
  return own;
}
