import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { newMigration, readFolder } from "./folder.ts";

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "migrations-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

test("SQL files come in the order of their numbers; other files are left alone", async (t) => {
  const folder = folderOf(t, { "10_b.sql": "", "9_a.sql": "", "011_c.sql": "", "README.md": "" });
  const { format, migrations } = await readFolder(folder);
  assert.equal(format, "sql");
  assert.deepEqual(
    migrations.map(({ id }) => id),
    ["9_a", "10_b", "011_c"],
  );
});

test("a number that is there twice and a name without a number are refused", async (t) => {
  await assert.rejects(readFolder(folderOf(t, { "1_a.sql": "", "01_b.sql": "" })), {
    reason: "folder",
    message: /same number/,
  });
  await assert.rejects(readFolder(folderOf(t, { "a.sql": "" })), {
    reason: "folder",
    remedy: /<number>_<name>\.sql/,
  });
  await assert.rejects(readFolder(path.join(os.tmpdir(), "no-such-folder")), { reason: "folder" });
});

test("drizzle-kit's journal says the order, and must be one", async (t) => {
  const entry = (idx: number, tag: string): object => ({ idx, when: 100 + idx, tag });
  const journal = JSON.stringify({ entries: [entry(1, "b"), entry(0, "c")] });
  const { format, migrations } = await readFolder(
    folderOf(t, { "meta/_journal.json": journal, "b.sql": "", "c.sql": "", "d.sql": "" }),
  );
  assert.equal(format, "drizzle");
  assert.deepEqual(
    migrations.map(({ id, madeAtMs }) => [id, madeAtMs]),
    [
      ["c", 100],
      ["b", 101],
    ],
  );
  await assert.rejects(readFolder(folderOf(t, { "meta/_journal.json": "{" })), {
    message: /is not a journal/,
  });
  const outside = JSON.stringify({ entries: [entry(0, "../b")] });
  await assert.rejects(readFolder(folderOf(t, { "meta/_journal.json": outside })), {
    message: /is not a journal/,
  });
  await assert.rejects(readFolder(folderOf(t, { "meta/_journal.json": journal, "b.sql": "" })), {
    message: /there is no file .*c\.sql/,
  });
});

test("Prisma's folders come in the order of their names", async (t) => {
  const { format, migrations } = await readFolder(
    folderOf(t, { "2_b/migration.sql": "B", "1_a/migration.sql": "A", "3_c/notes.txt": "" }),
  );
  assert.equal(format, "prisma");
  assert.deepEqual(
    migrations.map(({ id, text }) => [id, text]),
    [
      ["1_a", "A"],
      ["2_b", "B"],
    ],
  );
});

test("a new migration is named by the time and the words, and overwrites nothing", async (t) => {
  const folder = path.join(folderOf(t, {}), "migrations");
  const now = new Date("2026-11-21T09:30:05Z");
  const file = await newMigration(folder, " Add owner's city! ", now);
  assert.equal(path.basename(file), "20261121093005_add_owner_s_city.sql");
  assert.match(readFileSync(file, "utf8"), /^-- /);
  await assert.rejects(newMigration(folder, "add owner's city", now), { code: "EEXIST" });
  await assert.rejects(newMigration(folder, "!"), { reason: "folder" });
});
