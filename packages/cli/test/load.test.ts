/** `dsql load` with a running stack: what is loaded, what is reported, and how a load that was cut off goes on. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type StackFacts, stackPoolOptions, withConnection } from "../src/stack/index.ts";
import { dsql, eventually, freePorts, newDataDir, type Outcome, startStack } from "./command.ts";

const dsqlFile = fileURLToPath(new URL("../../bin/dsql.js", import.meta.url));

describe("with a running stack", () => {
  let dataDir: string;
  let facts: StackFacts;
  const undone: (() => unknown)[] = [];
  const owner = { after: (run: () => unknown) => void undone.push(run) };

  before(async () => {
    dataDir = newDataDir(owner);
    ({ facts } = await startStack(owner, ["--data-dir", dataDir, ...freePorts]));
  });

  after(async () => {
    for (const undo of undone.reverse()) await undo();
  });

  function file(name: string, content: string | Buffer): string {
    const full = path.join(path.dirname(dataDir), `${path.basename(dataDir)}-${name}`);
    writeFileSync(full, content);
    return full;
  }

  async function load(args: readonly string[], stdin?: string): Promise<Outcome> {
    return await dsql(["load", ...args, "--data-dir", dataDir], stdin === undefined ? {} : { stdin });
  }

  async function sqlRows(statement: string): Promise<unknown> {
    const { stdout, stderr } = await dsql(["sql", statement, "--json", "--data-dir", dataDir]);
    assert.equal(stderr, "");
    return (JSON.parse(stdout) as { rows: unknown }).rows;
  }

  test("a dry run shows types and the first rejects, and writes nothing", async () => {
    const csv = file("dry.csv", "id,name\n1,one\nx,two\n3\n");
    const made = await load([
      csv,
      "--into",
      "dry",
      "--create",
      "--primary-key",
      "id",
      "--types",
      "id=int",
      "--dry-run",
    ]);
    assert.equal(made.code, 1);
    assert.match(made.stdout, /^ {2}id {4}int\n {2}name {2}text\nwould make the table: CREATE TABLE/);
    assert.match(made.stdout, /2 rows tried, nothing written\n1 would be rejected:\n {2}line 4: /);
    const isThere = "SELECT to_regclass('dry') IS NOT NULL AS made";
    assert.deepEqual(await sqlRows(isThere), [{ made: false }]);

    assert.equal(
      (await dsql(["sql", "CREATE TABLE dry (id int PRIMARY KEY, name text)", "--data-dir", dataDir])).code,
      0,
    );
    const tried = await load([csv, "--into", "dry", "--dry-run", "--json"]);
    assert.equal(tried.code, 1);
    const report = JSON.parse(tried.stdout) as {
      columns: unknown;
      rowsTried: number;
      rejected: { line: number }[];
    };
    assert.deepEqual(report.columns, [
      { name: "id", type: "integer" },
      { name: "name", type: "text" },
    ]);
    assert.equal(report.rowsTried, 2);
    assert.deepEqual(
      report.rejected.map(({ line }) => line),
      [3, 4],
    );
    assert.deepEqual(await sqlRows("SELECT * FROM dry"), []);
  });

  test("a load that ends early says whether anything of it stays", async () => {
    await dsql(["sql", "CREATE TABLE early (id int PRIMARY KEY)", "--data-dir", dataDir]);
    const bad = file("early.csv", "id\n1\nx\ny\n");
    const nothing = await load([bad, "--into", "early", "--rejected-max", "1"]);
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /Nothing was loaded\.\n/);
    const one = await load([
      bad,
      "--into",
      "early",
      "--rejected-max",
      "1",
      "--rows-per-transaction",
      "1",
      "--connections",
      "1",
    ]);
    assert.equal(one.code, 1);
    assert.match(one.stderr, /1 row is loaded and stays\./);
  });

  test("a table is made and filled; what is no row of it is reported with its line", async () => {
    const csv = file("a.csv", "id,name,price\n1,one,1.50\nx,bad,2\n2,,3\n3,three\n");
    const rejected = file("a.rejected", "");
    const args = ["--into", "a", "--create", "--primary-key", "id", "--types", "id=int,price=numeric(10,2)"];
    const { code, stdout } = await load([csv, ...args, "--rejected", rejected]);
    assert.equal(code, 1);
    assert.match(stdout, /^2 rows loaded in/);
    assert.deepEqual(
      readFileSync(rejected, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { line: number }).line),
      [3, 5],
    );
    assert.deepEqual(await sqlRows("SELECT id, name, price FROM a ORDER BY id"), [
      { id: 1, name: "one", price: "1.50" },
      { id: 2, name: null, price: "3.00" },
    ]);
  });

  test("rows whose keys are there already are skipped or overwritten, as asked", async () => {
    await load([file("b.csv", "id,name\n1,one\n2,two\n"), "--into", "b", "--create", "--primary-key", "id"]);
    const again = gzipSync("id,name\n2,TWO\n3,three\n");
    const skipped = await load([file("b2.csv.gz", again), "--into", "b", "--on-conflict", "skip", "--json"]);
    assert.equal(skipped.code, 0);
    const { rowsLoaded, rowsIgnored } = JSON.parse(skipped.stdout) as Record<string, number>;
    assert.deepEqual([rowsLoaded, rowsIgnored], [1, 1]);
    await load(
      ["-", "--into", "b", "--on-conflict", "update", "--format", "jsonl"],
      '{"id":2,"name":"TWO"}\n',
    );
    assert.deepEqual(await sqlRows("SELECT name FROM b ORDER BY id"), [
      { name: "one" },
      { name: "TWO" },
      { name: "three" },
    ]);
  });

  test("a load that was killed goes on where it ended, with no row lost or doubled", async () => {
    const rows = 20_000;
    const csv = file(
      "c.csv",
      `id,note\n${Array.from({ length: rows }, (_, id) => `${id},${"n".repeat(40)}`).join("\n")}\n`,
    );
    const manifest = path.join(path.dirname(dataDir), `${path.basename(dataDir)}-c.manifest`);
    // Without a primary key a row loaded twice would be there twice.
    await dsql(["sql", "CREATE TABLE c (id int, note text)", "--data-dir", dataDir]);
    const args = ["load", csv, "--into", "c", "--manifest", manifest, "--rows-per-transaction", "50"];
    const child = spawn(process.execPath, [dsqlFile, ...args, "--connections", "2", "--data-dir", dataDir], {
      stdio: "ignore",
    });
    await killOnceLoading(child);
    const { code, stderr } = await dsql([...args, "--verify", "--data-dir", dataDir]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await sqlRows("SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM c"), [
      { rows, ids: rows },
    ]);
  });

  /** Looks over a connection that is open already: a command would come when all is loaded. */
  async function killOnceLoading(child: ChildProcess): Promise<void> {
    const ended = once(child, "close");
    await withConnection(await stackPoolOptions(facts), async (client) => {
      await eventually(
        "rows are loaded",
        async () => (await client.query("SELECT FROM c LIMIT 1")).rowCount === 1,
      );
      child.kill("SIGKILL");
      assert.deepEqual(await ended, [null, "SIGKILL"]);
    });
  }

  test("what a spreadsheet has written is loaded once its delimiter and encoding are named", async () => {
    const csv = file("e.csv", Buffer.from('id;name;city\r\n1;"caf\u00e9; bar";""\r\n2;;x\r\n', "latin1"));
    const args = [csv, "--into", "e", "--create", "--primary-key", "id"];
    const asked = await load([...args, "--encoding", "windows-1252"]);
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /";" in it: if that separates the columns/);
    const coded = await load([...args, "--delimiter", ";"]);
    assert.match(coded.stderr, /line 2 is not text in utf-8: name its encoding/);
    const loaded = await load([...args, "--delimiter", ";", "--encoding", "windows-1252"]);
    assert.equal(loaded.code, 0, loaded.stderr);
    assert.deepEqual(await sqlRows("SELECT name, city FROM e ORDER BY id"), [
      { name: "caf\u00e9; bar", city: "" },
      { name: null, city: "x" },
    ]);
  });

  test("the text of COPY from a pipe goes into the columns of the table", async () => {
    await dsql(["sql", "CREATE TABLE f (id int PRIMARY KEY, note text)", "--data-dir", dataDir]);
    const { code, stderr } = await load(["-", "--into", "f", "--format", "copy"], "1\ta\\tb\n2\t\\N\n\\.\n");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await sqlRows("SELECT note FROM f ORDER BY id"), [{ note: "a\tb" }, { note: null }]);
  });

  test("wrong usage says what to change, and with which exit code", async () => {
    const csv = file("d.csv", "id\n1\n");
    const noFile = await load([`${csv}.gone`, "--into", "d"]);
    assert.equal(noFile.code, 2);
    assert.match(noFile.stderr, /there is no file/);
    const noTable = await load([csv, "--into", "nowhere"]);
    assert.equal(noTable.code, 1);
    assert.match(noTable.stderr, /table "nowhere" does not exist/);
    await dsql(["sql", "CREATE TABLE d (id int PRIMARY KEY)", "--data-dir", dataDir]);
    const nowhere = path.join(csv, "rejected.jsonl");
    const noReport = await load([csv, "--into", "d", "--rejected", nowhere]);
    assert.equal(noReport.code, 2);
    assert.match(noReport.stderr, /rejected\.jsonl cannot be written/);
    assert.deepEqual(await sqlRows("SELECT count(*)::int AS rows FROM d"), [{ rows: 0 }]);
    const noInto = await load([csv]);
    assert.equal(noInto.code, 2);
  });
});
