/** Start and stop: with clients connected, at once, half-way, side by side, and again on the same data. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { createCluster } from "../src/index.ts";
import { removeDataDir } from "../src/storage/index.ts";
import { encodeFrontend } from "../src/wire/index.ts";
import { newDataDir, runCluster, sqlstateOf, within } from "./running-cluster.ts";
import { eventually, isAlive } from "./storage-helper.ts";

test("a stop tells open sessions and leaves no process behind", async () => {
  const running = await runCluster();
  const idle = await running.raw();
  const busy = await running.raw();
  busy.send(encodeFrontend.query("SELECT pg_sleep(600)"));
  const postmaster = running.cluster.postmasterProcessId;
  assert.ok(postmaster !== undefined);
  await within("the cluster stops", () => running.cluster.stop());
  const farewell = await idle.until("E");
  assert.equal(sqlstateOf(farewell.at(-1)?.frame ?? Buffer.alloc(0)), "57P01");
  await idle.closed();
  await busy.closed();
  assert.equal(isAlive(postmaster), false);
  await running.stop();
});

test("an immediate stop does not wait for anything, and loses nothing that was committed", async () => {
  const dataDir = newDataDir();
  const first = await runCluster({ dataDir });
  const client = await first.connect();
  await client.query("CREATE TABLE kept (n int)");
  await client.query("INSERT INTO kept VALUES (1)");
  await client.query("BEGIN");
  await client.query("INSERT INTO kept VALUES (2)");
  const busy = await first.raw();
  busy.send(encodeFrontend.query("SELECT pg_sleep(600)"));
  await within("the cluster stops", () => first.cluster.stop({ immediate: true }));
  await first.stop();
  const second = await runCluster({ dataDir });
  try {
    const again = await second.connect();
    assert.deepEqual((await again.query("SELECT n FROM kept")).rows, [{ n: 1 }]);
  } finally {
    await second.stop();
    await removeDataDir(dataDir);
  }
});

test("a cluster that starts again is the same cluster, with its data, roles and jobs", async () => {
  const dataDir = newDataDir();
  const first = await runCluster({ dataDir, region: "eu-west-1" });
  const { id, endpoint, arn } = first.cluster;
  const client = await first.connect();
  await client.query("CREATE TABLE kept (n int PRIMARY KEY)");
  await client.query("INSERT INTO kept VALUES (1)");
  await client.query("CREATE ROLE app LOGIN");
  await client.query(`AWS IAM GRANT app TO 'arn:aws:iam::${first.cluster.account}:user/local-admin'`);
  await first.stop();
  const second = await runCluster({ dataDir });
  try {
    assert.deepEqual([second.cluster.id, second.cluster.endpoint, second.cluster.arn], [id, endpoint, arn]);
    const app = await second.connect({ user: "app" });
    assert.deepEqual((await app.query("SELECT current_user")).rows, [{ current_user: "app" }]);
    const admin = await second.connect();
    assert.deepEqual((await admin.query("SELECT n FROM kept")).rows, [{ n: 1 }]);
  } finally {
    await second.stop();
    await removeDataDir(dataDir);
  }
});

test("two clusters side by side know nothing of each other", async () => {
  const [one, two] = await Promise.all([runCluster(), runCluster()]);
  try {
    assert.notEqual(one.cluster.id, two.cluster.id);
    const ana = await one.connect();
    await ana.query("CREATE TABLE here (n int)");
    const ben = await two.connect();
    await assert.rejects(ben.query("SELECT * FROM here"), { code: "42P01" });
    // The token of one is none for the other.
    await assert.rejects(two.connect({ password: one.cluster.token() }), { code: "08006" });
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
});

test("a stop during the start ends it, and the data directory can be used again", async () => {
  const dataDir = newDataDir();
  const cluster = createCluster({ dataDir });
  const started = assert.rejects(cluster.start(), /stopped while it started/);
  await eventually("the data directory is held", () => existsSync(join(dataDir, "lock.json")));
  await within("the stop ends", () => cluster.stop());
  await within("the start ends", () => started);
  const next = await runCluster({ dataDir });
  await (await next.connect()).query("SELECT 1");
  await next.stop();
  await removeDataDir(dataDir);
});

test("stopping twice, or what was never started, is no error", async () => {
  const never = createCluster({ dataDir: newDataDir() });
  await never.stop();
  const running = await runCluster();
  await Promise.all([running.cluster.stop(), running.cluster.stop()]);
  await running.stop();
});

test("a pool that connects in the moment of a stop hears an error and does not hang", async () => {
  const running = await runCluster();
  const pool = new pg.Pool({ ...running.cluster.connection(), max: 10 });
  pool.on("error", () => undefined);
  const asked = Array.from({ length: 30 }, () =>
    pool.query("SELECT 1").then(
      () => "ok",
      () => "failed",
    ),
  );
  await Promise.race(asked);
  await within("the cluster stops", () => running.cluster.stop());
  await within("every query ends", () => Promise.all(asked));
  await pool.end();
  await running.stop();
});
