/** Settings follow their session, whichever way they are changed, and stay in no backend. All sessions take turns on one. */
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
  for (const text of [
    "CREATE TABLE one (id int PRIMARY KEY)",
    "INSERT INTO one VALUES (1)",
    "CREATE FUNCTION put(name text, value text) RETURNS text LANGUAGE sql AS 'SELECT set_config(name, value, false)'",
    "CREATE FUNCTION quietly(name text, value text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT put(name, value)'",
    "CREATE FUNCTION atomic() RETURNS text LANGUAGE sql RETURN set_config('timezone', 'Asia/Tokyo', false)",
    "CREATE VIEW seen AS SELECT set_config('timezone', 'Asia/Tokyo', false) AS zone",
    "CREATE VIEW seen_again AS SELECT zone FROM seen",
    "CREATE TABLE defaulted (id int PRIMARY KEY, zone text DEFAULT set_config('timezone', 'Asia/Tokyo', false))",
    "CREATE TABLE checked (id int PRIMARY KEY CHECK (put('timezone', 'Asia/Tokyo') IS NOT NULL))",
    "CREATE TABLE generated (id int PRIMARY KEY, zone text GENERATED ALWAYS AS (quietly('timezone', 'Asia/Tokyo')) STORED)",
    "CREATE DOMAIN zoned AS int CHECK (put('timezone', 'Asia/Tokyo') IS NOT NULL)",
  ])
    await ana.query(text);
});

after(async () => {
  await running.stop();
});

async function value(client: pg.Client, text: string, values?: unknown[]): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text, ...(values && { values }), rowMode: "array" });
  return rows[0]?.[0];
}

let key = 1;
/** Every way to call it for one's time zone. */
const ways: readonly (readonly [text: string, values?: unknown[]])[] = [
  ["SELECT set_config('timezone', 'Asia/Tokyo', false)"],
  ["SELECT pg_catalog.set_config('Time' || 'Zone', 'Asia/Tokyo', false)"],
  ["SELECT set_config($1, $2, $3)", ["timezone", "Asia/Tokyo", false]],
  ["SELECT * FROM set_config('timezone', 'Asia/Tokyo', false)"],
  ["SELECT 1 FROM one WHERE set_config(lower('TIMEZONE'), 'Asia/Tokyo', id > 1) IS NOT NULL"],
  ["SELECT put('timezone', 'Asia/Tokyo')"],
  ["SELECT quietly('timezone', 'Asia/Tokyo')"],
  ["SELECT atomic()"],
  ["SELECT zone FROM seen"],
  ["SELECT zone FROM seen_again"],
  ["INSERT INTO defaulted (id) VALUES ($1)"],
  ["INSERT INTO checked VALUES ($1)"],
  ["INSERT INTO generated (id) VALUES ($1)"],
  ["SELECT $1::int::zoned"],
];

for (const [text, values] of ways) {
  const parameters = (): unknown[] | undefined => values ?? (text.includes("$1") ? [key++] : undefined);
  test(`it is the session's own: ${text}`, async () => {
    for (const block of [false, true]) {
      if (block) await ana.query("BEGIN");
      await ana.query(text, parameters());
      assert.equal(await value(ana, "SHOW timezone"), "Asia/Tokyo");
      if (block) await ana.query("COMMIT");
      assert.equal(await value(ben, "SHOW timezone"), "UTC");
      assert.equal(await value(ana, "SHOW timezone"), "Asia/Tokyo");
      await ana.query("RESET timezone");
      assert.equal(await value(ana, "SHOW timezone"), "UTC");
    }
    await ana.query("BEGIN");
    await ana.query(text, parameters());
    await ana.query("ROLLBACK");
    assert.deepEqual([await value(ben, "SHOW timezone"), await value(ana, "SHOW timezone")], ["UTC", "UTC"]);
  });
}

const refusedSettings = [
  ["statement_timeout", "1"],
  ["synchronous_commit", "off"],
  ["temp_file_limit", "-1"],
  ["default_transaction_read_only", "on"],
  ["transaction_read_only", "on"],
  ["role", "admin"],
  ["session_authorization", "admin"],
  ["session_replication_role", "replica"],
  ["client_min_messages", "error"],
  ["plan_cache_mode", "force_generic_plan"],
  ["temp_tablespaces", ""],
  ["row_security", "off"],
  ["a.b", "x"],
  ["dsql.sequence_values", "x"],
  ["dsql.disable_sync_create_index", "off"],
] as const;

for (const [name, setting] of refusedSettings) {
  test(`${name} is refused where it is set, however it is spelt`, async () => {
    const refused = { code: "0A000", message: `setting configuration parameter "${name}" not supported` };
    const [first, rest] = [name.slice(0, 2), name.slice(2)];
    for (const text of [
      `SELECT set_config('${first}' || '${rest}', '${setting}', false)`,
      `SELECT put('${name}', '${setting}')`,
      `SELECT quietly('${name}', '${setting}')`,
      `SELECT set_config(array_to_string(ARRAY['${first}', '${rest}'], ''), '${setting}', true)`,
    ])
      await assert.rejects(ana.query(text), refused, text);
  });
}

test("nobody reaches PostgreSQL's own function, nor the rule of pg_settings", async () => {
  await assert.rejects(ana.query("UPDATE pg_settings SET setting = '1' WHERE name = 'statement_timeout'"), {
    code: "42501",
  });
  await ana.query("SET search_path TO pg_dsql, public");
  await assert.rejects(ana.query("SELECT original_set_config('statement_timeout', '1', false)"), {
    code: "42501",
  });
  await ana.query("RESET search_path");
});

test("a value that a setting cannot have is refused, and changes nothing", async () => {
  await assert.rejects(ana.query("SELECT put('client_encoding', 'latin1')"), { code: "22023" });
  await assert.rejects(ana.query("SELECT put('disable_sync_create_index', 'maybe')"), { code: "22023" });
  await assert.rejects(ana.query("SELECT put('timezone', 'Nowhere')"), { code: "22023" });
  await assert.rejects(ana.query("SELECT put(NULL, 'x')"), { code: "22004" });
  assert.equal(await value(ana, "SHOW timezone"), "UTC");
});

test("the service's own settings are set as SET sets them", async () => {
  await ana.query("SELECT put('disable_sync_create_index', 'off')");
  assert.equal(await value(ana, "SHOW disable_sync_create_index"), "off");
  assert.equal(await value(ben, "SHOW disable_sync_create_index"), "on");
  await ana.query("SELECT put('disable_sync_create_index', 'on')");
  assert.equal(await value(ana, "SHOW disable_sync_create_index"), "on");
});

test("a local change ends with its block, and the client hears of both", async () => {
  await ana.query("BEGIN");
  await ana.query("SELECT set_config('time' || 'zone', 'Asia/Tokyo', true)");
  assert.equal(await value(ana, "SHOW timezone"), "Asia/Tokyo");
  await ana.query("COMMIT");
  assert.equal(await value(ana, "SHOW timezone"), "UTC");
  const raw = await running.raw();
  const told = async (text: string): Promise<string[]> =>
    (await raw.query(text))
      .filter(({ type }) => type === "S" || type === "N" || type === "E")
      .map(({ type, frame }) => `${type} ${frame.toString("utf8", 5).replaceAll("\0", " ").trim()}`);
  await raw.query("BEGIN");
  assert.deepEqual(await told("SELECT zone FROM seen"), ["S TimeZone Asia/Tokyo"]);
  assert.deepEqual(await told("ROLLBACK"), ["S TimeZone UTC"]);
  assert.deepEqual(await told("SELECT zone FROM seen"), ["S TimeZone Asia/Tokyo"]);
  assert.deepEqual(await told("SELECT zone FROM seen"), []);
  assert.deepEqual(
    await told("SELECT put('timezone', 'Nowhere')").then(([first = ""]) => first.slice(0, 7)),
    "E SERRO",
  );
});

test("set_config() leaves the access mode of the session's transactions", async () => {
  await ana.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
  await ana.query("SELECT put('timezone', 'Asia/Tokyo')");
  await ana.query("SELECT zone FROM seen");
  assert.equal(await value(ana, "SHOW default_transaction_read_only"), "on");
  await assert.rejects(ana.query("UPDATE one SET id = id"), { code: "25006" });
  assert.equal(await value(ben, "SHOW default_transaction_read_only"), "off");
  await ana.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE");
  await ana.query("RESET timezone");
});

test("names are looked up in the path that a function has set, within the block and after it", async () => {
  await ana.query("CREATE SCHEMA other");
  await ana.query("CREATE TABLE other.one (id int PRIMARY KEY, name text)");
  await ana.query("BEGIN");
  await ana.query("SELECT put('search_path', 'other, public')");
  await ana.query("INSERT INTO one VALUES (7, 'seven')");
  await ana.query("COMMIT");
  assert.equal(await value(ana, "SELECT name FROM one WHERE id = 7"), "seven");
  assert.equal(await value(ben, "SELECT count(*)::int FROM one WHERE id = 7"), 0);
  await ana.query("SELECT put('search_path', NULL)");
  assert.equal(await value(ana, "SELECT count(*)::int FROM one WHERE id = 7"), 0);
});

test("a transaction that has lost keeps the settings that its functions have set", async () => {
  await ana.query("BEGIN");
  await ana.query("UPDATE one SET id = id WHERE id = 1");
  await ana.query("SELECT put('timezone', 'Asia/Tokyo')");
  await ben.query("UPDATE one SET id = id WHERE id = 1");
  await ana.query("UPDATE one SET id = id WHERE id = 1");
  assert.equal(await value(ana, "SELECT current_setting('timezone')"), "Asia/Tokyo");
  await assert.rejects(ana.query("COMMIT"), { code: "40001" });
  assert.deepEqual([await value(ana, "SHOW timezone"), await value(ben, "SHOW timezone")], ["UTC", "UTC"]);
});

test("pg_dump's own call, which reads the name from pg_settings, is judged by the name", async () => {
  await assert.rejects(
    ana.query(
      "SELECT set_config(name, 'view', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
    ),
    { code: "0A000" },
  );
});
