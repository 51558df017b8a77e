/**
 * What a backend remembers beyond a transaction, and that it stays with its session. All sessions take turns on one backend.
 *
 * The list of it all: docs/session-state.md.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let ana: pg.Client;
let ben: pg.Client;

before(async () => {
  running = await runCluster({ livelyBackendsMax: 1 });
  ana = await running.connect();
  ben = await running.connect();
});

after(async () => {
  await running.stop();
});

async function value(client: pg.Client, text: string, values?: unknown[]): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text, ...(values && { values }), rowMode: "array" });
  return rows[0]?.[0];
}

/** What differs in six answers of two sessions to one text. */
async function different(text: string, values?: unknown[]): Promise<number> {
  const seen = new Set<string>();
  for (let round = 0; round < 6; round++)
    seen.add(String(await value(round % 2 === 0 ? ana : ben, text, values)));
  return seen.size;
}

for (const text of [
  "SELECT timestamptz 'now'::text",
  "SELECT CAST('now' AS timestamp)::text",
  "SELECT ('{now}'::timestamptz[])[1]::text",
  "SELECT E'\\x6eow'::timestamptz::text",
  "SELECT coalesce(NULL, U&'\\006eow'::timestamptz)::text",
  "SELECT lower(tstzrange('now', NULL))::text",
  "WITH moment AS (SELECT $$now$$::timestamptz AS at) SELECT at::text FROM moment",
]) {
  test(`a moment is that of its execution: ${text}`, async () => {
    assert.equal(await different(text), 6);
  });
}

test("a moment beside parameters is that of its execution", async () => {
  assert.equal(await different("SELECT ($1 || timestamptz 'now'::text)", ["at "]), 6);
});

test("a row gets the moment of its INSERT", async () => {
  await ana.query("CREATE TABLE visit (id int PRIMARY KEY, at timestamptz)");
  for (let id = 0; id < 6; id++)
    await (id % 2 === 0 ? ana : ben).query("INSERT INTO visit VALUES ($1, 'now')", [id]);
  assert.equal(await value(ana, "SELECT count(DISTINCT at)::int FROM visit"), 6);
  assert.equal(
    await value(
      ana,
      "SELECT count(*)::int FROM visit AS a JOIN visit AS b ON b.id = a.id + 1 AND b.at <= a.at",
    ),
    0,
  );
});

test("a literal is read with the settings of its own session", async () => {
  const cases = [
    ["timezone", "'Asia/Tokyo'", "SELECT (timestamptz '2024-01-01 00:00' AT TIME ZONE 'UTC')::text"],
    ["datestyle", "'SQL, DMY'", "SELECT extract(month FROM date '01/02/2024')::text"],
    ["intervalstyle", "'sql_standard'", "SELECT extract(epoch FROM interval '-1 2:00:00')::text"],
    ["search_path", "elsewhere, public", "SELECT (SELECT count(*)::text FROM visit)"],
  ] as const;
  await ana.query("CREATE SCHEMA elsewhere");
  await ana.query("CREATE TABLE elsewhere.visit (id int PRIMARY KEY)");
  for (const [name, setting, text] of cases) {
    const plain = await value(ben, text);
    await ana.query(`SET ${name} TO ${setting}`);
    const own = await value(ana, text);
    assert.notEqual(own, plain, name);
    for (let round = 0; round < 3; round++) {
      assert.equal(await value(ana, text), own, name);
      assert.equal(await value(ben, text), plain, name);
    }
    await ana.query("BEGIN");
    await ana.query(`SET LOCAL ${name} TO DEFAULT`);
    for (let round = 0; round < 3; round++) assert.equal(await value(ana, text), plain, name);
    await ana.query("COMMIT");
    await ana.query(`RESET ${name}`);
    assert.equal(await value(ana, text), plain, name);
  }
});

test("what a client has prepared by name keeps its moment for that session alone", async () => {
  const text = "SELECT timestamptz 'now'::text";
  const run = async (client: pg.Client): Promise<unknown> =>
    (await client.query<unknown[]>({ name: "moment", text, rowMode: "array" })).rows[0]?.[0];
  const [first, other] = [await run(ana), await run(ben)];
  assert.notEqual(first, other);
  for (let round = 0; round < 3; round++) assert.deepEqual([await run(ana), await run(ben)], [first, other]);
});

test("what a function is declared to give for ever, it gives no other session for ever", async () => {
  await ana.query("CREATE TABLE rate (id int PRIMARY KEY, percent int)");
  await ana.query("INSERT INTO rate VALUES (1, 10)");
  await ana.query(
    "CREATE FUNCTION percent() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT percent FROM rate WHERE id = 1'",
  );
  await ana.query(
    "CREATE FUNCTION moment() RETURNS text STABLE LANGUAGE sql AS $$ SELECT timestamptz 'now'::text $$",
  );
  await ana.query("CREATE VIEW current_rate AS SELECT percent() AS percent");
  await ana.query("CREATE VIEW over_rate AS SELECT percent FROM current_rate");
  const texts = ["SELECT percent()", "SELECT percent FROM current_rate", "SELECT percent FROM over_rate"];
  for (const text of texts) for (let round = 0; round < 3; round++) assert.equal(await value(ana, text), 10);
  await ben.query("UPDATE rate SET percent = 20");
  for (const text of texts) assert.equal(await value(ben, text), 20, text);
  assert.equal(await different("SELECT moment()"), 6);
});
