import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pool } from "pg";
import {
  adHocDdl as runDdl,
  adHocExplain as explain,
  adHocQuery as query,
  adHocTransaction as transact,
  RefusedStatementError,
  TimeLimitError,
} from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";

let fixture: Fixture;
let pool: Pool;
before(async () => {
  fixture = await startFixture();
  pool = fixture.pool();
  await define(
    pool,
    "CREATE TABLE item (id int PRIMARY KEY, name text, price numeric, made timestamptz, data jsonb)",
    "CREATE SEQUENCE counter AS bigint CACHE 1",
    "CREATE FUNCTION wipe() RETURNS bigint LANGUAGE sql AS 'DELETE FROM item; SELECT 1::bigint'",
    "CREATE VIEW sneaky AS SELECT wipe()",
    `INSERT INTO item SELECT i, 'n' || i, i / 4.0, '2026-01-01', '{"a": 1}' FROM generate_series(1, 1000) i`,
  );
});
after(() => fixture.stop());

const countOf = async (): Promise<number> =>
  Number((await pool.query<{ n: string }>("SELECT count(*) AS n FROM item")).rows[0]?.n);

test("a query binds its parameters and gives values as JSON has them, the inexact ones as text", async () => {
  const result = await query(pool, {
    sql: "SELECT id, name, price, made, data, 1::bigint, 'NaN'::float8, NULL FROM item WHERE id = $1 AND name = $2",
    parameters: [3, "n3"],
  });
  assert.deepEqual(result.columns.slice(0, 5), ["id", "name", "price", "made", "data"]);
  assert.deepEqual(result.rows, [
    [3, "n3", "0.750000", "2026-01-01 00:00:00+00", { a: 1 }, "1", "NaN", null],
  ]);
  assert.equal(result.isTruncated, false);
  const injected = await query(pool, { sql: "SELECT $1::text", parameters: ["'; DROP TABLE item; --"] });
  assert.deepEqual(injected.rows, [["'; DROP TABLE item; --"]]);
  const list = await query(pool, {
    sql: "SELECT id FROM item WHERE id = ANY ($1::int[])",
    parameters: [[1, 2]],
  });
  assert.equal(list.rows.length, 2);
});

test("rows and bytes over the bound are cut off, and the connection serves on", async () => {
  const sql = "SELECT id FROM item ORDER BY id";
  for (const rowsMax of [1, 100, 250, 999]) {
    const { rows, isTruncated } = await query(pool, { sql }, { rowsMax });
    assert.deepEqual([rows.length, isTruncated, rows.at(-1)], [rowsMax, true, [rowsMax]]);
  }
  const whole = await query(pool, { sql }, { rowsMax: 1_000 });
  assert.deepEqual([whole.rows.length, whole.isTruncated], [1_000, false]);
  const wide = await query(pool, { sql: "SELECT repeat('x', 1000) FROM item" }, { bytesMax: 10_500 });
  assert.deepEqual([wide.rows.length, wide.isTruncated], [10, true]);
  const huge = await query(pool, { sql: "SELECT repeat('x', 2000000)" });
  assert.deepEqual([huge.rows.length, huge.isTruncated], [0, true]);
});

test("an error of the server reaches the caller, and the connection serves on", async () => {
  for (const sql of ["SELECT 1 / 0", "SELECT nothing", "SELECT * FROM missing", "SELECT id / 0 FROM item"]) {
    await assert.rejects(query(pool, { sql }), { name: "error" });
  }
  assert.deepEqual((await query(pool, { sql: "SELECT 1" })).rows, [[1]]);
  assert.equal(pool.totalCount, 1);
});

const refusedFunctions = [
  "SELECT set_config('search_path', 'x', false)",
  "SELECT pg_catalog.set_config('transaction_read_only', 'off', true)",
  "SELECT * FROM set_config('search_path', 'x', false)",
  "SELECT 1 ORDER BY set_config('search_path', 'x', false)",
  "SELECT 1 WHERE (SELECT pg_sleep(0) IS NOT NULL)",
  "SELECT (0.01::float8).pg_sleep",
  "SELECT nextval('counter')",
  "SELECT setval('counter', 1)",
  "SELECT ('counter'::regclass).nextval",
  "SELECT wipe()",
  'SELECT "wipe"()',
  "SELECT public.wipe()",
  "SELECT query_to_xml('DELETE FROM item', true, true, '')",
  "SELECT pg_notify('a', 'b')",
  "SELECT pg_advisory_lock(1)",
  "SELECT pg_terminate_backend(1)",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT lo_create(1)",
  "EXPLAIN ANALYZE SELECT wipe()",
  "VALUES (wipe())",
];

for (const sql of refusedFunctions) {
  test(`a query calls no function with side effects: ${sql}`, async () => {
    await assert.rejects(query(pool, { sql }), RefusedStatementError);
    assert.equal(await countOf(), 1_000);
  });
}

test("a side effect behind a view is refused by the transaction, which is read only", async () => {
  await assert.rejects(query(pool, { sql: "SELECT * FROM sneaky" }), { code: "25006" });
  assert.equal(await countOf(), 1_000);
});

test("harmless volatile functions may be called", async () => {
  const { rows } = await query(pool, {
    sql: "SELECT random() < 2, gen_random_uuid() IS NOT NULL, now() IS NOT NULL",
  });
  assert.deepEqual(rows, [[true, true, true]]);
});

test("a plan is given of a change too, without running it; analyze runs only what reads", async () => {
  const planned = await explain(pool, {
    sql: "DELETE FROM item WHERE id = $1",
    parameters: [1],
    analyze: false,
  });
  assert.match(JSON.stringify(planned.rows), /item/);
  const analyzed = await explain(pool, { sql: "SELECT * FROM item -- all", analyze: true });
  assert.match(JSON.stringify(analyzed.rows), /DPU/);
  for (const sql of ["DELETE FROM item", "SELECT wipe()", "SELECT 1; DELETE FROM item", "ANALYZE SELECT 1"]) {
    await assert.rejects(explain(pool, { sql, analyze: true }), RefusedStatementError);
  }
  await assert.rejects(
    explain(pool, { sql: "CREATE TABLE x (i int)", analyze: false }),
    RefusedStatementError,
  );
  assert.equal(await countOf(), 1_000);
});

test("a transaction commits its statements together, or none of them", async () => {
  const insert = {
    sql: "INSERT INTO item (id, name) VALUES ($1, $2) RETURNING id",
    parameters: [2_000, "new"],
  };
  const results = await transact(pool, [insert, { sql: "SELECT name FROM item WHERE id = 2000" }]);
  assert.deepEqual(
    results.map(({ rows }) => rows),
    [[[2_000]], [["new"]]],
  );
  await assert.rejects(transact(pool, [{ sql: "DELETE FROM item WHERE id = 2000" }, insert, insert]), {
    code: "23505",
  });
  assert.equal(await countOf(), 1_001);
  const [removed] = await transact(pool, [{ sql: "DELETE FROM item WHERE id = 2000" }]);
  assert.deepEqual([removed?.command, removed?.changedRows], ["DELETE", 1]);
  const renamed = { sql: "UPDATE item SET name = name RETURNING id" };
  const [cut] = await transact(pool, [renamed], { rowsMax: 10 });
  assert.deepEqual([cut?.rows.length, cut?.isTruncated], [10, true]);
});

test("a transaction runs nothing if one of its statements is refused", async () => {
  const remove = { sql: "DELETE FROM item" };
  const strangers = [
    "DROP TABLE item",
    "COMMIT",
    "SELECT set_config('a.b', 'c', false)",
    "GRANT ALL ON item TO PUBLIC",
  ];
  for (const sql of strangers) await assert.rejects(transact(pool, [remove, { sql }]), RefusedStatementError);
  assert.equal(await countOf(), 1_000);
});

test("a change of the schema runs alone", async () => {
  await runDdl(pool, "CREATE TABLE made (id int PRIMARY KEY)");
  await runDdl(pool, "CREATE INDEX ASYNC ON made (id)");
  await assert.rejects(runDdl(pool, "DROP TABLE made; DROP TABLE item"), RefusedStatementError);
  await assert.rejects(runDdl(pool, "DELETE FROM item"), RefusedStatementError);
  await assert.rejects(runDdl(pool, "CREATE TABLE made (id int PRIMARY KEY)"), { code: "42P07" });
  await query(pool, { sql: "SELECT * FROM made" });
});

test("what takes too long is ended, and the pool serves on", async () => {
  const sql = "SELECT count(*) FROM generate_series(1, 20000) a, generate_series(1, 20000) b";
  await assert.rejects(query(pool, { sql }, { timeoutMs: 300 }), TimeLimitError);
  assert.deepEqual((await query(pool, { sql: "SELECT 1" })).rows, [[1]]);
});
