/**
 * Attacks by what a statement's text does not show: functions that write, called by way of views, defaults, checks and other
 * functions. What they have written is there after COMMIT, as the client has seen it, or the COMMIT is refused.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "../running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
});
after(() => running.stop());

let tables = 0;

/**
 * A table of its own for each test, with the rows 1 to 3, and two functions, which give the value: `put_<table>(value)` writes row
 * 50, `set_<table>(value)` changes row 2.
 */
async function newTable(client: pg.Client): Promise<string> {
  tables += 1;
  const name = `hidden${tables}`;
  await client.query(`CREATE TABLE ${name} (id int PRIMARY KEY, value float8 NOT NULL)`);
  await client.query(`INSERT INTO ${name} VALUES (1, 1), (2, 2), (3, 3)`);
  await client.query(
    `CREATE FUNCTION put_${name}(float8) RETURNS float8 LANGUAGE sql AS 'INSERT INTO ${name} VALUES (50, $1) RETURNING value'`,
  );
  await client.query(
    `CREATE FUNCTION set_${name}(float8) RETURNS float8 LANGUAGE sql AS 'UPDATE ${name} SET value = $1 WHERE id = 2 RETURNING value'`,
  );
  await client.query(`CREATE TABLE ${name}_x (id int PRIMARY KEY, value float8)`);
  await client.query(`CREATE TABLE ${name}_u (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), value float8)`);
  return name;
}

/** Ways to write row 50, or row 2 by `$S`; `$T` is the table, `$P` and `$S` the functions. Only the last statement is the attack's. */
const ways: readonly (readonly string[])[] = [
  ["SELECT $P(7)"],
  ["CREATE VIEW $T_v AS SELECT $P(7)", "SELECT * FROM $T_v"],
  ["CREATE VIEW $T_v AS SELECT $P(7)", "CREATE VIEW $T_w AS SELECT * FROM $T_v", "TABLE $T_w"],
  ["CREATE FUNCTION $T_stable() RETURNS float8 STABLE LANGUAGE sql AS 'SELECT $P(7)'", "SELECT $T_stable()"],
  [
    "CREATE VIEW $T_v AS SELECT $P(7) AS value",
    "CREATE FUNCTION $T_f() RETURNS float8 LANGUAGE sql AS 'SELECT value FROM $T_v'",
    "SELECT $T_f()",
  ],
  [
    "CREATE TABLE $T_d (id int PRIMARY KEY, value float8 DEFAULT $P(7))",
    "INSERT INTO $T_d (id) VALUES (1) RETURNING value",
  ],
  [
    "CREATE TABLE $T_d (id int PRIMARY KEY, value float8 CHECK ($P(value) > 0))",
    "INSERT INTO $T_d VALUES (1, 7) RETURNING value",
  ],
  [
    "CREATE TABLE $T_d (id int PRIMARY KEY, value float8 DEFAULT $P(7))",
    "CREATE VIEW $T_v AS SELECT * FROM $T_d",
    "CREATE VIEW $T_w AS SELECT * FROM $T_v",
    "INSERT INTO $T_w (id) VALUES (1) RETURNING value",
  ],
  ["CREATE DOMAIN $T_n AS float8 CHECK ($P(VALUE) > 0)", "SELECT 7::$T_n AS value"],
  [
    "CREATE DOMAIN $T_n AS float8 CHECK ($P(VALUE) > 0)",
    "CREATE DOMAIN $T_m AS $T_n",
    "SELECT CAST(value AS $T_m) FROM (SELECT 7.0 AS value) AS one",
  ],
  ["SELECT $P(random())"],
  ["SELECT $P(value) FROM (SELECT random() AS value) AS r"],
  ["CREATE VIEW $T_v AS SELECT $P(random())", "SELECT * FROM $T_v"],
  [
    "CREATE TABLE $T_d (id int PRIMARY KEY, value float8 DEFAULT $P(random()))",
    "INSERT INTO $T_d (id) VALUES (1) RETURNING value",
  ],
  [
    "CREATE TABLE $T_d (id int PRIMARY KEY, value float8 DEFAULT $P(random()))",
    "INSERT INTO $T_d VALUES (1, DEFAULT) RETURNING value",
  ],
  ["EXPLAIN ANALYZE SELECT $P(7)"],
  ["EXPLAIN ANALYZE INSERT INTO $T VALUES (50, 7)"],
  ["EXPLAIN ANALYZE INSERT INTO $T VALUES (50, random())"],
  ["INSERT INTO $T_x SELECT id, $P(random()) FROM $T WHERE id = 1 RETURNING value"],
  ["UPDATE $T SET value = $P(random()) WHERE id = 2 RETURNING value"],
  ["WITH w AS (SELECT $P(random()) AS value) SELECT value FROM w"],
  ["WITH w AS (INSERT INTO $T VALUES (50, random()) RETURNING value) SELECT value FROM w"],
  ["INSERT INTO $T VALUES (50, random()) RETURNING value"],
  ["UPDATE $T SET id = 50, value = random() WHERE id = 2 RETURNING value"],
  ["INSERT INTO $T_u (value) VALUES ($P(7)) RETURNING value"],
  ["INSERT INTO $T_x VALUES (1, $P(7)) ON CONFLICT DO NOTHING RETURNING value"],
  ["SELECT $S(7)"],
  ["INSERT INTO $T_u (value) VALUES ($S(7)) RETURNING value"],
  ["INSERT INTO $T_x VALUES (1, $S(7)) ON CONFLICT DO NOTHING RETURNING value"],
  ["UPDATE $T SET value = random() + $S(7) WHERE id = 1 RETURNING 7.0::float8"],
  ["SELECT $S(random())"],
  ["SELECT $S(value) FROM (SELECT random() AS value) AS r"],
  ["CREATE VIEW $T_v AS SELECT random() AS value", "SELECT $S(value) FROM $T_v"],
  ["CREATE VIEW $T_v AS SELECT $S(random())", "SELECT * FROM $T_v"],
  ["UPDATE $T SET value = random() WHERE id = 2 RETURNING value"],
  [
    "CREATE VIEW $T_v AS SELECT random() AS value",
    "INSERT INTO $T SELECT 50, value FROM $T_v RETURNING value",
  ],
  [
    "CREATE FUNCTION $T_stable() RETURNS float8 STABLE LANGUAGE sql AS 'SELECT random()'",
    "INSERT INTO $T VALUES (50, $T_stable()) RETURNING value",
  ],
  [`CREATE FUNCTION "$T put it"() RETURNS float8 LANGUAGE sql AS 'SELECT $P(7)'`, `SELECT "$T put it"()`],
  [
    `CREATE FUNCTION "$T put it"() RETURNS float8 LANGUAGE sql AS 'SELECT $P(7)'`,
    `CREATE FUNCTION $T_outer() RETURNS float8 LANGUAGE sql AS 'SELECT "$T put it"()'`,
    "SELECT $T_outer()",
  ],
];

for (const way of ways) {
  const last = way.at(-1) ?? "";
  const id = way.some((text) => text.includes("$S(") || text.startsWith("UPDATE $T SET value = random"))
    ? 2
    : 50;

  const prepared = async (): Promise<{ ana: pg.Client; ben: pg.Client; table: string; text: string }> => {
    const [ana, ben] = await Promise.all([1, 2].map(() => running.connect()));
    assert.ok(ana && ben);
    const table = await newTable(ana);
    const named = (text: string): string =>
      text.replaceAll("$T", table).replaceAll("$P", `put_${table}`).replaceAll("$S", `set_${table}`);
    for (const text of way.slice(0, -1)) await ana.query(named(text));
    return { ana, ben, table, text: named(last) };
  };
  const written = async (client: pg.Client, table: string): Promise<number | undefined> => {
    const { rows } = await client.query<{ value: number }>(`SELECT value FROM ${table} WHERE id = ${id}`);
    return rows[0]?.value;
  };

  test(`first committer wins against: ${way.join("; ")}`, async () => {
    const { ana, ben, table, text } = await prepared();
    await ana.query("BEGIN");
    await ana.query(text);
    if (id === 50) await ben.query(`INSERT INTO ${table} VALUES (50, 8)`);
    else await ben.query(`UPDATE ${table} SET value = 8 WHERE id = ${id}`);
    await assert.rejects(ana.query("COMMIT"), { code: "40001" });
    assert.equal(await written(ben, table), 8);
  });

  test(`put aside and run again: ${way.join("; ")}`, async () => {
    const { ana, ben, table, text } = await prepared();
    await ana.query("BEGIN");
    const { rows } = await ana.query<Record<string, unknown>>(text);
    await ana.query(`UPDATE ${table} SET value = 9 WHERE id = 3`);
    await ben.query(`BEGIN; UPDATE ${table} SET value = 4 WHERE id = 3; ROLLBACK`);
    const seen = await ana
      .query("COMMIT")
      .then(() => written(ben, table))
      .catch((error: { code?: string }) => error.code);
    if (seen === "40001") return;
    assert.notEqual(seen, id === 50 ? undefined : 2, "what it wrote is lost");
    const told = Object.values(rows[0] ?? {})[0];
    if (typeof told === "number") assert.equal(seen, told);
  });
}

test("rows that a function locks FOR UPDATE count as written; those that it only shares, and the parents of what it writes, do not", async () => {
  const [admin, ana, ben] = await Promise.all([1, 2, 3].map(() => running.connect()));
  assert.ok(admin && ana && ben);
  const table = await newTable(admin);
  const define = async (name: string, body: string): Promise<void> => {
    await admin.query(`CREATE FUNCTION ${name}_${table}(int) RETURNS float8 LANGUAGE sql AS '${body}'`);
  };
  await admin.query(`CREATE TABLE ${table}_child (id int PRIMARY KEY, parent int REFERENCES ${table})`);
  await admin.query(`INSERT INTO ${table}_child VALUES (1, 3)`);
  await define("locks", `SELECT value FROM ${table} WHERE id = $1 FOR UPDATE`);
  await define("shares", `SELECT value FROM ${table} WHERE id = $1 FOR KEY SHARE`);
  await define("refers", `UPDATE ${table}_child SET parent = $1; SELECT 1.0`);
  await define("calls", `SELECT locks_${table}($1)`);
  for (const [ofAna, ofBen, isLost] of [
    [`SELECT locks_$T(1)`, `UPDATE $T SET value = 9 WHERE id = 1`, true],
    [`SELECT locks_$T(1)`, `SELECT locks_$T(1)`, true],
    [`SELECT calls_$T(1)`, `UPDATE $T SET value = 9 WHERE id = 1`, true],
    [`SELECT locks_$T(1); BEGIN READ ONLY`, `UPDATE $T SET value = 9 WHERE id = 1`, true],
    [`SELECT locks_$T(1)`, `UPDATE $T SET value = 9 WHERE id = 2`, false],
    [`SELECT shares_$T(1)`, `UPDATE $T SET value = 9 WHERE id = 1`, false],
    [`SELECT refers_$T(1)`, `UPDATE $T SET value = 9 WHERE id = 1`, false],
    [`SELECT refers_$T(1), locks_$T(2)`, `UPDATE $T SET value = 9 WHERE id = 1`, false],
    [`SELECT refers_$T(1), locks_$T(2)`, `UPDATE $T SET value = 9 WHERE id = 2`, true],
  ] as const) {
    for (const [first, second] of [
      [ana, ben],
      [ben, ana],
    ] as const) {
      await ana.query(`BEGIN; ${ofAna.replaceAll("$T", table)}`);
      await ben.query(`BEGIN; ${ofBen.replaceAll("$T", table)}`);
      await first.query("COMMIT");
      const outcome = await outcomeOfCommit(second);
      assert.equal(outcome, isLost ? "40001" : "committed", `${ofAna} beside ${ofBen}`);
      await second.query("ROLLBACK");
      await admin.query(`UPDATE ${table}_child SET parent = 3`);
    }
  }
});

/** @returns the SQLSTATE of a refused COMMIT */
async function outcomeOfCommit(client: pg.Client): Promise<string | undefined> {
  try {
    await client.query("COMMIT");
    return "committed";
  } catch (error) {
    return (error as pg.DatabaseError).code;
  }
}
