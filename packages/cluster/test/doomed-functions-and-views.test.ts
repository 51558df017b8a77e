/** Functions and views in a transaction that has lost: an answer is right, or the client hears at the statement that it has lost. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let admin: pg.Client;
let ana: pg.Client;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  ana = await running.connect();
  for (const sql of [
    "CREATE TABLE race (id int PRIMARY KEY, n int)",
    "CREATE TABLE account (id int PRIMARY KEY, n int)",
    "CREATE VIEW rich AS SELECT id FROM account WHERE n >= 10",
    "CREATE VIEW richest AS SELECT max(id) AS id FROM rich",
    "CREATE FUNCTION remove_one(k int) RETURNS bigint LANGUAGE sql VOLATILE AS 'WITH g AS (DELETE FROM account WHERE id = k RETURNING id) SELECT count(*) FROM g'",
    "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(n) FROM account'",
    "CREATE FUNCTION lock_one(k int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT id FROM account WHERE id = k FOR UPDATE'",
    "CREATE FUNCTION doubled(k int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT k * 2'",
  ])
    await admin.query(sql);
});
after(() => running.stop());

beforeEach(async () => {
  await ana.query("ROLLBACK");
  await admin.query("DELETE FROM account; DELETE FROM race");
  await admin.query("INSERT INTO account VALUES (1, 5), (2, 20)");
  await admin.query("INSERT INTO race VALUES (1, 0)");
});

/** Has Ana's transaction lose. @param first - what it does before */
async function lose(first: string): Promise<void> {
  await ana.query(`BEGIN; UPDATE race SET n = 1 WHERE id = 1; ${first}`);
  await admin.query("UPDATE race SET n = 2 WHERE id = 1");
}

const isConflict = { code: "40001", message: /\(OC000\)/ };

const refused: readonly (readonly [name: string, first: string, statement: string])[] = [
  ["what a function has written before", "SELECT remove_one(1)", "INSERT INTO account VALUES (1, 1)"],
  ["a function that writes", "SELECT 1", "SELECT remove_one(1)"],
  ["a function that reads what the block has changed", "UPDATE account SET n = 6", "SELECT total()"],
  ["a view of what the block has changed", "UPDATE account SET n = 30", "SELECT count(*) FROM rich"],
  ["a view of a view of it", "UPDATE account SET n = 30", "SELECT id FROM richest"],
  [
    "a write that reads by a view",
    "UPDATE account SET n = 30",
    "UPDATE race SET n = 3 WHERE id IN (SELECT id FROM rich)",
  ],
];

for (const [name, first, statement] of refused) {
  test(`refused at the statement: ${name}`, async () => {
    await lose(first);
    await assert.rejects(ana.query(statement), isConflict);
  });
}

const answered: readonly (readonly [name: string, first: string, statement: string, rows: unknown[]])[] = [
  ["a view of what the block has not changed", "SELECT 1", "SELECT count(*)::int AS n FROM rich", [{ n: 1 }]],
  ["a function that reads it", "SELECT 1", "SELECT total()::int AS n", [{ n: 25 }]],
  [
    "a function that reads nothing",
    "UPDATE account SET n = 7",
    "SELECT sum(doubled(n))::int AS n FROM account",
    [{ n: 28 }],
  ],
  ["a function that locks", "SELECT 1", "SELECT lock_one(2) AS n", [{ n: 2 }]],
  [
    "a catalog view",
    "UPDATE account SET n = 7",
    "SELECT count(*)::int AS n FROM pg_tables WHERE tablename = 'race'",
    [{ n: 1 }],
  ],
  [
    "a CTE of a table's name",
    "UPDATE account SET n = 7",
    "WITH account AS (SELECT 3 AS n) SELECT n FROM account",
    [{ n: 3 }],
  ],
];

for (const [name, first, statement, rows] of answered) {
  test(`answered: ${name}`, async () => {
    await lose(first);
    assert.deepEqual((await ana.query(statement)).rows, rows);
    await assert.rejects(ana.query("COMMIT"), isConflict);
  });
}
