/** A table may have no column, or none that can be written: its rows are inserted, counted, deleted and redone all the same. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster, within } from "./running-cluster.ts";

const tables = ["bare", "dropped", "generated"];

let running: RunningCluster;
/** Of one test: one that fails leaves its block to nobody. */
let client: pg.Client;

before(async () => {
  running = await runCluster();
  client = await running.connect();
  await client.query("CREATE TABLE bare ()");
  await client.query("CREATE TABLE dropped (gone int)");
  await client.query("ALTER TABLE dropped DROP COLUMN gone");
  await client.query("CREATE TABLE generated (one int GENERATED ALWAYS AS (1) STORED)");
  await client.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await client.query("INSERT INTO account VALUES (1, 100)");
});
beforeEach(async () => {
  client = await running.connect();
  for (const table of tables) await client.query(`DELETE FROM ${table}`);
});
afterEach(() => client.end());
after(() => running.stop());

async function rowsOf(table: string, session = client): Promise<number | null> {
  return (await session.query(`SELECT FROM ${table}`)).rowCount;
}

for (const table of tables) {
  test(`${table}: rows come and go`, async () => {
    assert.equal((await client.query(`INSERT INTO ${table} DEFAULT VALUES`)).rowCount, 1);
    assert.equal(
      (await client.query(`INSERT INTO ${table} DEFAULT VALUES RETURNING 7 AS seven`)).rowCount,
      1,
    );
    assert.equal((await client.query(`INSERT INTO ${table} SELECT FROM generate_series(1, 3)`)).rowCount, 3);
    assert.equal(await rowsOf(table), 5);
    assert.equal((await client.query(`DELETE FROM ${table}`)).rowCount, 5);
    await client.query("BEGIN");
    await client.query(`INSERT INTO ${table} DEFAULT VALUES`);
    await client.query("ROLLBACK");
    assert.equal(await rowsOf(table), 0);
  });

  test(`${table}: what was written is written again after its transaction had to make room`, async () => {
    await client.query("BEGIN");
    await client.query("UPDATE account SET balance = 0 WHERE id = 1");
    await client.query(`INSERT INTO ${table} DEFAULT VALUES`);
    // How many is known only once it has run, so the rows themselves are kept.
    await client.query(`INSERT INTO ${table} SELECT FROM generate_series(1, 2 + floor(random())::int)`);
    const rival = await running.connect();
    await rival.query("BEGIN");
    await within("the other does not wait", () => rival.query("UPDATE account SET balance = 1 WHERE id = 1"));
    await rival.query("ROLLBACK");
    assert.equal(await rowsOf(table), 3);
    await client.query("COMMIT");
    assert.equal(await rowsOf(table, rival), 3);
    await client.query(`DELETE FROM ${table}`);
    await rival.end();
  });

  test(`${table}: a transaction that has lost still sees its own rows`, async () => {
    await client.query(`INSERT INTO ${table} DEFAULT VALUES`);
    await client.query("BEGIN");
    await client.query("UPDATE account SET balance = balance + 1 WHERE id = 1");
    await client.query(`INSERT INTO ${table} DEFAULT VALUES`);
    const rival = await running.connect();
    await within("the other does not wait", () =>
      rival.query("UPDATE account SET balance = balance + 2 WHERE id = 1"),
    );
    assert.equal(await rowsOf(table), 2);
    assert.equal((await client.query(`INSERT INTO ${table} DEFAULT VALUES`)).rowCount, 1);
    assert.equal(await rowsOf(table), 3);
    const moved = `WITH gone AS (DELETE FROM ${table} RETURNING 1) SELECT count(*)::int AS gone FROM gone`;
    assert.deepEqual((await client.query(moved)).rows, [{ gone: 3 }]);
    assert.equal(await rowsOf(table), 0);
    assert.equal((await client.query(`INSERT INTO ${table} DEFAULT VALUES`)).rowCount, 1);
    assert.equal((await client.query(`DELETE FROM ${table}`)).rowCount, 1);
    await assert.rejects(client.query("COMMIT"), { code: "40001" });
    assert.equal(await rowsOf(table), 1);
    await client.query(`DELETE FROM ${table}`);
    await rival.end();
  });
}
