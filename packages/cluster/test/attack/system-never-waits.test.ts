/** No request of the system waits for ever: not for a client's lock, not for a process that does not answer. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/base/index.ts";
import { systemRole } from "../../src/storage/system-schema/index.ts";
import { encodeFrontend } from "../../src/wire/index.ts";
import { Backend } from "../../src/backend/backend.ts";
import { PostgresError } from "../../src/backend/request.ts";
import { SystemConnection, systemSettings } from "../../src/backend/system-connection.ts";
import { type RunningCluster, runCluster, within } from "../running-cluster.ts";
import { eventually } from "../storage-helper.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
  const admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await admin.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 10) AS n");
});
after(() => running.stop());

interface Opened {
  readonly system: SystemConnection;
  readonly events: string[];
}

function open(parameters: Readonly<Record<string, string>>, user = systemRole): Opened {
  const events: string[] = [];
  const address = running.cluster.storageAddress;
  const system = new SystemConnection({
    name: "test",
    clock: systemClock,
    log: ({ event }) => events.push(event),
    connect: () => Backend.connect({ address, user, parameters }),
    explain: () => Promise.resolve("a test"),
    requestMsMax: 300,
  });
  return { system, events };
}

test("a request for a row that a client holds ends with an error", async () => {
  const holder = await running.connect();
  await holder.query("BEGIN; UPDATE account SET balance = 1 WHERE id = 1");
  const { system } = open({ ...systemSettings, lock_timeout: "100ms" }, "admin");
  const asked = within("it ends", () => system.request("SELECT FROM public.account WHERE id = 1 FOR UPDATE"));
  await assert.rejects(asked, { sqlstate: "55P03" });
  await holder.query("ROLLBACK");
  system.close();
});

test("a request that is older than the bound is cancelled, told of, and the next is answered", async () => {
  const { system, events } = open({});
  await assert.rejects(
    within("it ends", () => system.request("SELECT pg_sleep(1000)")),
    (error) => error instanceof PostgresError && error.sqlstate === "57014",
  );
  assert.deepEqual((await system.request("SELECT 1")).rows, [["1"]]);
  await eventually("the log has it", () => Promise.resolve(events.includes("system.requestOverdue")));
  assert.ok(!events.includes("system.connectionReplaced"));
  system.close();
});

test("a process that does not answer is given up, and all that waited for it hear so", async () => {
  const { system, events } = open({});
  const { processId } = await system.open();
  process.kill(processId, "SIGSTOP");
  try {
    const waiting = ["SELECT 1", "SELECT 2"].map((text) => system.request(text));
    for (const one of await within("all end", () => Promise.allSettled(waiting))) {
      assert.equal(one.status, "rejected");
    }
    assert.ok(events.includes("system.connectionReplaced"));
    assert.deepEqual((await within("the next is answered", () => system.request("SELECT 3"))).rows, [["3"]]);
  } finally {
    process.kill(processId, "SIGCONT");
    system.close();
  }
});

test("a transaction that asks the catalog while a change of it waits for that transaction", async () => {
  const [changer, other] = await Promise.all([running.connect(), running.connect()]);
  await changer.query("CREATE TABLE busy (id int PRIMARY KEY, n int)");
  await changer.query("INSERT INTO busy VALUES (1, 0)");
  const raw = await running.raw();
  // The statement holds its table while it runs; the next one is already there when it ends.
  raw.send(
    encodeFrontend.query("BEGIN"),
    encodeFrontend.query("SELECT n FROM busy, pg_sleep(1)"),
    encodeFrontend.query("UPDATE busy SET n = n + 1 WHERE id = 1"),
  );
  assert.equal(await raw.shape(), "C Z");
  const changed = changer.query("ALTER TABLE busy ADD COLUMN m int");
  await other.query("CREATE TABLE makes_the_catalog_forget (id int PRIMARY KEY)");
  assert.equal(await raw.shape(), "T D C Z");
  assert.equal(await raw.shape(), "C Z");
  await within("the change is made", () => changed);
  raw.send(encodeFrontend.query("COMMIT"));
  assert.equal(await raw.shape(), "E40001 Z");
});

test("a change that waits for a long statement: who asks about its table is told, others are served", async () => {
  const [changer, other, third] = await Promise.all([
    running.connect(),
    running.connect(),
    running.connect(),
  ]);
  await changer.query("CREATE TABLE long_read (id int PRIMARY KEY, n int)");
  await changer.query("INSERT INTO long_read VALUES (1, 0)");
  const raw = await running.raw();
  raw.send(encodeFrontend.query("SELECT n FROM long_read, pg_sleep(600)"));
  const changed = changer.query("ALTER TABLE long_read ADD COLUMN m int");
  const ask = async (): Promise<unknown> => {
    // Has the catalog asked anew.
    await other.query("CREATE TABLE IF NOT EXISTS forgotten (id int PRIMARY KEY)");
    await other.query("DROP TABLE forgotten");
    return await third.query("UPDATE long_read SET n = n + 1 WHERE id = 2").catch((error: unknown) => error);
  };
  // Until the change waits, the table can be asked about.
  await eventually("who asks is told", async () => /\(OC001\)/.test(String(await ask())));
  const asked = ask();
  for (let n = 1; n <= 10; n += 1) await other.query(`UPDATE account SET balance = ${n} WHERE id = ${n}`);
  await within("who asks is told again", () => asked);
  raw.socket.destroy();
  await within("the change is made", () => changed);
});
