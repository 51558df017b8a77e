import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Snapshots } from "./snapshots.ts";

/** A data directory with files where PostgreSQL's would be. */
async function dataDirectory(t: TestContext): Promise<{ dataDir: string; files: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), "snapshots-test-"));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const files = join(dataDir, "postgres");
  await mkdir(join(files, "base", "5"), { recursive: true });
  await writeFile(join(files, "PG_VERSION"), "16\n");
  await writeFile(join(files, "base", "5", "1259"), "rows");
  return { dataDir, files };
}

async function content(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(names.sort().map(async (name) => [name, await readFile(name, "utf8")] as const)),
  );
}

test("files that were changed, added and removed are as they were", async (t) => {
  const { dataDir, files } = await dataDirectory(t);
  const snapshots = new Snapshots(dataDir);
  const before = await content(files);
  await snapshots.take("a", files);
  for (let round = 0; round < 3; round++) {
    await writeFile(join(files, "base", "5", "1259"), "ROWS");
    await rm(join(files, "PG_VERSION"));
    await mkdir(join(files, "base", "6"));
    await writeFile(join(files, "base", "6", "1"), "new");
    await snapshots.restore("a", files);
    assert.deepEqual(await content(files), before);
  }
  await rm(join(files, "base"), { recursive: true });
  await snapshots.restore("a", files);
  assert.deepEqual(await content(files), before);
});

test("each of two snapshots is what it was", async (t) => {
  const { dataDir, files } = await dataDirectory(t);
  const snapshots = new Snapshots(dataDir);
  await snapshots.take("a", files);
  const first = await content(files);
  await writeFile(join(files, "base", "5", "1259"), "more rows");
  await snapshots.take("b", files);
  const second = await content(files);
  for (const [name, expected] of [
    ["a", first],
    ["b", second],
    ["b", second],
    ["a", first],
  ] as const) {
    await snapshots.restore(name, files);
    assert.deepEqual(await content(files), expected, name);
  }
  await snapshots.delete("a");
  assert.deepEqual(await snapshots.list(), ["b"]);
  await assert.rejects(snapshots.restore("a", files), /There are: b/);
});

test("a restore whose process was killed is gone to its end at the next start", async (t) => {
  const { dataDir, files } = await dataDirectory(t);
  const before = await content(files);
  await new Snapshots(dataDir).take("a", files);
  // Half of it is done, and the marker says so.
  await writeFile(join(files, "base", "5", "1259"), "half");
  await writeFile(join(dataDir, "postgres.restoring"), "a");
  const next = new Snapshots(dataDir);
  await next.finishRestore(files);
  assert.deepEqual(await content(files), before);
  await writeFile(join(files, "base", "5", "1259"), "later");
  await next.finishRestore(files);
  assert.equal(await readFile(join(files, "base", "5", "1259"), "utf8"), "later", "it is done once");
});
