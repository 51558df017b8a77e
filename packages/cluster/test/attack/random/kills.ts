/** PostgreSQL is killed while clients commit: what a client heard of is there, once, and nothing is half there. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Cluster } from "../../../src/index.ts";

export interface KillTally {
  readonly kills: number;
  readonly acknowledged: number;
}

const writers = 4;
const startMsMax = 120_000;

/** @throws {Error} an acknowledged commit is gone, or half of a transaction is there */
export async function killWhileCommitting(
  cluster: Cluster,
  dataDir: string,
  options: { readonly kills: number; readonly round: number },
): Promise<KillTally> {
  const table = `killed_${options.round}`;
  const pool = new pg.Pool({ ...cluster.connection(), max: writers + 1, connectionTimeoutMillis: 60_000 });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  try {
    await pool.query(
      `CREATE TABLE ${table} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), pair int NOT NULL)`,
    );
    const acknowledged: number[] = [];
    const state = { isOver: false, next: 1 };
    const all = Promise.all(Array.from({ length: writers }, () => write(pool, table, state, acknowledged)));
    for (let kill = 0; kill < options.kills; kill++) {
      const before = acknowledged.length;
      const until = performance.now() + startMsMax;
      while (acknowledged.length < before + 20) {
        if (performance.now() > until) throw new Error(`no commit is acknowledged after kill ${kill}`);
        await delay(10);
      }
      await killPostgres(dataDir);
    }
    state.isOver = true;
    await all;
    const rows = await served(() => pairsOf(pool, table));
    judge(rows, acknowledged);
    await served(() => pool.query(`DROP TABLE IF EXISTS ${table}`));
    return { kills: options.kills, acknowledged: acknowledged.length };
  } finally {
    await pool.end();
  }
}

/** A pair is two rows of one transaction. */
async function write(
  pool: pg.Pool,
  table: string,
  state: { isOver: boolean; next: number },
  acknowledged: number[],
): Promise<void> {
  while (!state.isOver) {
    const pair = state.next++;
    const client = await pool.connect().catch(() => undefined);
    if (client === undefined) continue;
    try {
      await client.query("BEGIN");
      await client.query(`INSERT INTO ${table} (pair) VALUES ($1)`, [pair]);
      await client.query(`INSERT INTO ${table} (pair) VALUES ($1)`, [pair]);
      await client.query("COMMIT");
      acknowledged.push(pair);
      client.release();
    } catch (error) {
      client.release(error as Error);
    }
  }
}

async function killPostgres(dataDir: string): Promise<void> {
  const file = await readFile(path.join(dataDir, "postgres", "postmaster.pid"), "utf8").catch(
    () => undefined,
  );
  const pid = Number(file?.split("\n")[0] ?? 0);
  if (pid > 0) process.kill(pid, "SIGKILL");
}

/** Until it is answered: PostgreSQL was killed a moment ago, and its processes may still serve for another moment. */
async function served<Result>(ask: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + startMsMax;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > until) throw error;
      await delay(50);
    }
  }
}

interface Pair {
  readonly pair: number;
  /** Of its rows. */
  readonly count: number;
}

async function pairsOf(pool: pg.Pool, table: string): Promise<readonly Pair[]> {
  const { rows } = await pool.query<Pair>(`SELECT pair, count(*)::int AS count FROM ${table} GROUP BY pair`);
  return rows;
}

function judge(rows: readonly Pair[], acknowledged: readonly number[]): void {
  const found = new Map(rows.map(({ pair, count }) => [pair, count]));
  const half = rows.filter(({ count }) => count !== 2);
  const lost = acknowledged.filter((pair) => !found.has(pair));
  if (half.length > 0) throw new Error(`${half.length} transactions are half there`);
  if (lost.length > 0) throw new Error(`${lost.length} acknowledged commits are gone`);
}
