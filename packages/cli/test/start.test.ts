import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { type AddressInfo, connect as connectSocket, createServer } from "node:net";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { stackPoolOptions, withConnection } from "../src/stack/index.ts";
import { dsql, freePorts, newDataDir, startStack } from "./command.ts";

test("start prints one line of JSON with exactly the documented fields", async (t) => {
  const dataDir = newDataDir(t);
  const stack = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const { facts } = stack;
  assert.deepEqual(Object.keys(facts), [
    "clusterId",
    "clusterEndpoint",
    "host",
    "port",
    "caFile",
    "awsEndpoint",
    "region",
    "account",
    "dataDir",
    "pid",
  ]);
  assert.match(facts.clusterEndpoint, /^[a-z0-9]{26}\.dsql\.us-east-1\.on\.aws$/);
  assert.equal(facts.clusterEndpoint.slice(0, 26), facts.clusterId);
  assert.equal(facts.dataDir, dataDir);
  assert.equal(facts.pid, stack.process.pid);
  assert.ok(existsSync(facts.caFile));
  assert.equal(stack.output().stdout.split("\n").length, 2);
});

test("a second start on the same data directory names the process that holds it", async (t) => {
  const dataDir = newDataDir(t);
  const first = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const second = await dsql(["start", "--data-dir", dataDir, ...freePorts]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`\\b${first.facts.pid}\\b`));
  assert.doesNotMatch(second.stderr, /\n\s+at /);
});

test("SIGTERM stops everything in order; the next start finds the data and the same cluster", async (t) => {
  const dataDir = newDataDir(t);
  const first = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  await dsql(["sql", "--data-dir", dataDir, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)"]);
  first.process.kill("SIGTERM");
  assert.equal(await first.ended, 0);
  assert.ok(!(await isListening(first.facts.port)));

  const second = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  assert.equal(second.facts.clusterId, first.facts.clusterId);
  const read = await dsql(["sql", "--data-dir", dataDir, "--json", "SELECT id FROM t"]);
  assert.deepEqual(JSON.parse(read.stdout), { tag: "SELECT 1", rows: [{ id: 7 }] });
});

test("after kill -9 the next start recovers what was committed", async (t) => {
  const dataDir = newDataDir(t);
  const first = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  await dsql(["sql", "--data-dir", dataDir, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)"]);
  first.process.kill("SIGKILL");
  await first.ended;
  assert.equal((await dsql(["status", "--data-dir", dataDir])).code, 3);

  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const read = await dsql(["sql", "--data-dir", dataDir, "--json", "SELECT id FROM t"]);
  assert.deepEqual(JSON.parse(read.stdout), { tag: "SELECT 1", rows: [{ id: 7 }] });
});

test("stop --now does not wait for an open transaction, and what was committed stays", async (t) => {
  const dataDir = newDataDir(t);
  const stack = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  await dsql(["sql", "--data-dir", dataDir, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)"]);
  await withConnection(await stackPoolOptions(stack.facts), async (client) => {
    await client.query("BEGIN; UPDATE t SET id = 8");
    assert.equal((await dsql(["stop", "--now", "--data-dir", dataDir])).code, 0);
    assert.equal(await stack.ended, 0);
  });
  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const read = await dsql(["sql", "--data-dir", dataDir, "--json", "SELECT id FROM t"]);
  assert.deepEqual(JSON.parse(read.stdout), { tag: "SELECT 1", rows: [{ id: 7 }] });
});

test("a port that was asked for and is taken is an error that says what to do", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const dataDir = newDataDir(t);
  const outcome = await dsql(["start", "--data-dir", dataDir, "--port", String(port), "--aws-port", "0"]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken`));
  assert.match(outcome.stderr, /--port 0 takes any free one/);
  assert.ok(!existsSync(dataDir));
});

test("three stacks started at the same moment all come up, each on ports of its own", async (t) => {
  const dirs = ["a", "b", "c"].map((name) => newDataDir(t, name));
  const stacks = await Promise.all(dirs.map((dataDir) => startStack(t, ["--data-dir", dataDir])));
  const ports = stacks.flatMap(({ facts }) => [facts.port, Number(new URL(facts.awsEndpoint).port)]);
  assert.equal(new Set(ports).size, 6);
});

test(
  "a data directory that cannot be made is an error at once",
  { skip: process.platform !== "linux" && "there is no /proc" },
  async () => {
    for (const dataDir of ["/proc/nowhere", "/proc/nowhere/below"]) {
      const outcome = await dsql(["start", "--data-dir", dataDir, ...freePorts]);
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /The data directory \/proc\/nowhere.* cannot be written \(ENOENT\)/);
    }
  },
);

test("reset removes a data directory of ours that nobody uses, when that is meant", async (t) => {
  const dataDir = newDataDir(t);
  const stack = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  assert.equal((await dsql(["reset", "--yes", "--data-dir", dataDir])).code, 1, "it is in use");
  stack.process.kill("SIGTERM");
  await stack.ended;
  assert.equal((await dsql(["reset", "--data-dir", dataDir])).code, 2, "nobody can be asked");
  assert.equal(
    (await dsql(["reset", "--yes", "--data-dir", path.dirname(dataDir)])).code,
    1,
    "it is not ours",
  );
  assert.ok(existsSync(dataDir));
  assert.equal((await dsql(["reset", "--yes", "--data-dir", dataDir])).code, 0);
  assert.ok(!existsSync(dataDir));
});

test("--region chooses the Region of a new cluster, and cannot change that of an old one", async (t) => {
  const dataDir = newDataDir(t);
  const stack = await startStack(t, ["--data-dir", dataDir, ...freePorts, "--region", "eu-central-1"]);
  assert.equal(stack.facts.region, "eu-central-1");
  assert.match(stack.facts.clusterEndpoint, /\.dsql\.eu-central-1\.on\.aws$/);
  stack.process.kill("SIGTERM");
  await stack.ended;

  const other = await dsql(["start", "--data-dir", dataDir, ...freePorts, "--region", "us-east-1"]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /is in eu-central-1, not in us-east-1/);
  assert.equal((await dsql(["status", "--data-dir", dataDir])).code, 3);
});

test(
  "the data directory is closed to other users",
  { skip: process.platform === "win32" && "modes mean nothing there" },
  async (t) => {
    const { facts } = await startStack(t, ["--data-dir", newDataDir(t), ...freePorts]);
    assert.equal(statSync(path.join(facts.dataDir, "identities.json")).mode & 0o077, 0);
    assert.equal(statSync(path.join(facts.dataDir, "lock.json")).mode & 0o077, 0);
  },
);

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
