import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { dsql } from "./command.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "dsql-lint-"));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("lint ends with 0 without errors, advice or not, and with 1 with errors", async () => {
  const clean = await dsql(["lint", write("clean.sql", "SELECT 1;")]);
  assert.deepEqual([clean.code, clean.stdout], [0, "No findings: 1 statement in 1 file.\n"]);
  assert.equal((await dsql(["lint", write("advice.sql", "DELETE FROM t;")])).code, 0);
  const wrong = await dsql(["lint", write("wrong.sql", "TRUNCATE t;")]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /^error\[truncate\] unsupported statement: Truncate\n --> .*wrong\.sql:1:1\n/);
});

test("lint ends with 2 when it is used wrongly or cannot read a file", async () => {
  const unknown = await dsql(["lint", "--rule", "index-async", folder]);
  assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /there is no rule, topic or severity "index-async"/);
  assert.equal((await dsql(["lint", "--as-of", "yesterday", folder])).code, 2);
  assert.equal((await dsql(["lint", "--dry-run", folder])).code, 2);
  const missing = await dsql(["lint", path.join(folder, "none.sql")]);
  assert.equal(missing.code, 2);
  assert.match(missing.stdout, /none\.sql cannot be read: there is no such file or folder/);
});

test("a dry run shows what --fix does, and --fix does it", async () => {
  const file = write("index.sql", "CREATE INDEX i ON t (a);\n");
  const shown = await dsql(["lint", "--fix", "--dry-run", file]);
  assert.equal(shown.code, 1);
  assert.match(
    shown.stdout,
    /-CREATE INDEX i ON t \(a\);\n\+CREATE INDEX ASYNC i ON t \(a\);\nmind: it returns a job_id/,
  );
  assert.equal(readFileSync(file, "utf8"), "CREATE INDEX i ON t (a);\n");
  assert.equal((await dsql(["lint", "--fix", file])).code, 0);
  assert.equal(readFileSync(file, "utf8"), "CREATE INDEX ASYNC i ON t (a);\n");
});

test("stdin is linted, and fixed into stdout", async () => {
  const found = await dsql(["lint", "-"], { stdin: "TRUNCATE t;" });
  assert.equal(found.code, 1);
  assert.match(found.stdout, /--> stdin\.sql:1:1/);
  const fixed = await dsql(["lint", "--fix", "-"], { stdin: "CREATE INDEX i ON t (a);" });
  assert.deepEqual([fixed.code, fixed.stdout], [0, "CREATE INDEX ASYNC i ON t (a);"]);
  const program = await dsql(["lint", "--stdin-name", "a.ts", "-"], { stdin: "pool.query('TRUNCATE t');" });
  assert.match(program.stdout, /--> a\.ts:1:13/);
});

test("machines get JSON or SARIF on stdout, and nothing else", async () => {
  const file = write("machine.sql", "CREATE INDEX i ON t (a); VACUUM;");
  for (const format of ["json", "sarif"]) {
    const { stdout, stderr, code } = await dsql(["lint", "--format", format, "--fix", "--dry-run", file]);
    assert.equal(code, 1);
    assert.match(stderr, /\+CREATE INDEX ASYNC/);
    assert.equal(typeof JSON.parse(stdout), "object");
  }
});

test("the service of another day is asked for by its date", async () => {
  const file = write("drop.sql", "ALTER TABLE t DROP COLUMN a;");
  assert.equal((await dsql(["lint", file])).code, 0);
  const older = await dsql(["lint", "--as-of", "2025-11", file]);
  assert.equal(older.code, 1);
  assert.match(older.stdout, /since 2026-08-03 the service takes it/);
});
