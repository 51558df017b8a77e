import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pool, PoolClient } from "pg";
import { type BatchProgress, inBatches, type TransactionPool } from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";

let fixture: Fixture;
let pool: Pool;
before(async () => {
  fixture = await startFixture();
  pool = fixture.pool();
  await define(
    pool,
    "CREATE TABLE item (tenant text, at timestamptz, state text, n int DEFAULT 0, PRIMARY KEY (tenant, at))",
  );
  for (const tenant of ["a", "b"]) {
    // Microseconds apart: a key that goes through a JavaScript date would skip or repeat rows.
    await pool.query(
      `INSERT INTO item (tenant, at, state) SELECT $1, timestamptz '2026-01-01' + n * interval '1 microsecond', 'new'
       FROM generate_series(1, 2500) AS n`,
      [tenant],
    );
  }
});
after(() => fixture.stop());

async function counts(): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ state: string; count: string }>(
    "SELECT state, count(*) FROM item GROUP BY 1",
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

test("an UPDATE of more than 3,000 rows goes through in ranges, each row once", async () => {
  const told: BatchProgress[] = [];
  const done = await inBatches(
    pool,
    {
      action: "update",
      table: "item",
      key: ["tenant", "at"],
      set: "state = $1, n = n + 1",
      where: "state = $2",
      values: ["old", "new"],
    },
    { onProgress: (progress) => told.push(progress) },
  );
  assert.deepEqual([done.rows, done.transactions], [5_000, 5]);
  assert.deepEqual(await counts(), { old: 5_000 });
  const { rows } = await pool.query("SELECT DISTINCT n FROM item");
  assert.deepEqual(rows, [{ n: 1 }]);
  assert.equal(told.length, 5);
});

test("a run that is ended goes on behind its last key", async () => {
  const change = { action: "update", table: "item", key: ["tenant", "at"], set: "n = n + 1" } as const;
  let last: BatchProgress | undefined;
  const ended = inBatches(pool, change, {
    onProgress: (progress) => {
      last = progress;
      if (progress.transactions === 2) throw new Error("enough");
    },
  });
  await assert.rejects(ended, /enough/);
  await inBatches(pool, change, { afterKey: last!.lastKey });
  const { rows } = await pool.query("SELECT DISTINCT n FROM item");
  assert.deepEqual(rows, [{ n: 2 }]);
});

test("a DELETE takes what matches and leaves the rest", async () => {
  const { rows } = await inBatches(
    pool,
    { action: "delete", table: "public.item", key: ["tenant", "at"], where: "tenant = $1", values: ["a"] },
    { rowsMax: 700 },
  );
  assert.equal(rows, 2_500);
  assert.deepEqual(await counts(), { old: 2_500 });
});

/** The pool, with something that happens once, between the first transaction's work and its COMMIT. */
function commitsAfter(happen: () => Promise<unknown>): TransactionPool {
  let hasHappened = false;
  const connect = async (): Promise<PoolClient> => {
    const client = await pool.connect();
    const query = client.query.bind(client) as (...parameters: unknown[]) => Promise<unknown>;
    const watched = async (...parameters: unknown[]): Promise<unknown> => {
      if (parameters[0] === "COMMIT" && !hasHappened) {
        hasHappened = true;
        await happen();
      }
      return await query(...parameters);
    };
    client.query = watched as PoolClient["query"];
    return client;
  };
  return { connect };
}

test("a range that meets a conflict is run again", async () => {
  const row = "WHERE tenant = 'b' AND at = timestamptz '2026-01-01' + interval '1 microsecond'";
  const rival = await pool.connect();
  await rival.query("BEGIN");
  await rival.query(`UPDATE item SET state = 'rival' ${row}`);
  const retries: string[] = [];
  const done = await inBatches(
    commitsAfter(() => rival.query("COMMIT")),
    {
      action: "update",
      table: "item",
      key: ["tenant", "at"],
      set: "n = 100",
      where: `tenant = 'b' AND at <= timestamptz '2026-01-01' + interval '1 microsecond'`,
    },
    { onRetry: ({ conflict }) => retries.push(conflict) },
  );
  rival.release();
  assert.equal(done.rows, 1);
  assert.deepEqual(retries, ["OC000"]);
});

/** A table of 5,000 rows with a key of its own. */
async function filled(table: string): Promise<void> {
  await define(pool, `CREATE TABLE ${table} (id int PRIMARY KEY, n int DEFAULT 0)`);
  for (const first of [1, 2501])
    await pool.query(`INSERT INTO ${table} SELECT * FROM generate_series(${first}, ${first + 2499})`);
}

test("ranges that are changed at once reach each row once", async () => {
  await filled("wide");
  const told: BatchProgress[] = [];
  const done = await inBatches(
    pool,
    { action: "update", table: "wide", key: "id", set: "n = n + 1" },
    { concurrency: 4, rowsMax: 300, onProgress: (progress) => told.push(progress) },
  );
  assert.deepEqual([done.rows, done.transactions, done.lastKey], [5_000, 17, ["5000"]]);
  const { rows } = await pool.query("SELECT DISTINCT n FROM wide");
  assert.deepEqual(rows, [{ n: 1 }]);
  const lastKeys = told.map(({ lastKey }) => Number(lastKey[0] ?? 0));
  assert.deepEqual(
    lastKeys,
    lastKeys.toSorted((left, right) => left - right),
  );
});

test("where ranges are changed at once, nothing is left below the key that was told when it ended", async () => {
  await filled("ended");
  let last: BatchProgress | undefined;
  const ended = inBatches(
    pool,
    { action: "delete", table: "ended", key: "id" },
    {
      concurrency: 3,
      rowsMax: 100,
      onProgress: (progress) => {
        last = progress;
        if (progress.transactions >= 8) throw new Error("enough");
      },
    },
  );
  await assert.rejects(ended, /enough/);
  const lastKey = last!.lastKey[0] ?? "0";
  const below = await pool.query("SELECT FROM ended WHERE id <= $1", [lastKey]);
  assert.equal(below.rowCount, 0);
  const rest = await pool.query("SELECT FROM ended");
  assert.ok(rest.rowCount! > 0);
  await inBatches(pool, { action: "delete", table: "ended", key: "id" }, { afterKey: last!.lastKey });
  assert.equal((await pool.query("SELECT FROM ended")).rowCount, 0);
});

test("a signal ends a run between two transactions", async () => {
  await filled("signalled");
  const controller = new AbortController();
  const ended = inBatches(
    pool,
    { action: "delete", table: "signalled", key: "id" },
    {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error("no more"));
      },
    },
  );
  await assert.rejects(ended, /no more/);
  assert.equal((await pool.query("SELECT FROM signalled")).rowCount, 4_000);
});
