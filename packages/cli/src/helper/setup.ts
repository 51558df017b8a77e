/**
 * `--setup-ch06`: a million accounts of 100, by parallel workers in batches that fit into a transaction.
 *
 * What is there already stays as it is, so an interrupted setup is taken up where it stopped: each batch is inserted in
 * a transaction of its own, and a batch whose accounts all exist is skipped.
 */
import { count } from "@dsql-local/load";
import { limits } from "@dsql-local/spec";
import type pg from "pg";
import { type IdRange, batches, divide } from "./account-ranges.ts";
import { clusterPool, withCluster } from "./cluster.ts";
import { missingTable } from "./missing-table.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { SetupDisplay } from "./setup-display.ts";

export const setupDefaults = { accounts: 1_000_000, workers: 128 } as const;

const openingBalance = 100;

/** A conflict with another setup, or with a transfer, costs a batch one attempt. */
const attemptsMax = 10;

export async function setUpAccounts(chapter: 4 | 6, options: HelperOptions): Promise<Outcome> {
  const { screen, signal, environment } = options;
  const accounts = options.accounts ?? setupDefaults.accounts;
  const startedAt = performance.now();
  screen.write(`Setting up Chapter ${chapter}: Creating ${short(accounts)} accounts\n\n`);

  const before = await withCluster(environment, readAccounts);
  screen.write(`Current account count: ${count(before.count)}\n`);
  const missing = Math.max(0, accounts - before.count);
  const inserted = missing === 0 ? 0 : await insertMissing(before, accounts, { ...options, missing });

  const after = missing === 0 ? before : await withCluster(environment, readAccounts);
  const facts = { chapter, accountsBefore: before.count, inserted, accounts: after.count };
  const elapsedMs = Math.round(performance.now() - startedAt);
  if (signal.aborted) {
    screen.write(`\nInterrupted after ${count(inserted)} accounts. Run it again to insert the others.\n`);
    return { isPassed: false, facts: { ...facts, elapsedMs } };
  }
  screen.write(`\n✅ Chapter ${chapter} setup complete\n`);
  return { isPassed: true, facts: { ...facts, elapsedMs } };
}

interface AccountIds {
  readonly count: number;
  /** The accounts 1 to this exist; 0 where nobody looked closer. */
  readonly contiguousTo: number;
}

async function readAccounts(client: pg.ClientBase): Promise<AccountIds> {
  const { rows } = await client
    .query<{ count: string; least: number | null; greatest: number | null }>(
      "SELECT count(*) AS count, min(id) AS least, max(id) AS greatest FROM accounts",
    )
    .catch(missingTable);
  const [found] = rows;
  const ids = Number(found?.count ?? 0);
  const isContiguous = found?.least === 1 && found.greatest === ids;
  return { count: ids, contiguousTo: isContiguous ? ids : 0 };
}

interface Work extends HelperOptions {
  readonly missing: number;
}

/** @returns how many were inserted */
async function insertMissing(before: AccountIds, accounts: number, work: Work): Promise<number> {
  const { screen, missing, signal, environment } = work;
  screen.write(`Inserting ${count(missing)} more accounts to reach ${count(accounts)}...\n`);
  const ranges = divide(
    { first: before.contiguousTo + 1, last: accounts },
    work.workers ?? setupDefaults.workers,
  );
  // One that fails stops the others after their batch, so that nothing goes on behind the error message.
  const failing = new AbortController();
  const stopping = AbortSignal.any([signal, failing.signal]);
  const pool = clusterPool(environment, ranges.length);
  const display = new SetupDisplay(
    screen,
    ranges.map(({ first, last }) => last - first + 1),
  );
  const results = await Promise.allSettled(
    ranges.map(async (range, worker) => {
      try {
        return await insertRange(range, { pool, display, worker, signal: stopping });
      } catch (error) {
        failing.abort();
        throw error;
      }
    }),
  );
  display.end();
  await pool.end();
  for (const result of results) if (result.status === "rejected") throw result.reason;
  if (!signal.aborted) screen.write("Account insertion complete!\n");
  return results.reduce((sum, result) => sum + (result.status === "fulfilled" ? result.value : 0), 0);
}

interface Worker {
  readonly pool: pg.Pool;
  readonly display: SetupDisplay;
  /** Counted from 0. */
  readonly worker: number;
  readonly signal: AbortSignal;
}

/** @returns how many were inserted; fewer than there are ids where some existed, or after the signal */
async function insertRange(range: IdRange, { pool, display, worker, signal }: Worker): Promise<number> {
  if (signal.aborted) return 0;
  const client = await pool.connect();
  let inserted = 0;
  try {
    for (const batch of batches(range, limits.rowsPerTransactionMax.value)) {
      if (signal.aborted) return inserted;
      inserted += await insertBatch(client, batch);
      display.advance(worker, batch.last - batch.first + 1);
    }
  } finally {
    client.release();
  }
  display.line(
    `  [Worker ${worker + 1}] ${done(inserted, range)} accounts ${count(range.first)} to ${count(range.last)}`,
  );
  return inserted;
}

function done(inserted: number, { first, last }: IdRange): string {
  if (inserted === last - first + 1) return "Inserted";
  return inserted === 0 ? "Skipped" : `Inserted ${count(inserted)} of`;
}

async function insertBatch(client: pg.ClientBase, { first, last }: IdRange): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await client.query<{ count: string }>(
        "SELECT count(*) AS count FROM accounts WHERE id BETWEEN $1 AND $2",
        [first, last],
      );
      if (Number(rows[0]?.count) === last - first + 1) return 0;
      const { rowCount } = await client.query(
        `INSERT INTO accounts (id, balance)
         SELECT id, ${openingBalance} FROM generate_series($1::int, $2::int) AS id
         ON CONFLICT (id) DO NOTHING`,
        [first, last],
      );
      return rowCount ?? 0;
    } catch (error) {
      if ((error as pg.DatabaseError).code !== "40001" || attempt === attemptsMax) throw error;
    }
  }
}

/** `1M`, as the talk writes it. */
function short(value: number): string {
  return value % 1_000_000 === 0 ? `${value / 1_000_000}M` : count(value);
}
