import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { dsql, freePorts, newDataDir, type Owner, startStack } from "./command.ts";

/** The stack lives as long as the file's tests. */
const file: Owner = { after };
const bin = fileURLToPath(new URL("../../bin/dsql.js", import.meta.url));
const dataDir = newDataDir(file);
let reader: Client;
let writer: Client;

before(async () => {
  await startStack(file, ["--data-dir", dataDir, ...freePorts]);
  const setUp = [
    "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL DEFAULT 'none')",
    "CREATE FUNCTION wipe() RETURNS bigint LANGUAGE sql AS 'DELETE FROM item; SELECT 1::bigint'",
    "INSERT INTO item SELECT i, 'n' || i FROM generate_series(1, 20) i",
  ].join(";");
  const { code, stderr } = await dsql(["sql", "--data-dir", dataDir, setUp]);
  assert.equal(code, 0, stderr);
  reader = await startClient("reader.jsonl", ["--rows-max", "5", "--timeout", "10"]);
  writer = await startClient("writer.jsonl", ["--allow-writes", "--allow-ddl"]);
});
after(async () => {
  await reader.close();
  await writer.close();
});

async function startClient(audit: string, args: readonly string[]): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const options = ["mcp", "--data-dir", dataDir, "--audit", path.join(dataDir, audit), ...args];
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [bin, ...options], stderr: "inherit" }),
  );
  return client;
}

interface Answer {
  readonly isError: boolean;
  // What a tool answers is its own; the assertions say what it must be.
  readonly value: Record<string, never> & { readonly error?: string; readonly sqlstate?: string };
}

async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<Answer> {
  const { content, isError } = await client.callTool({ name, arguments: args });
  const [first] = content as { type: string; text: string }[];
  return { isError: isError === true, value: JSON.parse(first?.text ?? "") as Answer["value"] };
}

const countOf = async (): Promise<unknown> =>
  ((await call(reader, "query", { sql: "SELECT count(*)::int FROM item" })).value as { rows?: unknown }).rows;

test("the server says what it offers and what it may change", async () => {
  const { tools } = await reader.listTools();
  assert.deepEqual(tools.map(({ name }) => name).sort(), [
    "explain",
    "jobs",
    "lint",
    "query",
    "schema",
    "transact",
  ]);
  assert.match(
    tools.find(({ name }) => name === "transact")?.description ?? "",
    /refused: .* --allow-writes/,
  );
  assert.match(reader.getInstructions() ?? "", /reads only/);
  assert.match(writer.getInstructions() ?? "", /rows \(transact\) and the schema/);
});

test("a query gives rows up to the bound, with its parameters bound", async () => {
  const named = await call(reader, "query", {
    sql: "SELECT id, name FROM item WHERE name = $1",
    parameters: ["n7"],
  });
  assert.deepEqual(named.value, {
    columns: ["id", "name"],
    rows: [[7, "n7"]],
    isTruncated: false,
    command: "SELECT",
  });
  const many = await call(reader, "query", { sql: "SELECT id FROM item ORDER BY id" });
  assert.deepEqual((many.value as { rows?: unknown }).rows, [[1], [2], [3], [4], [5]]);
  assert.equal((many.value as { isTruncated?: unknown }).isTruncated, true);
});

/** Everything that was ever tried on a tool that is said to read only, as far as it can be told in one statement. */
const bypasses = [
  "DELETE FROM item",
  "/* just looking */ DELETE FROM item",
  "--\nDELETE FROM item",
  "SELECT 1; DELETE FROM item",
  "COMMIT; DELETE FROM item; BEGIN",
  "ROLLBACK; DELETE FROM item",
  "END; DELETE FROM item",
  "SELECT ';' ; DELETE FROM item -- '",
  "SELECT $a$ $a$; DELETE FROM item",
  "SELECT U&'\\0027' UESCAPE '!'; DELETE FROM item",
  "WITH gone AS (DELETE FROM item RETURNING id) SELECT * FROM gone",
  "SELECT * FROM (WITH gone AS (DELETE FROM item RETURNING id) SELECT * FROM gone) s",
  "WITH RECURSIVE a AS (SELECT 1), gone AS (DELETE FROM item RETURNING id) TABLE a",
  "EXPLAIN ANALYZE DELETE FROM item",
  "EXPLAIN (ANALYZE true, FORMAT json) UPDATE item SET name = 'x'",
  "EXPLAIN ANALYZE WITH gone AS (DELETE FROM item RETURNING id) SELECT * FROM gone",
  "SELECT * INTO copied FROM item",
  "CREATE TABLE copied AS SELECT * FROM item",
  "SELECT * FROM item FOR UPDATE",
  "COPY item TO STDOUT",
  "COPY (DELETE FROM item RETURNING id) TO STDOUT",
  "COPY item FROM PROGRAM 'id'",
  "PREPARE p AS DELETE FROM item",
  "EXECUTE p",
  "DO $$ BEGIN DELETE FROM item; END $$",
  "CALL sys.wait_for_job('x')",
  "SELECT wipe()",
  "SELECT * FROM wipe()",
  "SELECT 1 FROM item ORDER BY wipe()",
  "SELECT CASE WHEN wipe() = 1 THEN 1 END",
  "SELECT set_config('transaction_read_only', 'off', false)",
  "SELECT pg_catalog.set_config('search_path', 'evil', false)",
  "SET TRANSACTION READ WRITE",
  "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
  "SELECT pg_sleep(600)",
  "SELECT (600::float8).pg_sleep",
  "SELECT query_to_xml('DELETE FROM item', true, true, '')",
  "SELECT pg_terminate_backend(1)",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT pg_advisory_lock(1)",
  "TRUNCATE item",
  "DROP TABLE item",
  "GRANT ALL ON item TO PUBLIC",
  "AWS IAM GRANT admin TO 'arn:aws:iam::123456789012:role/x'",
  "LOCK TABLE item",
  "NOTIFY x",
  "DISCARD ALL",
];

for (const sql of bypasses) {
  test(`what is no read is refused, by every tool of a reading server: ${sql}`, async () => {
    for (const [tool, args] of [
      ["query", { sql }],
      ["explain", { sql, analyze: true }],
      ["transact", { statements: [{ sql }] }],
    ] as const) {
      const { isError, value } = await call(reader, tool, args);
      assert.ok(isError, `${tool}: ${JSON.stringify(value)}`);
      assert.equal(value.sqlstate, undefined, "refused before it was sent");
    }
    assert.deepEqual(await countOf(), [[20]]);
  });
}

test("a statement that takes too long is ended, and the server goes on", async () => {
  const sql = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
  const { isError, value } = await call(reader, "query", { sql });
  assert.ok(isError);
  assert.match(value.error ?? "", /longer than 10 s/);
  assert.deepEqual(await countOf(), [[20]]);
});

test("calls at once are bounded: one more is refused, and the server goes on", async () => {
  const sql = "SELECT count(*) FROM generate_series(1, 1000000)";
  const answers = await Promise.all(Array.from({ length: 24 }, () => call(reader, "query", { sql })));
  assert.ok(answers.some(({ value }) => /calls are under way/.test(value.error ?? "")));
  assert.ok(answers.some(({ isError }) => !isError));
  assert.deepEqual(await countOf(), [[20]]);
});

test("a role that may read only is what keeps writes out where they are allowed", async () => {
  const grants = [
    "CREATE ROLE clerk WITH LOGIN",
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.price (id int PRIMARY KEY)",
    "GRANT USAGE ON SCHEMA shop TO clerk",
    "GRANT SELECT ON shop.price TO clerk",
    "AWS IAM GRANT clerk TO 'arn:aws:iam::123456789012:user/local-admin'",
  ].join(";");
  const { code, stderr } = await dsql(["sql", "--data-dir", dataDir, grants]);
  assert.equal(code, 0, stderr);
  const clerk = await startClient("clerk.jsonl", ["--user", "clerk", "--allow-writes"]);
  try {
    assert.equal((await call(clerk, "query", { sql: "SELECT * FROM shop.price" })).isError, false);
    const write = await call(clerk, "transact", { statements: [{ sql: "DELETE FROM shop.price" }] });
    assert.equal(write.value.sqlstate, "42501");
    const schema = await call(clerk, "schema", { schema: "shop" });
    assert.match(JSON.stringify(schema.value), /PRIMARY KEY \(id\)/);
  } finally {
    await clerk.close();
  }
});

test("an error of the cluster comes with its SQLSTATE, and bad arguments with what was expected", async () => {
  const missing = await call(reader, "query", { sql: "SELECT * FROM missing" });
  assert.equal(missing.value.sqlstate, "42P01");
  const { isError } = await reader.callTool({ name: "query", arguments: { statement: "SELECT 1" } });
  assert.equal(isError, true);
});

test("schema, explain, lint and jobs tell what one needs to write SQL", async () => {
  const schema = await call(reader, "schema", { table: "item" });
  const text = JSON.stringify(schema.value);
  assert.match(text, /"name":"id","type":"integer","isNullable":false/);
  assert.match(text, /PRIMARY KEY \(id\)/);
  const plan = await call(reader, "explain", {
    sql: "SELECT * FROM item WHERE id = $1",
    parameters: [1],
    analyze: true,
  });
  assert.match(JSON.stringify(plan.value), /DPU/);
  const unrun = await call(reader, "explain", { sql: "DELETE FROM item" });
  assert.match(JSON.stringify(unrun.value), /Delete on/);
  const lint = await call(reader, "lint", { sql: "CREATE INDEX ON item (name)" });
  assert.match(JSON.stringify(lint.value), /ASYNC/);
  assert.equal((await call(reader, "jobs")).isError, false);
});

test("with --allow-writes a transaction is committed whole or not at all", async () => {
  const insert = { sql: "INSERT INTO item (id) VALUES ($1)", parameters: [100] };
  const done = await call(writer, "transact", {
    statements: [insert, { sql: "DELETE FROM item WHERE id = 100" }],
  });
  assert.equal(done.isError, false, JSON.stringify(done.value));
  const failed = await call(writer, "transact", { statements: [insert, insert] });
  assert.equal(failed.value.sqlstate, "23505");
  assert.deepEqual(await countOf(), [[20]]);
});

test("with --allow-ddl the schema may be changed, roles and privileges may not", async () => {
  const run = (sql: string): Promise<Answer> => call(writer, "transact", { statements: [{ sql }] });
  assert.equal((await run("CREATE TABLE made (id int PRIMARY KEY)")).isError, false);
  assert.equal((await run("CREATE INDEX ASYNC ON made (id)")).isError, false);
  assert.match(JSON.stringify((await call(writer, "jobs")).value), /INDEX_BUILD/);
  for (const sql of [
    "GRANT ALL ON made TO PUBLIC",
    "CREATE ROLE r",
    "ALTER TABLE made OWNER TO admin",
    "DROP TABLE made; SELECT 1",
  ]) {
    const { isError, value } = await run(sql);
    assert.ok(isError, sql);
    assert.equal(value.sqlstate, undefined, sql);
  }
});

test("the audit log has every statement with its outcome, and no value of a parameter", async () => {
  await call(writer, "query", {
    sql: "SELECT name FROM item WHERE name = $1",
    parameters: ["a-secret-value"],
  });
  await call(writer, "query", { sql: "DROP TABLE item" });
  const log = path.join(dataDir, "writer.jsonl");
  const text = readFileSync(log, "utf8");
  assert.ok(!text.includes("a-secret-value"));
  const entries = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const begun = entries.filter(({ event }) => event === "begin");
  assert.deepEqual(
    begun.map(({ call: id }) => id).sort(),
    entries
      .filter(({ event }) => event === "end")
      .map(({ call: id }) => id)
      .sort(),
  );
  assert.deepEqual(begun.at(-2)?.["statements"], [
    { sql: "SELECT name FROM item WHERE name = $1", parameters: 1 },
  ]);
  assert.equal(entries.at(-1)?.["outcome"], "refused");
  if (process.platform !== "win32") assert.equal(statSync(log).mode & 0o777, 0o600);
});

test("an audit log that cannot be written keeps the server from starting", async () => {
  const { code, stderr } = await dsql(["mcp", "--data-dir", dataDir, "--audit", "/dev/null/audit.jsonl"]);
  assert.equal(code, 2);
  assert.match(stderr, /audit log .* cannot be written/);
});

test("without a stack the server starts, and each call says what to do", async (t) => {
  const elsewhere = newDataDir(t);
  const client = new Client({ name: "test", version: "1.0.0" });
  const args = [bin, "mcp", "--data-dir", elsewhere];
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));
  const { isError, value } = await call(client, "query", { sql: "SELECT 1" });
  await client.close();
  assert.ok(isError);
  assert.match(JSON.stringify(value), /dsql start/);
});
