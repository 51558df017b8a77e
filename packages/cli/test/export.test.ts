/** `dsql export` and `dsql import` with a running stack: one file from one cluster into another. */
import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { dsql, freePorts, newDataDir, type Outcome, startStack } from "./command.ts";

test("a file takes a cluster's schema and rows into another, and is written and read once", async (t) => {
  const dataDir = newDataDir(t);
  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const run = async (...args: string[]): Promise<Outcome> => await dsql([...args, "--data-dir", dataDir]);
  const file = path.join(path.dirname(dataDir), "shop.tgz");

  const define =
    "CREATE TABLE account (id int PRIMARY KEY, note text); INSERT INTO account VALUES (1, 'one'), (2, NULL)";
  assert.equal((await run("sql", define)).code, 0);
  const written = await run("export", file, "--json");
  assert.equal(written.code, 0, written.stderr);
  const report = JSON.parse(written.stdout) as { rows: number; tables: unknown };
  assert.deepEqual(
    [report.rows, report.tables],
    [2, [{ schema: "public", table: "account", rows: 2, file: "data/001.public.account.gz" }]],
  );
  assert.equal(statSync(file).mode & 0o077, 0, "rows are nobody else's to read");

  const again = await run("export", file);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /shop\.tgz is there already/);
  const overwriting = await run("import", file);
  assert.equal(overwriting.code, 1);
  assert.match(
    overwriting.stderr,
    /there are already: relation public\.account\. An import overwrites nothing/,
  );

  const made = await run("cluster", "create", "--json");
  assert.equal(made.code, 0, made.stderr);
  const [{ endpoint } = { endpoint: "" }] = JSON.parse(made.stdout) as { endpoint: string }[];
  const imported = await run("import", file, "--cluster", endpoint);
  assert.equal(imported.code, 0, imported.stderr);
  assert.match(imported.stdout, /^1 table with 2 rows imported in /);
  const rows = await run("sql", "SELECT * FROM account ORDER BY id", "--cluster", endpoint, "--json");
  assert.deepEqual((JSON.parse(rows.stdout) as { rows: unknown }).rows, [
    { id: 1, note: "one" },
    { id: 2, note: null },
  ]);
});

test("what is missing or no export is said before anything is done", async (t) => {
  const dataDir = newDataDir(t);
  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const folder = path.dirname(dataDir);
  const missing = await dsql(["import", path.join(folder, "gone.tar"), "--data-dir", dataDir]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /there is no .*gone\.tar/);
  const other = await dsql(["import", folder, "--data-dir", dataDir]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /is no export, or an incomplete one: export\.json is missing/);
  const text = path.join(folder, "text.tar");
  writeFileSync(text, "no archive");
  const damaged = await dsql(["import", text, "--data-dir", dataDir]);
  assert.equal(damaged.code, 1);
  assert.match(
    damaged.stderr,
    /text\.tar is no archive of dsql export, or a damaged one: .*\nNothing was imported/,
  );
  const nowhere = path.join(folder, "nowhere", "x");
  const unwritable = await dsql(["export", nowhere, "--data-dir", dataDir]);
  assert.equal(unwritable.code, 1);
  assert.match(unwritable.stderr, /nowhere/);
  assert.ok(!existsSync(path.dirname(nowhere)));
});
