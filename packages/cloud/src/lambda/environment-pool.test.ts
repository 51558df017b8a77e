import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EnvironmentPool } from "./environment-pool.ts";
import { environmentIdleMs, environmentsAtOncePerThread } from "./limits.ts";

const source = `
  let calls = 0;
  exports.handler = async ({ waitMs }) => {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return [(calls += 1), process.env.AWS_ACCESS_KEY_ID, require("node:worker_threads").threadId];
  };`;

function startPool(
  t: TestContext,
  threadsMax = 1,
  variables = (): Record<string, string> => ({ AWS_ACCESS_KEY_ID: "first" }),
): EnvironmentPool {
  const folder = mkdtempSync(join(tmpdir(), "dsql-local-pool-"));
  const taskRoot = join(folder, "code");
  mkdirSync(taskRoot);
  writeFileSync(join(taskRoot, "index.js"), source);
  const pool = new EnvironmentPool({
    functionName: "transfer",
    settings: {
      functionName: "transfer",
      functionArn: "arn:aws:lambda:us-east-1:123456789012:function:transfer",
      version: "$LATEST",
      handler: "index.handler",
      runtime: "nodejs22.x",
      memoryMb: 128,
      timeoutMs: 60_000,
      taskRoot,
      log: { group: "/aws/lambda/transfer", directory: join(folder, "logs"), isJson: false },
    },
    variables,
    clusterVariables: {},
    threadsMax,
    heapMbMax: 256,
  });
  t.after(async () => {
    await pool.end();
    rmSync(folder, { recursive: true, force: true });
  });
  return pool;
}

async function call(
  pool: EnvironmentPool,
  waitMs: number,
): Promise<[calls: number, key: string, thread: number]> {
  const invocation = { requestId: "request-1", qualifier: "", wantsLogTail: false, clientContext: "" };
  const { payload } = await pool.invoke({ ...invocation, payload: JSON.stringify({ waitMs }) });
  return JSON.parse(payload) as [number, string, number];
}

test("the environment used last serves first", async (t) => {
  const pool = startPool(t);
  await Promise.all([call(pool, 20), call(pool, 20), call(pool, 20)]);

  assert.equal((await call(pool, 0))[0], 2);
  assert.equal((await call(pool, 0))[0], 3);
  assert.equal(pool.environmentCount, 3);
});

test("environments that stay idle are dropped, and a thread ends with its last one", async (t) => {
  const pool = startPool(t);
  await Promise.all([call(pool, 20), call(pool, 20)]);

  pool.dropIdle(performance.now());
  assert.deepEqual([pool.environmentCount, pool.threadCount], [2, 1]);
  pool.dropIdle(performance.now() + environmentIdleMs);
  assert.deepEqual([pool.environmentCount, pool.threadCount], [0, 0]);
  assert.equal((await call(pool, 0))[0], 1);
});

test("environments are spread over the threads", async (t) => {
  const pool = startPool(t, 2);

  const threads = (await Promise.all([call(pool, 50), call(pool, 50), call(pool, 50), call(pool, 50)])).map(
    ([, , thread]) => thread,
  );

  const [first] = threads;
  assert.equal(threads.filter((thread) => thread === first).length, 2);
  assert.equal(pool.threadCount, 2);
});

test("renewed credentials reach the environments that exist and those made later", async (t) => {
  const pool = startPool(t);
  assert.equal((await call(pool, 0))[1], "first");

  pool.updateCredentials({ AWS_ACCESS_KEY_ID: "second" });

  const keys = (await Promise.all([call(pool, 20), call(pool, 20)])).map(([, key]) => key);
  assert.deepEqual(keys, ["second", "second"]);
});

test("environments that are held ready are not dropped for being idle, others are", async (t) => {
  const pool = startPool(t);
  pool.provision(2);
  await pool.whenProvisioned(AbortSignal.timeout(60_000));
  assert.deepEqual(pool.provisioning, { wanted: 2, ready: 2 });
  await Promise.all([call(pool, 20), call(pool, 20), call(pool, 20), call(pool, 20)]);
  pool.dropIdle(performance.now() + environmentIdleMs + 1);
  assert.equal(pool.environmentCount, 2);
  pool.provision(0);
  pool.dropIdle(performance.now() + environmentIdleMs + 1);
  assert.equal(pool.environmentCount, 0);
});

test("an invocation that waits is refused when its thread is gone and no other can be started", async (t) => {
  let isRoleGone = false;
  const pool = startPool(t, 1, () => {
    if (isRoleGone) throw new Error("the role is gone");
    return { AWS_ACCESS_KEY_ID: "first" };
  });
  const underWay = Array.from({ length: environmentsAtOncePerThread }, () => call(pool, 60_000));
  const refused = assert.rejects(call(pool, 0), /the role is gone/);
  isRoleGone = true;
  // Later and later, until the thread counts as blocked.
  for (let nowMs = performance.now(); pool.threadCount > 0; nowMs += 1_000_000) pool.checkPulse(nowMs);

  await refused;
  await Promise.all(underWay);
});

test("a pool has ended only when the threads that it had dropped before have", async (t) => {
  const pool = startPool(t);
  await call(pool, 0);
  pool.retire();
  assert.deepEqual([pool.threadCount, pool.isOver], [0, false]);
  await pool.end();
  assert.equal(pool.isOver, true);
});
