/** A committed catalog change as other sessions meet it, in both reaches that were measured of the service. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

/** Changes reach their table. */
let byTable: RunningCluster;
/** Changes reach the whole cluster. */
let byCluster: RunningCluster;
let number = 0;
let table = "";
let other = "";

before(async () => {
  byTable = await runCluster();
  byCluster = await runCluster({ oc001: "cluster" });
});
after(async () => {
  await byTable.stop();
  await byCluster.stop();
});
beforeEach(() => {
  number += 1;
  table = `changed_${number}`;
  other = `other_${number}`;
});

const schemaConflict = { code: "40001", message: "schema has been updated by another transaction (OC001)" };

/** A session that has made two tables, and one that has seen them both as they are. */
async function sessions(running: RunningCluster): Promise<{ changer: pg.Client; user: pg.Client }> {
  const changer = await running.connect();
  await changer.query(`CREATE TABLE ${table} (id int PRIMARY KEY, n int)`);
  await changer.query(`CREATE TABLE ${other} (id int PRIMARY KEY, n int)`);
  const user = await running.connect();
  await user.query(`SELECT * FROM ${table}, ${other}`);
  return { changer, user };
}

/** Reads the table until what has changed of it was heard, or must have been. @returns the errors on the way */
async function conflictsHeard(user: pg.Client): Promise<unknown[]> {
  const heard: unknown[] = [];
  // Who waits for a job may hear of its end a moment before everybody else.
  for (let attempt = 1; attempt <= 20 && heard.length === 0; attempt++) {
    await user.query(`SELECT * FROM ${table}`).catch((error: unknown) => heard.push(error));
    await sleep(50);
  }
  await user.query(`SELECT * FROM ${table}`).catch((error: unknown) => heard.push(error));
  return heard;
}

const changes: readonly (readonly [string, () => string])[] = [
  ["ALTER TABLE", () => `ALTER TABLE ${table} ADD COLUMN more int`],
  ["GRANT", () => `GRANT SELECT ON ${table} TO reader`],
  ["REVOKE", () => `REVOKE SELECT ON ${table} FROM reader`],
];

for (const [name, change] of changes) {
  test(`a session that has not looked since ${name} hears of it once, at its next statement`, async () => {
    const { changer, user } = await sessions(byTable);
    await changer.query("CREATE ROLE reader WITH LOGIN").catch(() => undefined);
    await changer.query(change());
    assert.deepEqual((await user.query(`SELECT * FROM ${other}`)).rows, []);
    await assert.rejects(user.query(`SELECT * FROM ${table}`), schemaConflict);
    assert.deepEqual((await user.query(`SELECT * FROM ${table}`)).rows, []);
    assert.deepEqual(
      (await changer.query(`SELECT * FROM ${table}`)).rows,
      [],
      "its own change is no news to it",
    );
  });
}

test("a block that begins after the change hears of it at its first statement, READ ONLY or not", async () => {
  for (const begin of ["BEGIN", "BEGIN READ ONLY"]) {
    const { changer, user } = await sessions(byTable);
    await changer.query(`ALTER TABLE ${table} ADD COLUMN more int`);
    await user.query(begin);
    await assert.rejects(user.query(`SELECT * FROM ${table}`), schemaConflict);
    await assert.rejects(user.query(`SELECT * FROM ${table}`), { code: "25P02" });
    await user.query("ROLLBACK");
    await user.query(begin);
    await user.query(`SELECT * FROM ${table}`);
    assert.equal((await user.query("COMMIT")).command, "COMMIT");
    await changer.query(`DROP TABLE ${table}`);
    await changer.query(`DROP TABLE ${other}`);
  }
});

test("a block that begins after the change hears of it where it comes to that table, be it not the first statement", async () => {
  const { changer, user } = await sessions(byTable);
  await changer.query(`ALTER TABLE ${table} ADD COLUMN more int`);
  await user.query("BEGIN");
  await user.query(`SELECT * FROM ${other}`);
  await assert.rejects(user.query(`SELECT * FROM ${table}`), schemaConflict);
  await user.query("ROLLBACK");
  assert.deepEqual((await user.query(`SELECT * FROM ${table}`)).rows, []);
});

test("a block under which the change lands hears of it at COMMIT, and the retry passes", async () => {
  for (const statement of [() => `SELECT * FROM ${table}`, () => `INSERT INTO ${table} VALUES (1, 1)`]) {
    const { changer, user } = await sessions(byTable);
    await user.query("BEGIN");
    await user.query(statement());
    await changer.query(`ALTER TABLE ${table} ADD COLUMN more int`);
    await user.query(`SELECT * FROM ${other}`);
    await assert.rejects(user.query("COMMIT"), schemaConflict);
    await user.query("BEGIN");
    await user.query(statement());
    await user.query("COMMIT");
    await changer.query(`DROP TABLE ${table}`);
    await changer.query(`DROP TABLE ${other}`);
  }
});

test("the end of an index build is a change of its table", async () => {
  const { changer, user } = await sessions(byTable);
  const { rows } = await changer.query<{ job_id: string }>(`CREATE INDEX ASYNC ON ${table} (n)`);
  await assert.rejects(user.query(`SELECT * FROM ${table}`), schemaConflict);
  await changer.query("CALL sys.wait_for_job($1)", [rows[0]?.job_id]);
  const heard = await conflictsHeard(user);
  assert.ok(heard.length <= 1, "the end of the build is heard once, unless it came with its beginning");
  assert.deepEqual((await user.query(`SELECT * FROM ${table}`)).rows, []);
});

const nothing: readonly (() => string)[] = [
  () => "DROP TABLE IF EXISTS no_such_table",
  () => `CREATE TABLE IF NOT EXISTS ${table} (id int PRIMARY KEY)`,
  () => `CREATE INDEX ASYNC IF NOT EXISTS ${table}_n ON ${table} (n)`,
  () => "DROP VIEW IF EXISTS no_such_view",
];

test("DDL that finds nothing to do changes nothing for others", async () => {
  for (const running of [byTable, byCluster]) {
    number += 1;
    table = `changed_${number}`;
    other = `other_${number}`;
    const { changer, user } = await sessions(running);
    const { rows } = await changer.query<{ job_id: string }>(`CREATE INDEX ASYNC ${table}_n ON ${table} (n)`);
    await changer.query("CALL sys.wait_for_job($1)", [rows[0]?.job_id]);
    await conflictsHeard(user);
    await conflictsHeard(changer);
    for (const ddl of nothing) {
      await user.query("BEGIN");
      await user.query(`INSERT INTO ${table} VALUES (1, 1)`);
      await changer.query(ddl());
      await user.query(`SELECT * FROM ${table}`);
      assert.equal((await user.query("COMMIT")).command, "COMMIT", ddl());
      await user.query(`DELETE FROM ${table}`);
    }
  }
});

test("where changes reach the whole cluster, a new table is news to every session, once", async () => {
  const { changer, user } = await sessions(byCluster);
  await changer.query(`CREATE TABLE ${table}_new (id int)`);
  await assert.rejects(user.query(`SELECT * FROM ${other}`), schemaConflict);
  assert.deepEqual((await user.query(`SELECT * FROM ${other}`)).rows, []);
  await changer.query(`DROP TABLE ${table}_new`);
  await assert.rejects(user.query(`CREATE TABLE ${table}_more (id int)`), schemaConflict);
  await user.query(`CREATE TABLE ${table}_more (id int)`);
});

test("where changes reach the whole cluster, an open block loses to any of them", async () => {
  const { changer, user } = await sessions(byCluster);
  await user.query("BEGIN");
  await user.query(`INSERT INTO ${other} VALUES (1, 1)`);
  await changer.query(`ALTER TABLE ${table} ADD COLUMN more int`);
  await assert.rejects(user.query("COMMIT"), schemaConflict);
  const { rows } = await user.query(`SELECT * FROM ${other}`);
  assert.deepEqual(rows, []);
});

test("where changes reach their table, a new table is no news to anyone", async () => {
  const { changer, user } = await sessions(byTable);
  await user.query("BEGIN");
  await user.query(`INSERT INTO ${other} VALUES (1, 1)`);
  await changer.query(`CREATE TABLE ${table}_new (id int)`);
  await changer.query(`ALTER TABLE ${table} ADD COLUMN more int`);
  assert.equal((await user.query("COMMIT")).command, "COMMIT");
});
