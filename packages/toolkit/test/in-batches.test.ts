import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pool } from "pg";
import { type BatchProgress, inBatches } from "../src/index.ts";
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

test("a range that meets a conflict is run again", async () => {
  const row = "WHERE tenant = 'b' AND at = timestamptz '2026-01-01' + interval '1 microsecond'";
  const rival = await pool.connect();
  await rival.query("BEGIN");
  await rival.query(`UPDATE item SET state = 'rival' ${row}`);
  const retries: string[] = [];
  // The rival commits while the first range is under way: the range's own transaction opens before and ends after.
  const changing = inBatches(
    pool,
    {
      action: "update",
      table: "item",
      key: ["tenant", "at"],
      set: "n = 100, state = pg_sleep(0.3)::text",
      where: `tenant = 'b' AND at <= timestamptz '2026-01-01' + interval '1 microsecond'`,
    },
    { onRetry: ({ conflict }) => retries.push(conflict) },
  );
  setTimeout(() => {
    void rival.query("COMMIT").finally(() => {
      rival.release();
    });
  }, 100);
  assert.equal((await changing).rows, 1);
  assert.deepEqual(retries, ["OC000"]);
});
