/** Linting and fixing files where they are. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fixFiles, lint } from "../src/index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lint-test-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const namesOf = (files: readonly { readonly file: string }[]): string[] =>
  files.map(({ file }) => path.relative(folder, file));

test("folders are searched for SQL and programs, but not what a build or others made", async () => {
  for (const name of ["b.sql", "a/x.ts", "a/y.tsx", "a/z.mjs", "A.SQL"]) write(name, "");
  for (const name of [
    "node_modules/m/a.sql",
    "dist/a.js",
    ".git/a.sql",
    "types.d.ts",
    "lib.min.js",
    "notes.md",
  ]) {
    write(name, "TRUNCATE t;");
  }
  symlinkSync(folder, path.join(folder, "loop"));
  const { files, findings } = await lint([folder]);
  assert.deepEqual(namesOf(files), ["A.SQL", "a/x.ts", "a/y.tsx", "a/z.mjs", "b.sql"]);
  assert.deepEqual(findings, []);
});

test("a file that is named is read whatever its name, and once", async () => {
  const file = write("dist/schema.ddl", "TRUNCATE t;");
  const { files, findings } = await lint([file, path.join(folder, "dist"), file]);
  assert.deepEqual(namesOf(files), ["dist/schema.ddl"]);
  assert.equal(findings[0]?.ruleId, "truncate");
});

test("what is not there or too long is said, and the rest is linted", async () => {
  write("a.sql", "TRUNCATE t;");
  const long = write("long.sql", " ".repeat(8 * 1024 * 1024 + 1));
  const { files, findings } = await lint([path.join(folder, "a.sql"), path.join(folder, "none.sql"), long]);
  assert.equal(findings.length, 1);
  assert.deepEqual(
    files.slice(1).map(({ unreadable }) => unreadable?.replace(/\d+ bytes/, "n bytes")),
    ["there is no such file or folder", "it has n bytes, and files of more than 8388608 are not read"],
  );
});

test("a fix replaces the file, keeps its mode and gives a diff that patch takes", async () => {
  const file = write("a.sql", "-- by owner\nCREATE INDEX i ON t (a);\n");
  chmodSync(file, 0o640);
  const [fixed, ...others] = await fixFiles([folder]);
  assert.deepEqual(others, []);
  assert.equal(readFileSync(file, "utf8"), "-- by owner\nCREATE INDEX ASYNC i ON t (a);\n");
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.match(
    fixed?.diff ?? "",
    /^--- a\/.*\n\+\+\+ b\/.*\n@@ -1,2 \+1,2 @@\n -- by owner\n-CREATE INDEX i ON t \(a\);\n\+CREATE INDEX ASYNC/,
  );
  assert.deepEqual(readdirSync(folder), ["a.sql"]);
});

test("a dry run leaves the file as it is", async () => {
  const file = write("a.sql", "CREATE INDEX i ON t (a);");
  const fixed = await fixFiles([folder], { isDryRun: true });
  assert.equal(fixed.length, 1);
  assert.equal(readFileSync(file, "utf8"), "CREATE INDEX i ON t (a);");
});

test("what needs no fix is not written", async () => {
  const file = write("a.sql", "CREATE INDEX ASYNC i ON t (a);\r\n");
  const { mtimeMs } = statSync(file);
  assert.deepEqual(await fixFiles([folder]), []);
  assert.equal(statSync(file).mtimeMs, mtimeMs);
});
