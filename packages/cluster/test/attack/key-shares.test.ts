/** Attacks on FOR KEY SHARE: what is remembered of it must neither be lost nor make anybody wait. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { encodeFrontend } from "../../src/wire/index.ts";
import { type RawClient, type RunningCluster, runCluster, sqlstateOf, within } from "../running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
});
after(() => running.stop());

let tables = 0;

/** A table of its own for each test, with the rows 1 to 20. */
async function newTable(client: pg.Client): Promise<string> {
  tables += 1;
  const name = `shared${tables}`;
  await client.query(`CREATE TABLE ${name} (id int PRIMARY KEY, balance int NOT NULL, code text UNIQUE)`);
  await client.query(`INSERT INTO ${name} SELECT n, 100, 'c' || n FROM generate_series(1, 20) AS n`);
  return name;
}

const isConflict = { code: "40001", message: /\(OC000\)/ };

/** Sends statements, COMMIT with them, without awaiting the answers in between. @returns the SQLSTATE of the first error */
async function pipelined(client: RawClient, ...statements: string[]): Promise<string | undefined> {
  client.send(...statements.map((text) => encodeFrontend.query(text)));
  let failure: string | undefined;
  for (const _ of statements) {
    for (const { type, frame } of await client.until("Z")) {
      if (type === "E") failure ??= sqlstateOf(frame);
    }
  }
  return failure;
}

test("a COMMIT that meets a committed key share answers, whoever holds rows of its update chain", async () => {
  const [admin, ana, ben, tom] = await Promise.all([1, 2, 3, 4].map(() => running.connect()));
  assert.ok(admin && ana && ben && tom);
  const table = await newTable(admin);
  await ana.query(`BEGIN; SELECT FROM ${table} WHERE id = 1`);
  await ben.query(`BEGIN; SELECT FROM ${table} WHERE id = 4 FOR KEY SHARE; COMMIT`);
  await tom.query(`BEGIN; UPDATE ${table} SET balance = 1 WHERE id = 4`);
  await tom.query(`SELECT FROM ${table} WHERE id = 4 FOR UPDATE`);
  await ana.query(`UPDATE ${table} SET balance = 1 WHERE id = 1`);
  await within("COMMIT answers", () => ana.query("COMMIT"));
  await within("another connects and is answered", async () => (await running.connect()).query("SELECT 1"));
  // Ben's share was committed before the snapshot of Tom's transaction.
  await within("the holder commits", () => tom.query("COMMIT"));
});

/**
 * Ways to have the row 1 so that a key share of it and they exclude each other. `lock_$T(id)` and
 * `change_$T(id)` are functions: one has FOR UPDATE, the other changes the balance first.
 */
const holds = [
  "DELETE FROM $T WHERE id = 1",
  "UPDATE $T SET id = 101 WHERE id = 1",
  "UPDATE $T SET code = 'x' WHERE id = 1",
  "UPDATE $T SET code = NULL WHERE id = 1",
  "UPDATE $T SET (code, balance) = (SELECT 'x', 5) WHERE id = 1",
  "INSERT INTO $T VALUES (1, 7) ON CONFLICT (id) DO UPDATE SET code = 'x'",
  "SELECT FROM $T WHERE id = 1 FOR UPDATE",
  "SELECT FROM $T WHERE id = 1 FOR UPDATE; UPDATE $T SET balance = 7 WHERE id = 1",
  "UPDATE $T SET balance = 7 WHERE id = 1; SELECT FROM $T WHERE id = 1 FOR UPDATE",
  "UPDATE $T SET balance = 7; SELECT FROM $T WHERE balance = 7 FOR UPDATE",
  "WITH one AS (SELECT id FROM $T WHERE id = 1 FOR UPDATE) SELECT count(*) FROM one",
  "UPDATE $T SET balance = 7 WHERE id = 1; WITH one AS (SELECT id FROM $T WHERE id = 1 FOR UPDATE) SELECT count(*) FROM one",
  "DELETE FROM $T WHERE id = 1; INSERT INTO $T VALUES (1, 7)",
  "UPDATE $T SET id = 101 WHERE id = 1; UPDATE $T SET id = 1 WHERE id = 2",
  "UPDATE $T SET balance = 7 WHERE id = (SELECT id FROM $T WHERE id = 1 FOR UPDATE)",
  "UPDATE $T SET balance = random() WHERE id = (SELECT min(id) FROM (SELECT id FROM $T WHERE id < 3 FOR UPDATE) AS locked)",
  "WITH gone AS (DELETE FROM $T WHERE id = 1 RETURNING *) SELECT count(*) FROM gone",
  "SELECT lock_$T(1)",
  "SELECT lock_$T(id) FROM $T WHERE id < 3",
  "SELECT change_$T(1)",
  "UPDATE $T SET balance = 7 WHERE id = 1; SELECT lock_$T(1)",
];

for (const hold of holds) {
  test(`a key share and ${hold}: who commits first beats the other`, async () => {
    const [ana, ben] = await Promise.all([1, 2].map(() => running.connect()));
    assert.ok(ana && ben);
    for (const [first, second] of [
      [ana, ben],
      [ben, ana],
    ] as const) {
      const table = await newTable(ana);
      await ana.query(`CREATE FUNCTION lock_${table}(int) RETURNS int LANGUAGE sql
        AS 'SELECT balance FROM ${table} WHERE id = $1 FOR UPDATE'`);
      await ana.query(`CREATE FUNCTION change_${table}(int) RETURNS int LANGUAGE sql
        AS 'UPDATE ${table} SET balance = 7 WHERE id = $1; SELECT balance FROM ${table} WHERE id = $1 FOR UPDATE'`);
      await ben.query(`SELECT FROM ${table}`);
      await ben.query(`BEGIN; ${hold.replaceAll("$T", table)}`);
      await ana.query(`BEGIN; SELECT FROM ${table} WHERE id = 1 FOR KEY SHARE`);
      await first.query("COMMIT");
      await assert.rejects(second.query("COMMIT"), isConflict);
      await second.query("ROLLBACK");
    }
  });
}

test("a committed key share leaves those alone who change other columns, or other rows", async () => {
  const lets = [
    "UPDATE $T SET balance = 5 WHERE id = 1",
    "UPDATE $T SET id = id, balance = 5 WHERE id = 1",
    "UPDATE $T SET code = code, balance = 5 WHERE id = 1",
    "UPDATE $T SET code = 'x' WHERE id = 2",
    "SELECT FROM $T WHERE id = 1 FOR KEY SHARE",
    "DELETE FROM $T WHERE id = 2",
    "UPDATE $T SET id = 102 WHERE id = 2",
    "SELECT FROM $T WHERE id = 2 FOR UPDATE",
  ];
  const [admin, ana, ben] = await Promise.all([1, 2, 3].map(() => running.connect()));
  assert.ok(admin && ana && ben);
  for (const statement of lets) {
    const table = await newTable(admin);
    await ben.query(`BEGIN; ${statement.replaceAll("$T", table)}`);
    await ana.query(`BEGIN; SELECT FROM ${table} WHERE id = 1 FOR KEY SHARE`);
    await ana.query("COMMIT");
    assert.equal((await ben.query("COMMIT")).command, "COMMIT", statement);
  }
});

test("a row that came after the snapshot, and was shared, concerns nobody who cannot see it", async () => {
  const [admin, ana, ben] = await Promise.all([1, 2, 3].map(() => running.connect()));
  assert.ok(admin && ana && ben);
  const table = await newTable(admin);
  await ben.query(`BEGIN; UPDATE ${table} SET balance = 2 WHERE id = 2`);
  await ana.query(`INSERT INTO ${table} VALUES (50, 1)`);
  await ana.query(`BEGIN; SELECT FROM ${table} WHERE id = 50 FOR KEY SHARE; COMMIT`);
  assert.equal((await ben.query("COMMIT")).command, "COMMIT");
});

test("keys of every type are told apart, whatever the settings of the sessions", async () => {
  const keys = [
    ["timestamptz", "timestamptz '2024-02-01 12:00:00.123456+00'"],
    ["date", "date '2024-02-01'"],
    ["numeric", "1.10"],
    ["text", `'a, "b" \\ (c)'`],
    ["uuid", "'00000000-0000-0000-0000-00000000000a'::uuid"],
    ["boolean", "true"],
    ["char(9)", "'a'"],
    ["double precision", "0.1::float8 + 0.2"],
  ] as const;
  const [admin, ana, ben] = await Promise.all([1, 2, 3].map(() => running.connect()));
  assert.ok(admin && ana && ben);
  await ana.query("SET timezone = 'Asia/Tokyo'");
  await ana.query("SET datestyle = 'SQL, DMY'");
  for (const [type, value] of keys) {
    tables += 1;
    const table = `shared${tables}`;
    await admin.query(`CREATE TABLE ${table} (id ${type} PRIMARY KEY, balance int NOT NULL)`);
    await admin.query(`INSERT INTO ${table} VALUES (${value}, 100)`);
    // The deletion comes from a newer version than the one that is shared: only the key says that it is the same row.
    for (const [statement, isBeaten] of [
      [`UPDATE ${table} SET balance = 3`, false],
      [`DELETE FROM ${table}`, true],
    ] as const) {
      await ana.query(`BEGIN; SELECT FROM ${table} LIMIT 1`);
      await admin.query(`UPDATE ${table} SET balance = balance + 1`);
      await ben.query(`BEGIN; ${statement}`);
      await ana.query(`SELECT FROM ${table} FOR KEY SHARE`);
      await ana.query("COMMIT");
      if (isBeaten) await assert.rejects(ben.query("COMMIT"), isConflict, type);
      else assert.equal((await ben.query("COMMIT")).command, "COMMIT", type);
    }
  }
});

test("of a key share and a deletion with pipelined COMMITs one loses, however they meet", async () => {
  const admin = await running.connect();
  const table = await newTable(admin);
  const [ana, ben] = await Promise.all([running.raw(), running.raw()]);
  for (let round = 1; round <= 60; round++) {
    await admin.query(`INSERT INTO ${table} VALUES (1000, 1) ON CONFLICT (id) DO NOTHING`);
    await Promise.all([ana, ben].map((client) => client.query(`BEGIN`)));
    await Promise.all([ana, ben].map((client) => client.query(`SELECT FROM ${table} WHERE id = 1000`)));
    const [share, deletion] = await within("both are answered", () =>
      Promise.all([
        pipelined(ana, `SELECT FROM ${table} WHERE id = 1000 FOR KEY SHARE`, "COMMIT"),
        pipelined(ben, `DELETE FROM ${table} WHERE id = 1000`, "COMMIT"),
      ]),
    );
    assert.ok(share !== undefined || deletion !== undefined, `round ${round}: both have committed`);
  }
});

test("a committed key share beats a row that a function has locked", async () => {
  const [admin, ana, ben] = await Promise.all([1, 2, 3].map(() => running.connect()));
  assert.ok(admin && ana && ben);
  const table = await newTable(admin);
  await admin.query(
    `CREATE FUNCTION lock_one() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT id FROM ${table} WHERE id = 1 FOR UPDATE'`,
  );
  await ben.query("BEGIN; SELECT lock_one()");
  await ana.query(`BEGIN; SELECT FROM ${table} WHERE id = 1 FOR KEY SHARE`);
  await ana.query("COMMIT");
  await assert.rejects(ben.query("COMMIT"), isConflict);
});

test("a transaction's own key share does not beat it, whatever else its statements may have locked", async () => {
  const [admin, ana, ben] = await Promise.all([1, 2, 3].map(() => running.connect()));
  assert.ok(admin && ana && ben);
  const table = await newTable(admin);
  await ben.query(
    `BEGIN; WITH gone AS (DELETE FROM ${table} WHERE id = 2 RETURNING id) SELECT count(*) FROM gone`,
  );
  await ana.query(`BEGIN; SELECT FROM ${table} WHERE id = 3 FOR KEY SHARE; COMMIT`);
  await ben.query(`SELECT FROM ${table} WHERE id = 3 FOR KEY SHARE`);
  assert.equal((await ben.query("COMMIT")).command, "COMMIT");
});
