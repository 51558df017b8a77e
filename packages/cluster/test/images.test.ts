import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import type { LogEvent } from "../src/base/index.ts";
import { acquireDataDir, createStorage, type Storage } from "../src/storage/index.ts";
import { afterTest, query, skipWithoutMount, temporaryDataDir } from "./storage-helper.ts";

/** The kinds of events that name images, in order. */
async function startNew(t: TestContext): Promise<{ storage: Storage; events: readonly string[] }> {
  const dataDir = await temporaryDataDir(t);
  const lock = await acquireDataDir(dataDir);
  const events: string[] = [];
  const log = ({ event }: LogEvent): void => {
    if (event.startsWith("image.")) events.push(event);
  };
  const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, cache: true, log });
  afterTest(t, async () => {
    await storage.stop({ immediate: true });
    await lock.release();
  });
  await storage.start();
  const rows = await query(storage.address, "admin", "SELECT count(*)::int AS n FROM sys.jobs");
  assert.deepEqual(rows, [{ n: 0 }], "the system schema is in place");
  return { storage, events };
}

/** A cache folder of this test's own. @returns where images are */
async function newCache(t: TestContext): Promise<string> {
  const folder = await temporaryDataDir(t);
  const before = process.env["XDG_CACHE_HOME"];
  process.env["XDG_CACHE_HOME"] = folder;
  afterTest(t, async () => {
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
    await rm(folder, { recursive: true, force: true });
  });
  return join(folder, "dsql-local", "images");
}

async function onlyImage(images: string): Promise<string> {
  const [name, ...others] = await readdir(images);
  assert.ok(name !== undefined && others.length === 0, `there is one image: ${[name, ...others].join(", ")}`);
  return join(images, name);
}

test("the second cluster is a copy of the image that the first has left, with a life of its own", async (t) => {
  const images = await newCache(t);
  const first = await startNew(t);
  assert.deepEqual(first.events, ["image.kept"]);
  await query(first.storage.address, "admin", "CREATE TABLE account (id int)");
  const second = await startNew(t);
  assert.deepEqual(second.events, ["image.used"]);
  await query(second.storage.address, "admin", "CREATE TABLE account (id int)");
  const { mode } = await stat(await onlyImage(images));
  assert.equal(mode & 0o077, 0, "other users see nothing of it");
});

test("a damaged image is never used: it is made again", async (t) => {
  const images = await newCache(t);
  await startNew(t);
  const file = join("files", "base", "5", "1259");
  const damages: Record<string, (image: string) => Promise<void>> = {
    "a byte is another": async (image) => {
      const content = await readFile(join(image, file));
      content[100] = (content[100] ?? 0) ^ 1;
      await writeFile(join(image, file), content);
    },
    "a byte is another, and the time as before": async (image) => {
      const { atime, mtime } = await stat(join(image, file));
      const content = await readFile(join(image, file));
      content[100] = (content[100] ?? 0) ^ 1;
      await writeFile(join(image, file), content);
      await utimes(join(image, file), atime, mtime);
    },
    "a file is shorter": (image) => truncate(join(image, file), 8_192),
    "a file is missing": (image) => rm(join(image, file)),
    "a file is too many": (image) => writeFile(join(image, "files", "base", "5", "99999"), "x"),
    "what describes it is cut off": (image) => truncate(join(image, "image.json"), 100),
  };
  for (const [name, damage] of Object.entries(damages)) {
    await damage(await onlyImage(images));
    assert.deepEqual((await startNew(t)).events, ["image.damaged", "image.kept"], name);
    assert.deepEqual((await startNew(t)).events, ["image.used"], name);
  }
});

test("an image of another content is not used, though it has the name", async (t) => {
  const images = await newCache(t);
  await startNew(t);
  const manifest = join(await onlyImage(images), "image.json");
  await writeFile(
    manifest,
    (await readFile(manifest, "utf8")).replace(/"postgresql":"[^"]+"/, '"postgresql":"15.1"'),
  );
  assert.deepEqual((await startNew(t)).events, ["image.damaged", "image.kept"]);
});

test("an image whose files were moved, as a CI cache moves them, is read once and then known", async (t) => {
  const images = await newCache(t);
  await startNew(t);
  const image = await onlyImage(images);
  const file = join(image, "files", "PG_VERSION");
  const content = await readFile(file);
  await rm(file);
  await writeFile(file, content, { mode: 0o600 });
  assert.deepEqual((await startNew(t)).events, ["image.used"]);
  assert.deepEqual((await readdir(image)).sort(), ["files", "image.json", "verified.json"]);
});

test("clusters that are made at the same moment leave one image", async (t) => {
  const images = await newCache(t);
  const started = await Promise.all([startNew(t), startNew(t), startNew(t)]);
  assert.equal(started.length, 3);
  await onlyImage(images);
  assert.deepEqual((await startNew(t)).events, ["image.used"]);
});

test("what a killed process has left and what nobody used for long is removed", async (t) => {
  const images = await newCache(t);
  const longAgo = new Date("2026-01-01T00:00:00Z");
  await mkdir(join(images, "aaaa.0123456789ab.new", "files"), { recursive: true, mode: 0o700 });
  await mkdir(join(images, "bbbb"), { mode: 0o700 });
  await writeFile(join(images, "bbbb", "image.json"), "{}");
  await chmod(images, 0o700);
  for (const path of ["aaaa.0123456789ab.new", "bbbb/image.json"])
    await utimes(join(images, path), longAgo, longAgo);
  await startNew(t);
  await onlyImage(images);
});

test("a cache that others can change, or that is no folder, is not used", async (t) => {
  const images = await newCache(t);
  await startNew(t);
  await chmod(images, 0o777);
  assert.deepEqual((await startNew(t)).events, ["image.notUsed", "image.notKept"]);
  await rm(images, { recursive: true });
  await writeFile(images, "");
  assert.deepEqual((await startNew(t)).events, ["image.notUsed", "image.notKept"]);
});

test("a full disk under the cache costs time only", { skip: skipWithoutMount() }, async (t) => {
  const images = await newCache(t);
  await mkdir(images, { recursive: true, mode: 0o700 });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", images]);
  afterTest(t, () => execFileSync("umount", ["--lazy", images]));
  assert.deepEqual((await startNew(t)).events, ["image.notKept"]);
  assert.deepEqual(await readdir(images), [], "nothing unfinished is left");
});

test("data that must survive a loss of power are not copied", async (t) => {
  const images = await newCache(t);
  const dataDir = await temporaryDataDir(t);
  const lock = await acquireDataDir(dataDir);
  const storage = createStorage({
    dataDir,
    fsync: true,
    connectionsMax: 20,
    cache: true,
    log: () => undefined,
  });
  afterTest(t, async () => {
    await storage.stop();
    await lock.release();
  });
  await storage.start();
  await assert.rejects(readdir(images), { code: "ENOENT" });
});
