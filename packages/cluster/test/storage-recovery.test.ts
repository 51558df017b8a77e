/** Storage whose processes are killed: no PostgreSQL is left over, nothing committed is lost, the next start works. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { StorageExit } from "../src/storage/index.ts";
import {
  eventually,
  isAlive,
  query,
  queryAsSuperuser,
  startStorage,
  startStorageProcess,
  temporaryDataDir,
} from "./storage-helper.ts";

/** A signal is only on its way when `kill()` returns. */
async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

const oneRow = ["CREATE TABLE account (id int)", "INSERT INTO account VALUES (7)"];

test("when its owner is killed, PostgreSQL ends by itself and the next start finds what was committed", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const { child, postmaster, guardian, address } = await startStorageProcess(t, dataDir);
  await query(address, "admin", ...oneRow);
  await killed(child);
  await eventually(
    "PostgreSQL and its guardian have ended",
    () => !isAlive(postmaster) && !isAlive(guardian),
  );
  if ("path" in address) assert.ok(!existsSync(dirname(address.path)), "the socket's folder is gone");
  const storage = await startStorage(t, dataDir);
  assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
});

test("a start right after its owner was killed does not wait for the guardian in vain", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const { child, address } = await startStorageProcess(t, dataDir);
  await query(address, "admin", ...oneRow);
  await killed(child);
  const storage = await startStorage(t, dataDir);
  assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
});

test(
  "a PostgreSQL that lost owner and guardian at once is ended by the next start",
  { skip: process.platform === "win32" },
  async (t) => {
    const dataDir = await temporaryDataDir(t);
    const { child, postmaster, guardian, address } = await startStorageProcess(t, dataDir);
    await query(address, "admin", ...oneRow);
    process.kill(guardian, "SIGSTOP"); // It must not act between the two deaths.
    await killed(child);
    process.kill(guardian, "SIGKILL");
    await eventually("the guardian has ended", () => !isAlive(guardian));
    assert.ok(isAlive(postmaster));
    const storage = await startStorage(t, dataDir);
    assert.ok(!isAlive(postmaster));
    assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
  },
);

for (const which of ["postmaster", "guardian"] as const) {
  test(`when the ${which} is killed, storage says so, leaves no process, and can be started again`, async (t) => {
    const storage = await startStorage(t, await temporaryDataDir(t));
    await query(storage.address, "admin", ...oneRow);
    const { postmaster, guardian } = storage.processes;
    const exit = new Promise<StorageExit>((resolve) => storage.onExit(resolve));
    process.kill((which === "postmaster" ? postmaster : guardian) ?? 0, "SIGKILL");
    assert.equal((await exit).expected, false);
    assert.match((await exit).reason, /SIGKILL/);
    assert.ok(!isAlive(postmaster ?? 0) && !isAlive(guardian ?? 0));
    await storage.start();
    assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
  });
}

test("a backend that computes when the postmaster is killed does not let two PostgreSQLs work at once", async (t) => {
  const storage = await startStorage(t, await temporaryDataDir(t));
  const busy = query(
    storage.address,
    "admin",
    "SELECT count(*) FROM generate_series(1, 20000000) AS a(i) WHERE i % 7 = 3",
  );
  const settled = busy.catch(() => undefined);
  await eventually("it computes", async () => {
    const active = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND usename = 'admin'";
    return (await queryAsSuperuser(storage.address, active)).length === 1;
  });
  const exit = new Promise((resolve) => storage.onExit(resolve));
  process.kill(storage.processes.postmaster ?? 0, "SIGKILL");
  await exit;
  await storage.start();
  assert.deepEqual(await query(storage.address, "admin", "SELECT 1 AS one"), [{ one: 1 }]);
  await settled;
});

test(
  "when a backend is killed, PostgreSQL recovers by itself",
  { skip: process.platform === "win32" },
  async (t) => {
    const storage = await startStorage(t, await temporaryDataDir(t));
    await query(storage.address, "admin", ...oneRow);
    const killed = query(
      storage.address,
      "admin",
      "SET application_name = 'victim'",
      "SELECT pg_sleep(60)",
    ).catch(() => undefined);
    const victims = "SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND state = 'active'";
    let pid = 0;
    await eventually("the backend sleeps", async () => {
      const rows = (await queryAsSuperuser(storage.address, victims)) as { pid: number }[];
      pid = rows[0]?.pid ?? 0;
      return pid > 0;
    });
    process.kill(pid, "SIGKILL");
    await killed;
    await eventually("a connection is possible again", async () => {
      const rows = await query(storage.address, "admin", "SELECT id FROM account").catch(() => []);
      return rows.length === 1;
    });
  },
);

test(
  "Ctrl-C in the terminal does not reach PostgreSQL before its owner",
  { skip: process.platform === "win32" },
  async (t) => {
    const dataDir = await temporaryDataDir(t);
    const { child, address, postmaster, guardian } = await startStorageProcess(t, dataDir);
    process.kill(-(child.pid ?? 0), "SIGINT"); // The terminal signals a whole process group; this owner goes on.
    assert.deepEqual(await query(address, "admin", "SELECT 1 AS one"), [{ one: 1 }]);
    assert.ok(isAlive(postmaster) && isAlive(guardian));
  },
);
