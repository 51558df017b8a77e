/** PostgreSQL loses backends or goes away altogether: clients hear an error, the cluster goes on, what was committed stays. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { encodeFrontend } from "../src/wire/index.ts";
import { type RunningCluster, runCluster, sqlstateOf, within } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
  const admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await admin.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 100) AS n");
});
after(() => running.stop());

/** What a client hears when PostgreSQL goes away: the service's words, or PostgreSQL's own last ones. */
const lossWords = /^(?:XX000 server unavailable|57P0[123] )/;

async function lossOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof pg.DatabaseError
      ? `${error.code ?? ""} ${error.message}`
      : `closed: ${String(error)}`;
  }
}

async function isServing(): Promise<boolean> {
  const client = new pg.Client(running.cluster.connection());
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT balance FROM account WHERE id = 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Waits for the PostgreSQL after this one: backends of a killed one answer for a moment yet. */
async function servesAgain(postmaster: number): Promise<void> {
  await eventually("the cluster serves again", async () => {
    const { postmasterProcessId } = running.cluster;
    return ![undefined, postmaster].includes(postmasterProcessId) && (await isServing());
  });
}

/** A process of PostgreSQL that is another one after each crash of a backend. */
async function checkpointer(): Promise<number | undefined> {
  const rows = await running
    .storage("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    .catch(() => []);
  return (rows as { pid: number }[])[0]?.pid;
}

/** Ends the process of a backend that `text` finds, as its own fault. */
async function endBackend(condition: string): Promise<void> {
  const rows = (await running.storage(
    `SELECT pid FROM pg_stat_activity WHERE usename = 'admin' AND ${condition} LIMIT 1`,
  )) as { pid: number }[];
  const pid = rows[0]?.pid;
  assert.ok(pid !== undefined, `a backend with ${condition}`);
  process.kill(pid, "SIGTERM");
  await eventually("the backend is gone", async () => {
    const left = await running.storage(`SELECT FROM pg_stat_activity WHERE pid = ${pid}`);
    return left.length === 0;
  });
}

test("a backend that ends while nobody uses it is replaced", async () => {
  const client = await running.connect();
  await client.query("SELECT 1");
  await endBackend("state = 'idle'");
  assert.equal((await client.query("SELECT 1 AS one")).rowCount, 1);
});

test("a backend that ends under an idle block fails the block's next statement, and its session goes on", async () => {
  const client = await running.connect();
  await client.query("BEGIN");
  await client.query("UPDATE account SET balance = 0 WHERE id = 1");
  await endBackend("state = 'idle in transaction'");
  assert.match(await lossOf(client.query("SELECT 1")), lossWords);
  assert.match(await lossOf(client.query("SELECT 1")), /^25P02 /);
  assert.equal((await client.query("COMMIT")).command, "ROLLBACK");
  assert.deepEqual((await client.query("SELECT balance FROM account WHERE id = 1")).rows, [{ balance: 100 }]);
});

test("a backend that ends before COMMIT fails it: nothing was committed", async () => {
  const client = await running.connect();
  await client.query("BEGIN");
  await client.query("UPDATE account SET balance = 0 WHERE id = 2");
  await endBackend("state = 'idle in transaction'");
  assert.match(await lossOf(client.query("COMMIT")), lossWords);
  assert.deepEqual((await client.query("SELECT balance FROM account WHERE id = 2")).rows, [{ balance: 100 }]);
});

test("a backend that ends under a statement fails it", async () => {
  const client = await running.connect();
  const loss = lossOf(client.query("SELECT pg_sleep(30)"));
  await eventually("the statement runs", async () =>
    (await running.backends()).some(({ state }) => state === "active"),
  );
  await endBackend("state = 'active'");
  assert.match(await loss, lossWords);
  assert.equal((await client.query("SELECT 1")).rowCount, 1);
});

test("a backend killed outright takes the others with it, and the cluster goes on", async () => {
  const client = await running.connect();
  await client.query("BEGIN");
  await client.query("UPDATE account SET balance = 0 WHERE id = 3");
  const before = await checkpointer();
  const victim = (await running.backends()).find(({ state }) => state === "idle in transaction");
  assert.ok(victim !== undefined);
  process.kill(victim.pid, "SIGKILL");
  await eventually(
    "PostgreSQL has begun anew",
    async () => ![undefined, before].includes(await checkpointer()),
  );
  await eventually("the cluster serves again", isServing);
  assert.match(await lossOf(client.query("COMMIT")), lossWords);
  assert.deepEqual((await client.query("SELECT balance FROM account WHERE id = 3")).rows, [{ balance: 100 }]);
});

test("PostgreSQL that is killed in the middle of commits is started again; every acknowledged commit is there", async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => running.connect()));
  const acknowledged = clients.map(() => 0);
  const postmaster = running.cluster.postmasterProcessId;
  assert.ok(postmaster !== undefined);
  const working = clients.map(async (client, number) => {
    for (;;) {
      const loss = await lossOf(
        client.query("UPDATE account SET balance = balance + 1 WHERE id = $1", [number + 10]),
      );
      if (loss !== "none") return loss;
      acknowledged[number] = (acknowledged[number] ?? 0) + 1;
    }
  });
  await eventually("commits are acknowledged", () => acknowledged.every((count) => count > 5));
  process.kill(postmaster, "SIGKILL");
  for (const loss of await within("every client hears of it", () => Promise.all(working))) {
    assert.match(loss, lossWords);
  }
  await servesAgain(postmaster);
  const client = await running.connect();
  const { rows } = await client.query<{ balance: number }>(
    "SELECT balance FROM account WHERE id BETWEEN 10 AND 17 ORDER BY id",
  );
  for (const [number, { balance }] of rows.entries()) {
    const least = 100 + (acknowledged[number] ?? 0);
    // A commit whose answer was lost may have been made.
    assert.ok(balance === least || balance === least + 1, `account ${number + 10}: ${balance} for ${least}`);
  }
});

test("who connects while PostgreSQL is away is told so, and no session is a defect", async () => {
  const postmaster = running.cluster.postmasterProcessId;
  assert.ok(postmaster !== undefined);
  process.kill(postmaster, "SIGKILL");
  const codes: string[] = [];
  await eventually("the cluster serves again", async () => {
    const client = new pg.Client({ ...running.cluster.connection(), options: "-c timezone=UTC" });
    client.on("error", () => undefined);
    const loss = await lossOf(client.connect().then(() => client.query("SELECT 1")));
    await client.end().catch(() => undefined);
    if (loss !== "none") codes.push(loss);
    // Backends of the killed postmaster answer for a moment yet: only those of the next one count.
    return loss === "none" && ![undefined, postmaster].includes(running.cluster.postmasterProcessId);
  });
  for (const code of codes) assert.match(code, lossWords);
});

test("a session in the extended protocol stays in step when its backend ends in the middle of a pipeline", async () => {
  const raw = await running.raw();
  raw.send(
    encodeFrontend.parse("", "SELECT pg_sleep(30)", []),
    encodeFrontend.bind("", "", Buffer.from([0, 0, 0, 0, 0, 0])),
    encodeFrontend.execute("", 0),
    encodeFrontend.parse("", "SELECT 1", []),
    encodeFrontend.sync(),
  );
  await eventually("the statement runs", async () =>
    (await running.backends()).some(({ state }) => state === "active"),
  );
  await endBackend("state = 'active'");
  const messages = await raw.until("Z");
  const failure = messages.find(({ type }) => type === "E");
  assert.ok(failure !== undefined);
  assert.match(sqlstateOf(failure.frame), /^(?:XX000|57P01)$/);
  raw.send(encodeFrontend.query("SELECT 1"));
  assert.equal(await raw.shape(), "T D C Z");
});
