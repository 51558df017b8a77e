import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once as happened } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Pool } from "pg";
import { bulkLoad, BulkLoadError, type BulkLoadProgress, UsageError } from "../src/index.ts";
import { childEnvironment, define, type Fixture, startFixture } from "./fixture.ts";
import { startProxy } from "./proxy.ts";

let fixture: Fixture;
let pool: Pool;
before(async () => {
  fixture = await startFixture();
  pool = fixture.pool({ max: 10 });
});
after(() => fixture.stop());

function file(name: string, content: string | Buffer): string {
  const path = join(fixture.folder, name);
  writeFileSync(path, content);
  return path;
}

async function all(table: string): Promise<unknown[]> {
  return (await pool.query({ text: `SELECT * FROM ${table} ORDER BY 1`, rowMode: "array" })).rows;
}

async function count(table: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  return Number(rows[0]?.count);
}

const numbered = (rows: number): string =>
  `id,name\n${Array.from({ length: rows }, (_, index) => `${index + 1},row ${index + 1}\n`).join("")}`;

test("CSV with quotes, NULL and every common type makes a table with inferred types", async () => {
  const input = file(
    "types.csv",
    "id,name,amount,active,at,day,code\n" +
      '1,"Doe, ""Jo""\nhn",10.50,true,2026-01-02T03:04:05Z,2026-01-02,007\n' +
      "2,,,false,2026-01-02T03:04:06Z,2026-01-03,008\n",
  );
  const report = await bulkLoad(pool, {
    input,
    table: "typed",
    createTable: true,
    primaryKey: ["id"],
    verify: "count",
  });
  assert.deepEqual([report.rowsRead, report.rowsLoaded, report.rejected], [2, 2, []]);
  assert.deepEqual(await all("typed"), [
    ["1", 'Doe, "Jo"\nhn', "10.500000", true, new Date("2026-01-02T03:04:05Z"), new Date(2026, 0, 2), "007"],
    ["2", null, null, false, new Date("2026-01-02T03:04:06Z"), new Date(2026, 0, 3), "008"],
  ]);
});

test("TSV from a stream of gzip loads into a table that is there, with columns named by the call", async () => {
  await define(pool, "CREATE TABLE owner (id int PRIMARY KEY, name varchar(10), city text DEFAULT 'here')");
  const input = Readable.from([gzipSync('1\tAna "A"\n2\t\\N\n')]);
  await bulkLoad(pool, {
    input,
    table: "owner",
    format: "tsv",
    header: false,
    columns: ["id", "name"],
    nullText: "\\N",
  });
  assert.deepEqual(await all("owner"), [
    [1, 'Ana "A"', "here"],
    [2, null, "here"],
  ]);
});

test("the text of COPY goes into the table's columns in their order", async () => {
  await define(pool, "CREATE TABLE copied (id int PRIMARY KEY, note text, n int)");
  const input = Readable.from([Buffer.from("1\ta\\tb\t\\N\n2\t\t7\n\\.\n")]);
  await bulkLoad(pool, { input, table: "copied", format: "copy" });
  assert.deepEqual(await all("copied"), [
    [1, "a\tb", null],
    [2, "", 7],
  ]);
});

test("a role that may make no table is told of the ledger, and loads once it is there", async () => {
  const { principalArn } = fixture.cluster.identities.administrator;
  await define(
    pool,
    "CREATE ROLE loader WITH LOGIN",
    `AWS IAM GRANT loader TO '${principalArn}'`,
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.item (id int PRIMARY KEY)",
    "GRANT USAGE ON SCHEMA shop TO loader",
    "GRANT SELECT, INSERT ON shop.item TO loader",
  );
  const input = file("item.csv", "id\n1\n");
  const load = () => bulkLoad(fixture.pool({ user: "loader" }), { input, table: "shop.item" });
  await assert.rejects(
    load,
    (error) => error instanceof UsageError && error.message.includes('"shop"."bulk_load_ledger"'),
  );
  await bulkLoad(pool, { input: file("none.csv", "id\n"), table: "shop.item" });
  await define(pool, "GRANT SELECT, INSERT, DELETE ON shop.bulk_load_ledger TO loader");
  assert.equal((await load()).rowsLoaded, 1);
});

test("an input that names no columns is refused, and no table is made of it", async () => {
  const input = file("empty.csv", "");
  await assert.rejects(bulkLoad(pool, { input, table: "empty", createTable: true }), UsageError);
  await assert.rejects(all("empty"), { code: "42P01" });
  await define(pool, "CREATE TABLE empty (id int)");
  const report = await bulkLoad(pool, { input: file("empty.jsonl", ""), table: "empty" });
  assert.equal(report.rowsLoaded, 0);
});

test("a delimiter of several characters, or where there is none, is refused", async () => {
  const input = file("delimiter.csv", "id\n1\n");
  await assert.rejects(bulkLoad(pool, { input, table: "copied", delimiter: "||" }), /one character/);
  await assert.rejects(
    bulkLoad(pool, { input, table: "copied", delimiter: ";", format: "jsonl" }),
    /for csv and tsv/,
  );
});

test("JSON Lines keep objects as JSON and refuse numbers that JavaScript would round", async () => {
  await define(pool, "CREATE TABLE event (id bigint PRIMARY KEY, data jsonb)");
  const lines = [
    '{"id":1,"data":{"a":[1,2]}}',
    '{"id":9007199254740993}',
    '{"id":"9007199254740993"}',
    "[1]",
    "",
  ];
  const input = file("events.jsonl", lines.join("\n"));
  const report = await bulkLoad(pool, { input, table: "event" });
  assert.deepEqual(await all("event"), [
    ["1", { a: [1, 2] }],
    ["9007199254740993", null],
  ]);
  assert.deepEqual(
    report.rejected.map(({ line }) => line),
    [2, 4],
  );
});

test("rows that are refused are reported with line and reason, without their values, and the others are loaded", async () => {
  await define(
    pool,
    "CREATE TABLE strict (id int PRIMARY KEY, name varchar(5) NOT NULL, n int CHECK (n > 0))",
  );
  const input = file(
    "strict.csv",
    "id,name,n\n1,ok,1\nsecret,x,1\n3,too long,1\n4,,1\n5,ok,-1\n1,again,1\n7,ok\n8,ok,8\n",
  );
  const report = await bulkLoad(pool, { input, table: "strict" });
  assert.deepEqual(await all("strict"), [
    [1, "ok", 1],
    [8, "ok", 8],
  ]);
  assert.deepEqual(
    report.rejected.map(({ line, sqlstate }) => [line, sqlstate]),
    [
      [3, "22P02"],
      [4, "22001"],
      [5, "23502"],
      [6, "23514"],
      [7, "23505"],
      [8, undefined],
    ],
  );
  assert.ok(!JSON.stringify(report).includes("secret"));
});

test("more refused rows than allowed end the load", async () => {
  await define(pool, "CREATE TABLE picky (id int PRIMARY KEY)");
  const input = file("picky.csv", "id\n1\na\nb\nc\n");
  await assert.rejects(bulkLoad(pool, { input, table: "picky", rejectedMax: 2 }), (error) => {
    assert.ok(error instanceof BulkLoadError);
    assert.equal(error.rejected.length, 3);
    return true;
  });
  assert.equal(await count("picky"), 0);
});

test("rows whose key is there are kept or overwritten as asked", async () => {
  await define(pool, "CREATE TABLE upserted (id int PRIMARY KEY, name text)");
  await pool.query("INSERT INTO upserted VALUES (1, 'old')");
  const input = file("upserted.csv", "id,name\n1,new\n2,new\n");
  const ignoring = await bulkLoad(pool, { input, table: "upserted", onConflict: "ignore" });
  assert.deepEqual([ignoring.rowsLoaded, ignoring.rowsIgnored], [1, 1]);
  assert.deepEqual(await all("upserted"), [
    [1, "old"],
    [2, "new"],
  ]);
  await bulkLoad(pool, { input, table: "upserted", onConflict: "update" });
  assert.deepEqual(await all("upserted"), [
    [1, "new"],
    [2, "new"],
  ]);
});

test("a table or column that is missing is said before anything is loaded", async () => {
  const input = file("missing.csv", "id,nope\n1,1\n");
  await assert.rejects(bulkLoad(pool, { input, table: "nowhere" }), UsageError);
  await assert.rejects(bulkLoad(pool, { input, table: "owner" }), /no column "nope".*--no-header/);
});

test("20,000 rows arrive on many connections in transactions of 1,000, while others write to the table", async () => {
  await define(pool, "CREATE TABLE many (id int PRIMARY KEY, name text)");
  const told: BulkLoadProgress[] = [];
  const loading = bulkLoad(pool, {
    input: file("many.csv.gz", gzipSync(numbered(20_000))),
    table: "many",
    rampMs: 0,
    onProgress: (progress) => told.push(progress),
  });
  await pool.query("INSERT INTO many VALUES (0, 'other')");
  const report = await loading;
  assert.deepEqual([report.rowsLoaded, report.connections], [20_000, 8]);
  assert.equal(await count("many"), 20_001);
  assert.equal(told.at(-1)?.rowsLoaded, 20_000);
  assert.equal(await count("bulk_load_ledger"), 0);
});

test("connections that are cut during the load lose and double nothing, in a table without any key", async () => {
  await define(pool, "CREATE TABLE keyless (id int, name text)");
  const proxy = await startProxy(fixture.cluster);
  const proxied = fixture.pool({ address: { host: "127.0.0.1", port: proxy.port } });
  const input = file("keyless.csv", numbered(8_000));
  const manifest = join(fixture.folder, "keyless.manifest");
  const options = { input, table: "keyless", manifest, rowsPerTransaction: 250, verify: "count" } as const;
  let cuts = 0;
  const cutting = setInterval(() => {
    // Answers are lost first, so that COMMITs are cut after they were done.
    proxy.mute();
    setTimeout(() => {
      proxy.cut();
      proxy.heal();
    }, 15);
    if (++cuts === 6) clearInterval(cutting);
  }, 90);
  try {
    let calls = 0;
    for (; ; calls++) {
      try {
        const report = await bulkLoad(proxied, options);
        assert.equal(report.rowsLoaded, 8_000);
        break;
      } catch (error) {
        assert.ok(!(error instanceof BulkLoadError) && calls < 50, String(error));
      }
    }
  } finally {
    clearInterval(cutting);
    await proxy.close();
  }
  assert.equal(await count("keyless"), 8_000);
  const distinct = await pool.query<{ count: string }>("SELECT count(DISTINCT id) FROM keyless");
  assert.equal(distinct.rows[0]?.count, "8000");
});

test("a load that is killed goes on with its manifest", async () => {
  await define(pool, "CREATE TABLE killed (id int, name text)");
  const input = file("killed.csv", numbered(20_000));
  const manifest = join(fixture.folder, "killed.manifest");
  const { cluster } = fixture;
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("./bulk-load-child.js", import.meta.url)), input, "killed", manifest],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: childEnvironment(cluster),
    },
  );
  const ended = happened(child, "exit");
  // It says when it has given a connection back: a few times while it prepares, then once for each of 100 chunks.
  let releases = 0;
  child.stdout.on("data", (data: Buffer) => {
    releases += data.toString().split("\n").length - 1;
    if (releases >= 20) child.kill("SIGKILL");
  });
  assert.deepEqual((await ended)[1], "SIGKILL");
  assert.ok(existsSync(manifest));

  const report = await bulkLoad(pool, { input, table: "killed", manifest, rowsPerTransaction: 200 });
  assert.ok(report.rowsResumed >= 600 && report.rowsResumed < 20_000, String(report.rowsResumed));
  assert.equal(report.rowsLoaded, 20_000);
  assert.equal(await count("killed"), 20_000);
});

test("a manifest refuses another file, other chunks and a load that is complete", async () => {
  await define(pool, "CREATE TABLE guarded (id int PRIMARY KEY, name text)");
  const manifest = join(fixture.folder, "guarded.manifest");
  const input = file("guarded.csv", numbered(10));
  const ended = bulkLoad(pool, { input, table: "guarded", manifest, signal: AbortSignal.abort() });
  await assert.rejects(ended, BulkLoadError);
  const other = file("other.csv", numbered(11));
  await assert.rejects(bulkLoad(pool, { input: other, table: "guarded", manifest }), /other firstRows/);
  const recut = { input, table: "guarded", manifest, rowsPerTransaction: 5 };
  await assert.rejects(bulkLoad(pool, recut), /other rowsPerTransaction/);
  await bulkLoad(pool, { input, table: "guarded", manifest });
  await assert.rejects(bulkLoad(pool, { input, table: "guarded", manifest }), /complete/);
  assert.ok(!readFileSync(manifest, "utf8").includes("row 1"));
});
