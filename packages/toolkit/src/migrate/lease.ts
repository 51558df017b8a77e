/**
 * The lease: at most one runner changes the schema at a time. A row in the database, since Aurora DSQL has no advisory locks.
 *
 * - It is taken for `durationMs` by the database's clock and renewed while its holder lives; a holder that died lets go
 *   of it when that time is over.
 * - Each taking raises `fence`. Every entry in the ledger is written in a transaction that first renews the lease under
 *   its fence, so a holder that slept too long can write nothing more: it gets an error, and nothing is committed.
 * - A DDL statement cannot share a transaction with that. It is sent only while the lease has time left, and it is made
 *   so that doing it twice does no harm.
 *
 * Tests: test/migrate-lease.test.ts.
 */
import os from "node:os";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { quoteTable } from "../identifiers.ts";
import { type Transaction, transaction } from "../transaction.ts";
import { sqlstateOf } from "../errors.ts";
import { autocommit } from "./database.ts";
import { MigrationError } from "./errors.ts";

export interface LeaseOptions {
  /** Schema of the ledger. */
  readonly schema: string;
  /** How long it stays with a holder that does not renew it; 30,000 by default. */
  readonly durationMs?: number | undefined;
  /** How long another's lease is waited for; 60,000 by default, 0 not at all. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once when another holds it. */
  readonly onWait?: ((holder: string) => void) | undefined;
}

const leaseDefaults = { durationMs: 30_000, waitMs: 60_000, pollMs: 500 } as const;

interface LeaseRow {
  readonly holder: string;
  /** bigint, which node-postgres gives as text. */
  readonly fence: string;
  readonly is_free: boolean;
}

export const leaseTable = (schema: string): string => quoteTable([schema, "dsql_migration_lease"]);

export class Lease {
  readonly #pool: Pool;
  readonly #table: string;
  readonly #fence: string;
  readonly #durationMs: number;
  #timer: NodeJS.Timeout | undefined;
  #renewedAtMs: number;
  #lost: unknown;
  #transactionsUnderWay = 0;

  private constructor(pool: Pool, options: LeaseOptions, taken: { fence: string; atMs: number }) {
    this.#pool = pool;
    this.#table = leaseTable(options.schema);
    this.#fence = taken.fence;
    this.#durationMs = options.durationMs ?? leaseDefaults.durationMs;
    this.#renewedAtMs = taken.atMs;
    this.#timer = setInterval(() => void this.#renew(), this.#durationMs / 3);
    this.#timer.unref();
  }

  /** @throws {MigrationError} lease: another holds it still when the time to wait is over; interrupted */
  static async take(pool: Pool, options: LeaseOptions): Promise<Lease> {
    const endsMs = performance.now() + (options.waitMs ?? leaseDefaults.waitMs);
    for (let isFirst = true; ; isFirst = false) {
      // Before the statement: the lease is over by our clock no later than by the database's.
      const atMs = performance.now();
      const outcome = await tryToTake(pool, options);
      if ("fence" in outcome) return new Lease(pool, options, { fence: outcome.fence, atMs });
      if (isFirst) options.onWait?.(outcome.holder);
      if (options.signal?.aborted === true) throw interrupted();
      if (performance.now() >= endsMs) throw heldBy(outcome.holder);
      await sleep(leaseDefaults.pollMs, undefined, options.signal && { signal: options.signal }).catch(() => {
        throw interrupted();
      });
    }
  }

  /**
   * Runs a transaction that commits only while the lease is held.
   *
   * @throws {MigrationError} lease: another has taken it over
   */
  async transaction<Result>(run: (tx: Transaction) => Promise<Result>): Promise<Result> {
    this.#transactionsUnderWay += 1;
    try {
      const atMs = performance.now();
      const result = await transaction(this.#pool, async (tx) => {
        const { rowCount } = await tx.query(this.#renewal());
        if (rowCount === 0) throw takenOver();
        return await run(tx);
      });
      this.#renewedAtMs = atMs;
      return result;
    } finally {
      this.#transactionsUnderWay -= 1;
    }
  }

  /**
   * To be asked before a statement that cannot stand in such a transaction.
   *
   * @throws {MigrationError} lease: it may be another's by now
   */
  check(): void {
    if (this.#lost !== undefined) throw takenOver(this.#lost);
    if (performance.now() - this.#renewedAtMs > this.#durationMs) throw takenOver();
  }

  /** Lets the next one in at once. What fails here heals when the lease's time is over. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    // The fence too: a renewal that is still on its way must not take the lease again.
    const release = `UPDATE ${this.#table} SET expires_at = now(), fence = fence + 1 WHERE name = 'migrate' AND fence = $1`;
    await autocommit(this.#pool, release, [this.#fence]).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    // A transaction under way renews it too; this would only make that one lose.
    if (this.#transactionsUnderWay > 0) return;
    try {
      await this.transaction(() => Promise.resolve());
    } catch (error) {
      // A connection that broke is no reason yet: check() tells by the clock.
      if (error instanceof MigrationError) this.#lost = error;
    }
  }

  #renewal(): { text: string; values: unknown[] } {
    return {
      text: `UPDATE ${this.#table} SET expires_at = now() + $2 * interval '1 millisecond'
             WHERE name = 'migrate' AND fence = $1`,
      values: [this.#fence, this.#durationMs],
    };
  }
}

export async function createLeaseTable(pool: Pool, schema: string): Promise<void> {
  await autocommit(
    pool,
    `CREATE TABLE IF NOT EXISTS ${leaseTable(schema)} (
       name text PRIMARY KEY, holder text NOT NULL, fence bigint NOT NULL, expires_at timestamptz NOT NULL)`,
  );
}

/** Ends a lease whose holder is known to be gone. */
export async function breakLease(pool: Pool, schema: string): Promise<void> {
  await autocommit(pool, `UPDATE ${leaseTable(schema)} SET expires_at = now(), fence = fence + 1`);
}

async function tryToTake(pool: Pool, options: LeaseOptions): Promise<{ fence: string } | { holder: string }> {
  const table = leaseTable(options.schema);
  const durationMs = options.durationMs ?? leaseDefaults.durationMs;
  const holder = `${os.hostname()} process ${process.pid}`;
  try {
    return await transaction(pool, async (tx) => {
      const { rows } = await tx.query<LeaseRow>(
        `SELECT holder, fence, expires_at <= now() AS is_free FROM ${table} WHERE name = 'migrate' FOR UPDATE`,
      );
      const [row] = rows;
      if (row !== undefined && !row.is_free) return { holder: row.holder };
      const fence = String(BigInt(row?.fence ?? 0) + 1n);
      const write =
        row === undefined
          ? `INSERT INTO ${table} (name, holder, fence, expires_at)
             VALUES ('migrate', $1, $2, now() + $3 * interval '1 millisecond')`
          : `UPDATE ${table} SET holder = $1, fence = $2, expires_at = now() + $3 * interval '1 millisecond'
             WHERE name = 'migrate'`;
      await tx.query(write, [holder, fence, durationMs]);
      return { fence };
    });
  } catch (error) {
    // Another has put in the first row between our look and our INSERT.
    if (sqlstateOf(error) === "23505") return { holder: "another runner" };
    throw error;
  }
}

const heldBy = (holder: string): MigrationError =>
  new MigrationError("lease", `another run is under way: ${holder}`, {
    remedy: "Wait until it is over. If that process is gone, its lease ends by itself within half a minute.",
  });

const takenOver = (cause?: unknown): MigrationError =>
  new MigrationError("lease", "another run has taken over the lease", {
    remedy:
      "This process was held up for longer than its lease. Look with dsql migrate status, and run up again.",
    cause,
  });

export const interrupted = (): MigrationError =>
  new MigrationError("interrupted", "interrupted", { remedy: "dsql migrate up goes on from there." });
