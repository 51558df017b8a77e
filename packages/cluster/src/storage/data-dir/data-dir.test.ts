import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, readdir, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { acquireDataDir, readLock } from "./data-dir.ts";

async function emptyDir(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "data-dir-test-")));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

const since = "2026-01-01T00:00:00.000Z";

test("a lock of a process that is dead is taken over", async (t) => {
  const dataDir = await emptyDir(t);
  await writeFile(join(dataDir, "lock.json"), JSON.stringify({ pid: deadPid(), startedAt: since }));
  assert.equal(await readLock(dataDir), undefined);
  await acquireDataDir(dataDir);
  assert.equal((await readLock(dataDir))?.pid, process.pid);
});

test(
  "a lock is taken over when its process id belongs to a later process",
  { skip: process.platform === "win32" },
  async (t) => {
    const dataDir = await emptyDir(t);
    const lock = { pid: process.pid, startedAt: since, processStart: "another boot:4711" };
    await writeFile(join(dataDir, "lock.json"), JSON.stringify(lock));
    await acquireDataDir(dataDir);
    assert.notEqual((await readLock(dataDir))?.startedAt, since);
  },
);

test("a lock that was never finished is taken over", async (t) => {
  for (const content of ["", '{"pid":', "[]", "{}"]) {
    const dataDir = await emptyDir(t);
    await writeFile(join(dataDir, "lock.json"), content);
    await (await acquireDataDir(dataDir)).release();
  }
});

for (const [what, removal] of [
  ["of a process that is dead", JSON.stringify({ pid: deadPid(), startedAt: since })],
  ["that says nothing", ""],
] as const) {
  test(`a removal ${what} stops nobody, whatever the clock says`, async (t) => {
    const dataDir = await emptyDir(t);
    const stale = { pid: deadPid(), startedAt: "2999-01-01T00:00:00.000Z" };
    await writeFile(join(dataDir, "lock.json"), JSON.stringify(stale));
    await writeFile(join(dataDir, "lock.json.removal"), removal);
    const future = new Date(Date.now() + 3_600_000);
    for (const name of ["lock.json", "lock.json.removal"]) await utimes(join(dataDir, name), future, future);
    await acquireDataDir(dataDir);
    assert.equal((await readLock(dataDir))?.pid, process.pid);
    assert.deepEqual(await readdir(dataDir), [".gitignore", "lock.json"]);
  });
}

test("details that somebody has damaged are as good as none; whose the lock is counts", async (t) => {
  const dataDir = await emptyDir(t);
  const whole = {
    pid: process.pid,
    startedAt: since,
    clusterId: "a",
    port: 5432,
    awsEndpoint: "http://127.0.0.1:1",
  };
  for (const damage of [
    { port: "many" },
    { port: 70_000 },
    { awsEndpoint: "nowhere" },
    { caFile: 7 },
    { host: null },
  ]) {
    await writeFile(join(dataDir, "lock.json"), JSON.stringify({ ...whole, ...damage }));
    assert.deepEqual(await readLock(dataDir), { pid: process.pid, startedAt: since });
    await assert.rejects(acquireDataDir(dataDir), { problem: /has been using/ });
  }
});

test("of many that find a stale lock at once, one gets the directory", async (t) => {
  const dataDir = await emptyDir(t);
  await writeFile(join(dataDir, "lock.json"), JSON.stringify({ pid: deadPid(), startedAt: since }));
  const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => acquireDataDir(dataDir)));
  assert.equal(attempts.filter(({ status }) => status === "fulfilled").length, 1);
  assert.deepEqual(await readdir(dataDir), [".gitignore", "lock.json"]);
});

test("a lock that another process took is not released by us", async (t) => {
  const dataDir = await emptyDir(t);
  const lock = await acquireDataDir(dataDir);
  const others = JSON.stringify({ pid: process.ppid, startedAt: since });
  await writeFile(join(dataDir, "lock.json"), others);
  await lock.release();
  assert.equal(await readFile(join(dataDir, "lock.json"), "utf8"), others);
});

test(
  "a new data directory and its lock are closed to others",
  { skip: process.platform === "win32" },
  async (t) => {
    const dataDir = join(await emptyDir(t), "a", "b");
    await acquireDataDir(dataDir);
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    assert.equal((await stat(join(dataDir, "lock.json"))).mode & 0o777, 0o600);
  },
);

test("what a killed start left, and what systems put into folders, does not make a directory foreign", async (t) => {
  const dataDir = await emptyDir(t);
  for (const name of [".DS_Store", "cluster.json", "identities.json.a1b2.new", "lock.json.0123456789ab"]) {
    await writeFile(join(dataDir, name), "");
  }
  await (await acquireDataDir(dataDir)).release();
});

test("what people put into a directory that is ours, and an audit log in one that is not yet, does no harm", async (t) => {
  const used = await emptyDir(t);
  for (const name of ["cluster.json", "notes.txt"]) await writeFile(join(used, name), "");
  await (await acquireDataDir(used)).release();
  const fresh = await emptyDir(t);
  for (const name of ["mcp-audit.jsonl", "mcp-audit.jsonl.1"]) await writeFile(join(fresh, name), "");
  await (await acquireDataDir(fresh)).release();
});
