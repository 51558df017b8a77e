/** Faults on demand, with a real driver: each does what the service does, and none breaks what it promises. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { errors } from "@dsql-local/spec";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;
let admin: pg.Client;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await admin.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 20) AS n");
  await admin.query("CREATE TABLE other (id int PRIMARY KEY)");
});
afterEach(() => running.cluster.faults.clear());
after(() => running.stop());

async function balance(id: number): Promise<number> {
  const { rows } = await admin.query<{ balance: number }>("SELECT balance FROM account WHERE id = $1", [id]);
  return rows[0]?.balance ?? 0;
}

async function outcomes(count: number, run: () => Promise<unknown>): Promise<string[]> {
  const codes: string[] = [];
  for (let call = 0; call < count; call++) {
    codes.push(
      await run().then(
        () => "ok",
        (error: unknown) => (error as { code: string }).code,
      ),
    );
  }
  return codes;
}

test("a conflict hits every third commit to its table, rolls it back, and ends after its times", async () => {
  using fault = running.cluster.faults.inject({ kind: "conflict", table: "account", every: 3, times: 2 });
  const add = (): Promise<unknown> => admin.query("UPDATE account SET balance = balance + 1 WHERE id = 1");
  const codes = await outcomes(10, add);
  assert.deepEqual(codes, ["ok", "ok", "40001", "ok", "ok", "40001", "ok", "ok", "ok", "ok"]);
  assert.equal(await balance(1), 108);
  assert.equal(fault.injected, 2);
  const conflict = running.cluster.conflicts().at(-1);
  assert.equal(conflict?.isInjected, true);
  assert.equal(conflict.relation, "account");
  assert.deepEqual(conflict.candidates, []);
});

test("a conflict is heard at COMMIT in a block, and spares those who write nothing", async () => {
  using _ = running.cluster.faults.inject({ kind: "conflict" });
  await admin.query("BEGIN");
  await admin.query("UPDATE account SET balance = 0 WHERE id = 2");
  await assert.rejects(admin.query("COMMIT"), { code: "40001", message: /\(OC000\)/ });
  assert.equal(await balance(2), 100);
});

test("filters spare other tables, roles and applications", async () => {
  using _ = running.cluster.faults.inject({ kind: "conflict", table: "account", applicationName: "worker" });
  const worker = await running.connect({ application_name: "worker" });
  await worker.query("INSERT INTO other VALUES (1)");
  await admin.query("UPDATE account SET balance = 100 WHERE id = 3");
  await assert.rejects(worker.query("UPDATE account SET balance = 0 WHERE id = 3"), { code: "40001" });
});

test("a schema conflict is an OC001", async () => {
  using _ = running.cluster.faults.inject({ kind: "schema-conflict", times: 1 });
  await assert.rejects(admin.query("UPDATE account SET balance = 0 WHERE id = 4"), { message: /\(OC001\)/ });
  assert.equal(await balance(4), 100);
});

test("a connection lost before COMMIT leaves nothing; lost after it, everything", async () => {
  for (const [at, left] of [
    ["before-commit", 100],
    ["after-commit", 7],
  ] as const) {
    using _ = running.cluster.faults.inject({ kind: "lose-connection", at, applicationName: "block" });
    const block = await running.connect({ application_name: "block" });
    await block.query("BEGIN");
    await block.query("UPDATE account SET balance = 7 WHERE id = 5");
    await assert.rejects(block.query("COMMIT"), /Connection terminated/);
    await eventually("the fault has left what it must", async () => (await balance(5)) === left);
    await admin.query("UPDATE account SET balance = 100 WHERE id = 5");
  }
});

test("a connection lost in the middle of a result", async () => {
  using _ = running.cluster.faults.inject({
    kind: "lose-connection",
    at: "mid-result",
    applicationName: "reader",
  });
  const reader = await running.connect({ application_name: "reader" });
  await assert.rejects(reader.query("SELECT * FROM account"), /Connection terminated/);
});

test("connections are refused in the service's words", async () => {
  for (const [at, { sqlstate: code, message }] of [
    ["access-denied", errors.accessDenied],
    ["rate-exceeded", errors.connectionRate],
    ["waking-up", errors.wakingUp],
  ] as const) {
    using _ = running.cluster.faults.inject({ kind: "refuse-connection", at, times: 1 });
    await assert.rejects(running.connect(), { code, message });
    await (await running.connect()).query("SELECT 1");
  }
});

test("an unavailable server fails the statement, and the session goes on", async () => {
  using _ = running.cluster.faults.inject({ kind: "unavailable", table: "account", times: 1 });
  await assert.rejects(balance(1), { code: "XX000", message: "server unavailable" });
  assert.equal(await balance(6), 100);
});

test("what is slow waits until its fault is ended", async () => {
  for (const at of ["statement", "commit", "connect"] as const) {
    using fault = running.cluster.faults.inject({
      kind: "slow",
      at,
      delayMs: 600_000,
      applicationName: "slow",
    });
    const work = (async () => {
      const slow = await running.connect({ application_name: "slow" });
      await slow.query("BEGIN");
      await slow.query("UPDATE account SET balance = 100 WHERE id = 8");
      await slow.query("COMMIT");
    })();
    await eventually("the fault has hit", () => fault.injected > 0);
    fault.end();
    await work;
  }
});

test("an index build waits until it is released, or fails", async () => {
  const status = async (id: string): Promise<string | undefined> => {
    const { rows } = await admin.query<{ status: string }>("SELECT status FROM sys.jobs WHERE job_id = $1", [
      id,
    ]);
    return rows[0]?.status;
  };
  const build = async (column: string): Promise<string> => {
    const { rows } = await admin.query<{ job_id: string }>(`CREATE INDEX ASYNC ON account (${column})`);
    return rows[0]?.job_id ?? "";
  };
  const slow = running.cluster.faults.inject({ kind: "slow-index-build", table: "account" });
  const first = await build("balance");
  await eventually("the build is held", () => slow.injected === 1);
  assert.notEqual(await status(first), "completed");
  slow.end();
  await eventually("the build is completed", async () => (await status(first)) === "completed");
  using _ = running.cluster.faults.inject({ kind: "fail-index-build" });
  const second = await build("balance, id");
  await eventually("the build has failed", async () => (await status(second)) === "failed");
});

test("the same seed hits the same calls", async () => {
  // A table of its own: the end of an index build on `account` is one more 40001 (OC001) for whoever writes to it next.
  await admin.query("CREATE TABLE seeded (id int PRIMARY KEY, n int NOT NULL)");
  await admin.query("INSERT INTO seeded VALUES (1, 0)");
  const run = async (): Promise<string[]> => {
    using _ = running.cluster.faults.inject({ kind: "conflict", probability: 0.5, seed: 4711 });
    return await outcomes(12, () => admin.query("UPDATE seeded SET n = n + 1 WHERE id = 1"));
  };
  const first = await run();
  assert.deepEqual(await run(), first);
  assert.deepEqual(new Set(first), new Set(["ok", "40001"]));
});

test("each fault that hits is an event; a list shows what there is, and clear ends it", async () => {
  const seen: string[] = [];
  const end = running.cluster.events.on("faultInjected", ({ kind }) => seen.push(kind));
  running.cluster.faults.inject({ kind: "unavailable" });
  assert.deepEqual(
    running.cluster.faults.list().map(({ options, injected }) => [options.kind, injected]),
    [["unavailable", 0]],
  );
  await assert.rejects(admin.query("SELECT 1"));
  end();
  assert.deepEqual(seen, ["unavailable"]);
  running.cluster.faults.clear();
  assert.deepEqual(running.cluster.faults.list(), []);
  await admin.query("SELECT 1");
});

test("a fault that cannot be meant is refused with what to write", () => {
  const { faults } = running.cluster;
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => faults.inject(options as never), { name: "RangeError", message });
  };
  refused({ kind: "earthquake" }, /there is no fault "earthquake"; there are: conflict, /);
  refused(
    { kind: "conflict", tables: "account" },
    /no "tables"; beside kind it has: at, role, applicationName, table/,
  );
  refused({ kind: "conflict", every: 0 }, /every is a whole number from 1/);
  refused({ kind: "conflict", every: 2, probability: 0.5 }, /every or probability/);
  refused({ kind: "conflict", probability: 0 }, /would never happen/);
  refused({ kind: "conflict", table: "" }, /table is a name/);
  refused({ kind: "refuse-connection", table: "account" }, /a connection has none/);
  refused({ kind: "slow" }, /needs delayMs/);
  refused({ kind: "lose-connection", at: "lunch" }, /before-commit, after-commit, mid-result/);
  assert.deepEqual(faults.list(), []);
});
