import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import pg from "pg";
import { type LocalCluster, startCluster, type StartClusterOptions } from "../src/index.ts";

/** A cache folder and a folder of migrations of this test's own. */
async function project(t: TestContext): Promise<{ folder: string; migrations: string; images: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "initial-data-test-"));
  const before = process.env["XDG_CACHE_HOME"];
  process.env["XDG_CACHE_HOME"] = folder;
  t.after(async () => {
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
    await rm(folder, { recursive: true, force: true });
  });
  const migrations = path.join(folder, "migrations");
  await mkdir(migrations);
  await writeFile(
    path.join(migrations, "1_account.sql"),
    "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);\nCREATE INDEX ASYNC account_balance ON account (balance);\n",
  );
  return { folder, migrations, images: path.join(folder, "dsql-local", "images") };
}

interface Started {
  readonly cluster: LocalCluster;
  /** What was done with images, in order. */
  readonly events: readonly string[];
}

async function start(t: TestContext, options: StartClusterOptions): Promise<Started> {
  const events: string[] = [];
  const log = ({ event }: { readonly event: string }): void => {
    if (event.startsWith("image.")) events.push(event);
  };
  const cluster = await startCluster({ ...options, log });
  t.after(() => cluster.stop());
  return { cluster, events };
}

async function accounts(cluster: LocalCluster): Promise<unknown> {
  const client = new pg.Client(cluster.connection());
  await client.connect();
  try {
    return (await client.query("SELECT id, balance FROM account ORDER BY id")).rows;
  } finally {
    await client.end();
  }
}

async function insert(cluster: LocalCluster, id: number): Promise<void> {
  await cluster.asOwner(`INSERT INTO account VALUES (${id}, 100)`);
}

test("migrations and seed run once for a content; later clusters are copies, each with a life of its own", async (t) => {
  const { migrations } = await project(t);
  let seeded = 0;
  const options: StartClusterOptions = {
    migrations,
    async seed(cluster) {
      seeded += 1;
      await insert(cluster, 1);
    },
  };
  const first = await start(t, options);
  assert.deepEqual(first.events, ["image.kept", "image.kept"], "the empty one, and its own");
  assert.deepEqual(await accounts(first.cluster), [{ id: 1, balance: 100 }]);
  await insert(first.cluster, 2);

  const second = await start(t, options);
  assert.deepEqual(second.events, ["image.used"]);
  assert.deepEqual(await accounts(second.cluster), [{ id: 1, balance: 100 }]);
  assert.equal(seeded, 1);

  await insert(second.cluster, 3);
  await second.cluster.reset();
  assert.deepEqual(await accounts(second.cluster), [{ id: 1, balance: 100 }], "reset goes back to the start");

  const empty = await start(t, {});
  assert.deepEqual(empty.events, ["image.used"]);
  await assert.rejects(accounts(empty.cluster), { code: "42P01" });
});

test("another migration, seed, key or rule makes the data anew", async (t) => {
  const { folder, migrations } = await project(t);
  const seed = path.join(folder, "seed.sql");
  await writeFile(seed, "INSERT INTO account VALUES (1, 1);");
  const made = ["image.used", "image.kept"];
  await start(t, { migrations, seed });
  assert.deepEqual((await start(t, { migrations, seed })).events, ["image.used"]);

  await writeFile(seed, "INSERT INTO account VALUES (1, 2); INSERT INTO account VALUES (2, 2)");
  const other = await start(t, { migrations, seed });
  assert.deepEqual(other.events, made);
  assert.deepEqual(await accounts(other.cluster), [
    { id: 1, balance: 2 },
    { id: 2, balance: 2 },
  ]);

  await writeFile(path.join(migrations, "2_note.sql"), "ALTER TABLE account ADD COLUMN note text;\n");
  assert.deepEqual((await start(t, { migrations, seed })).events, made);
  assert.deepEqual((await start(t, { migrations, seed, seedKey: "2" })).events, made);
  assert.deepEqual((await start(t, { migrations, seed, rules: "2026-06" })).events, made);
  assert.deepEqual((await start(t, { migrations, seed })).events, ["image.used"]);
});

test("a damaged image is made anew", async (t) => {
  const { migrations, images } = await project(t);
  await start(t, { migrations });
  for (const name of await readdir(images)) {
    const file = path.join(images, name, "files", "base", "5", "1259");
    const content = await readFile(file);
    content[100] = (content[100] ?? 0) ^ 1;
    await writeFile(file, content);
  }
  const { cluster, events } = await start(t, { migrations });
  assert.deepEqual(events, ["image.damaged", "image.damaged", "image.kept", "image.kept"]);
  assert.deepEqual(await accounts(cluster), []);
});

test("two that make the same image at once both start, and one image is left", async (t) => {
  const { migrations, images } = await project(t);
  const both = await Promise.all([start(t, { migrations }), start(t, { migrations })]);
  for (const { cluster } of both) assert.deepEqual(await accounts(cluster), []);
  assert.deepEqual((await start(t, { migrations })).events, ["image.used"]);
  assert.equal((await readdir(images)).length, 2);
});

test("without a cache, and where it cannot be written, the data are made each time", async (t) => {
  const { folder, migrations } = await project(t);
  const { cluster, events } = await start(t, { migrations, cache: false });
  assert.deepEqual(events, []);
  await insert(cluster, 1);
  await cluster.reset();
  assert.deepEqual(await accounts(cluster), []);

  await rm(path.join(folder, "dsql-local", "images"), { recursive: true, force: true });
  await mkdir(path.join(folder, "dsql-local"), { recursive: true });
  await writeFile(path.join(folder, "dsql-local", "images"), "a file where the folder would be");
  const other = await start(t, { migrations });
  assert.ok(other.events.length > 0 && !other.events.includes("image.kept"), other.events.join(", "));
  assert.deepEqual(await accounts(other.cluster), []);
});

test("what fails, or cannot be known by its text, leaves no image and says why", async (t) => {
  const { folder, migrations, images } = await project(t);
  const failing: StartClusterOptions = { migrations, seed: () => Promise.reject(new Error("no such bank")) };
  for (let attempt = 0; attempt < 2; attempt++)
    await assert.rejects(start(t, failing), {
      name: "InitialDataError",
      message: /the seed failed: no such bank/,
    });
  assert.equal((await readdir(images)).length, 1, "the empty one");

  const bound = (() => Promise.resolve()).bind(undefined);
  await assert.rejects(start(t, { seed: bound }), { name: "InitialDataError", message: /seedKey/ });
  const missing = path.join(folder, "nowhere");
  await assert.rejects(start(t, { migrations: missing }), {
    name: "InitialDataError",
    message: /cannot be read/,
  });
  await assert.rejects(start(t, { seed: missing }), { name: "InitialDataError", message: /cannot be read/ });
  await writeFile(path.join(migrations, "2_bad.sql"), "CREATE TABLE other (id int PRIMARY KEY;\n");
  await assert.rejects(start(t, { migrations }), { name: "MigrationError" });
});

test("files that change while they are applied leave no image", async (t) => {
  const { migrations, images } = await project(t);
  await start(t, {
    migrations,
    seed: () => writeFile(path.join(migrations, "2_other.sql"), "CREATE TABLE other (id int PRIMARY KEY);\n"),
  });
  assert.equal((await readdir(images)).length, 1, "the empty one");
});
