/** Blocks, their limits and their conflicts, over a real driver. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { encodeFrontend } from "../src/wire/index.ts";
import {
  cancelled,
  cancelRequest,
  copyData,
  copyDone,
  firstValues,
  type RawClient,
  type RunningCluster,
  runCluster,
  within,
} from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;
let parked = 0;

before(async () => {
  running = await runCluster({ livelyBackendsMax: 4 });
  running.cluster.events.on("transactionParked", () => (parked += 1));
  const admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, note text)");
  await admin.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 1000) AS n");
  await admin.query(
    "CREATE TABLE entry (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int, made timestamptz DEFAULT clock_timestamp())",
  );
});
after(() => running.stop());

async function two(): Promise<{ ana: pg.Client; ben: pg.Client }> {
  return { ana: await running.connect(), ben: await running.connect() };
}

/** Has the rows that `client` has written in its open block written by another, who takes it back. */
async function stepIn(id: number): Promise<void> {
  const other = await running.connect();
  const before = parked;
  await other.query("BEGIN");
  await within("nobody waits for an open block", () =>
    other.query("UPDATE account SET note = 'other' WHERE id = $1", [id]),
  );
  await other.query("ROLLBACK");
  await other.end();
  assert.equal(parked, before + 1);
}

test("what a parked block had answered stays true: identifiers, times, rows", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 99 WHERE id = 1");
  const given = await ana.query("INSERT INTO entry (n) VALUES (1), (2) RETURNING *");
  const copied = await ana.query("INSERT INTO entry (n) SELECT 3 RETURNING id");
  const changed = await ana.query("UPDATE entry SET made = clock_timestamp() WHERE n = 1 RETURNING made");
  await stepIn(1);
  const seen = await ana.query("SELECT id, n, made FROM entry ORDER BY n");
  assert.equal(seen.rows.length, 3);
  assert.deepEqual(seen.rows[0], { ...(given.rows[0] as object), ...(changed.rows[0] as object) });
  assert.deepEqual(seen.rows[1], given.rows[1]);
  await stepIn(1);
  assert.equal((await ana.query("COMMIT")).command, "COMMIT");
  const { rows } = await ben.query<{ id: string }>("SELECT id FROM entry WHERE n = 3");
  assert.deepEqual(rows, copied.rows);
});

test("a table whose only column is its identity survives parking", async () => {
  const { ana } = await two();
  await ana.query("CREATE TABLE ticket (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY)");
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 99 WHERE id = 2");
  const { rows } = await ana.query("INSERT INTO ticket DEFAULT VALUES RETURNING id");
  await stepIn(2);
  await ana.query("COMMIT");
  assert.deepEqual((await ana.query("SELECT id FROM ticket")).rows, rows);
});

test("what an SQL function has written in a SELECT survives parking", async () => {
  const { ana, ben } = await two();
  await ana.query(
    "CREATE FUNCTION withdraw() RETURNS int LANGUAGE sql AS 'UPDATE account SET balance = balance - 10 WHERE id = 3 RETURNING balance'",
  );
  await ana.query("BEGIN");
  assert.deepEqual((await ana.query("SELECT withdraw() AS balance")).rows, [{ balance: 90 }]);
  await stepIn(3);
  await ana.query("COMMIT");
  assert.deepEqual((await ben.query("SELECT balance FROM account WHERE id = 3")).rows, [{ balance: 90 }]);
  assert.deepEqual((await ben.query("SELECT withdraw() AS balance")).rows, [{ balance: 80 }]);
});

test("a block that has lost keeps its search path and answers from its snapshot", async () => {
  const { ana, ben } = await two();
  await ana.query("CREATE SCHEMA app");
  await ana.query("CREATE TABLE app.item (id int PRIMARY KEY, n int)");
  await ana.query("INSERT INTO app.item VALUES (1, 1), (2, 2)");
  await ana.query("BEGIN");
  await ana.query("SET search_path TO app");
  await ana.query("SELECT * FROM item");
  await ben.query("UPDATE app.item SET n = 50 WHERE id = 1");
  assert.equal((await ana.query("UPDATE item SET n = n + 10 WHERE id = 1")).rowCount, 1);
  assert.deepEqual((await ana.query("SELECT sum(n)::int AS sum FROM item")).rows, [{ sum: 13 }]);
  await ana.query("SET LOCAL timezone TO 'Asia/Tokyo'");
  await ana.query("DELETE FROM item WHERE id = 2");
  assert.deepEqual((await ana.query("SHOW timezone")).rows, [{ TimeZone: "Asia/Tokyo" }]);
  await assert.rejects(ana.query("COMMIT"), { code: "40001", message: /\(OC000\)/ });
  assert.deepEqual((await ana.query("SHOW search_path")).rows, [{ search_path: '"$user", public' }]);
});

test("what is read only from a later BEGIN on keeps its writes and locks, parked or not, and writes no more", async () => {
  const { ben } = await two();
  const raw = await running.raw();
  await raw.query("UPDATE account SET note = 'kept' WHERE id = 5; BEGIN READ ONLY");
  await stepIn(5);
  assert.equal(await shapeOf(raw, "UPDATE account SET note = 'lost' WHERE id = 5"), "E25006 Z");
  await raw.query("ROLLBACK");
  assert.equal(
    await shapeOf(raw, "SELECT id FROM account WHERE id = 5 FOR UPDATE; BEGIN READ ONLY"),
    "T D C C Z",
  );
  await ben.query("BEGIN");
  await ben.query("UPDATE account SET note = 'late' WHERE id = 5");
  assert.equal(await shapeOf(raw, "COMMIT"), "C Z");
  await assert.rejects(ben.query("COMMIT"), { code: "40001" });
});

test("what is read only from a later BEGIN on and has lost answers from its snapshot, and writes no more", async () => {
  const { ben } = await two();
  const raw = await running.raw();
  await raw.query("INSERT INTO account (id, balance) VALUES (6001, 1); BEGIN READ ONLY");
  await within("nobody waits for an open block", () =>
    ben.query("INSERT INTO account (id, balance) VALUES (6001, 2)"),
  );
  const seen = firstValues(await raw.query("SELECT balance FROM account WHERE id = 6001"));
  assert.deepEqual(seen, ["1"]);
  assert.equal(await shapeOf(raw, "DELETE FROM account WHERE id = 6001"), "E25006 Z");
  raw.send(encodeFrontend.query("COMMIT"));
  assert.equal(await raw.shape(), "C Z");
});

test("COPY into a block that has lost is seen in the block and lost at COMMIT", async () => {
  const { ben } = await two();
  const raw = await running.raw();
  await raw.query("BEGIN; SELECT * FROM account WHERE id = 4");
  await ben.query("UPDATE account SET balance = 1 WHERE id = 4");
  await raw.query("UPDATE account SET balance = 2 WHERE id = 4");
  raw.send(encodeFrontend.query("COPY account (id, balance) FROM STDIN"));
  await raw.until("G");
  raw.send(copyData("4001\t7\n"), copyDone);
  assert.equal(await raw.shape(), "C Z");
  assert.deepEqual(
    firstValues(await raw.query("SELECT balance FROM account WHERE id IN (4, 4001) ORDER BY id")),
    ["2", "7"],
  );
  raw.send(encodeFrontend.query("COMMIT"));
  assert.equal(await raw.shape(), "E40001 Z");
});

test("FOR UPDATE beats a later writer of the row, also where the row is locked in a join", async () => {
  const { ana, ben } = await two();
  for (const lock of [
    "SELECT * FROM account WHERE id = 5 FOR UPDATE",
    "SELECT a.id FROM account AS a JOIN (VALUES (5)) AS v(id) ON v.id = a.id FOR UPDATE OF a",
    "SELECT FROM account WHERE id = 5 FOR UPDATE",
  ]) {
    await ana.query("BEGIN");
    await ben.query("BEGIN");
    await ana.query(lock);
    await ben.query("UPDATE account SET balance = balance WHERE id = 5");
    assert.equal((await ana.query("COMMIT")).command, "COMMIT");
    await assert.rejects(ben.query("COMMIT"), { code: "40001" }, lock);
  }
});

test("3,000 rows pass and the next one fails its statement; a block counts them together", async () => {
  const { ana } = await two();
  await ana.query("CREATE TABLE many (n int PRIMARY KEY)");
  assert.equal((await ana.query("INSERT INTO many SELECT generate_series(1, 3000)")).rowCount, 3_000);
  await assert.rejects(ana.query("INSERT INTO many SELECT generate_series(3001, 6001)"), { code: "54000" });
  await ana.query("BEGIN");
  await ana.query("INSERT INTO many SELECT generate_series(3001, 5000)");
  await ana.query("DELETE FROM many WHERE n <= 1000");
  await assert.rejects(ana.query("UPDATE many SET n = -n WHERE n = 1001"), { code: "54000" });
  await assert.rejects(ana.query("SELECT 1"), { code: "25P02" });
  assert.equal((await ana.query("COMMIT")).command, "ROLLBACK");
  assert.deepEqual((await ana.query("SELECT count(*)::int AS n FROM many")).rows, [{ n: 3_000 }]);
});

test("a block takes one DDL statement, and none beside changed rows", async () => {
  const { ana } = await two();
  await ana.query("BEGIN");
  await ana.query("CREATE TABLE first (n int)");
  await assert.rejects(ana.query("CREATE TABLE second (n int)"), { code: "0A000" });
  await ana.query("ROLLBACK");
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = balance WHERE id = 6");
  await assert.rejects(ana.query("CREATE TABLE second (n int)"), { code: "0A000" });
  await ana.query("ROLLBACK");
  await ana.query("BEGIN");
  await ana.query("CREATE TABLE second (n int)");
  await assert.rejects(ana.query("INSERT INTO account VALUES (5000, 1)"), { code: "0A000" });
  await ana.query("ROLLBACK");
  await assert.rejects(ana.query("SELECT * FROM second"), { code: "42P01" });
});

test("a catalog change beats an open block that has touched the table, and no other", async () => {
  const { ana, ben } = await two();
  const admin = await running.connect();
  await admin.query("CREATE TABLE altered (a int)");
  await ana.query("SELECT * FROM altered"); // Both have looked at the catalog since.
  await ana.query("BEGIN");
  await ana.query("INSERT INTO altered VALUES (1)");
  await ben.query("BEGIN");
  await ben.query("UPDATE account SET balance = balance WHERE id = 7");
  await within("the change does not wait", () => admin.query("ALTER TABLE altered ADD COLUMN b int"));
  await assert.rejects(ana.query("COMMIT"), { code: "40001", message: /\(OC001\)/ });
  assert.equal((await ben.query("COMMIT")).command, "COMMIT");
});

test("500 blocks stand open while others go on, and each can still commit", async () => {
  const clients = await Promise.all(Array.from({ length: 500 }, () => running.connect()));
  const balance = "UPDATE account SET balance = balance + 1 WHERE id = $1";
  await within("500 blocks open", () =>
    Promise.all(
      clients.map(async (client, number) => {
        await client.query("BEGIN");
        await client.query(balance, [number + 100]);
      }),
    ),
  );
  const other = await running.connect();
  for (let round = 0; round < 20; round++) {
    await within("another statement is answered", () => other.query(balance, [10]));
  }
  await within("500 blocks commit", () => Promise.all(clients.map((client) => client.query("COMMIT"))));
  await Promise.all(clients.map((client) => client.end()));
});

test("a transaction past its age is refused, at a statement as at COMMIT, and frees what it holds by itself", async () => {
  const short = await runCluster({ limits: { transactionSecondsMax: 3 } });
  try {
    const ana = await short.connect();
    const ben = await short.connect();
    const carl = await short.connect();
    await ana.query("CREATE TABLE t (n int)");
    for (const client of [ana, ben, carl]) {
      await client.query("BEGIN");
      await client.query("INSERT INTO t VALUES (1)");
    }
    await sleep(3_100);
    const tooOld = { code: "54000", message: /^transaction age limit/ };
    await assert.rejects(ana.query("SELECT 1"), tooOld);
    assert.equal((await ana.query("COMMIT")).command, "ROLLBACK");
    await assert.rejects(ben.query("COMMIT"), tooOld);
    await eventually("the backend of the silent one is free", async () =>
      (await short.backends()).every(({ state }) => state === "idle"),
    );
    await assert.rejects(carl.query("SELECT 1"), tooOld);
    await carl.query("ROLLBACK");
    assert.deepEqual((await carl.query("SELECT count(*)::int AS n FROM t")).rows, [{ n: 0 }]);
  } finally {
    await short.stop();
  }
});

test("at the bound of open transactions the next is refused, and when one ends the next is served", async () => {
  const small = await runCluster({ openTransactionsMax: 3 });
  try {
    const clients = await Promise.all(Array.from({ length: 4 }, () => small.connect()));
    const [first, second, third, fourth] = clients as [pg.Client, pg.Client, pg.Client, pg.Client];
    // More statements at once than backends: they take turns.
    await Promise.all(clients.map((client) => client.query("SELECT pg_sleep(0.05)")));
    for (const client of [first, second, third]) {
      await client.query("BEGIN");
      await client.query("SELECT 1");
    }
    await assert.rejects(fourth.query("SELECT 1"), { code: "53300" });
    await second.query("COMMIT");
    assert.equal((await fourth.query("SELECT 1")).rowCount, 1);
    await first.query("SELECT 1");
  } finally {
    await small.stop();
  }
});

async function shapeOf(client: RawClient, text: string): Promise<string> {
  client.send(encodeFrontend.query(text));
  return await client.shape();
}

/** A cluster of two PostgreSQL processes, both busy until `end` is called, so that every further statement waits. */
async function crowded(limits = {}): Promise<{ full: RunningCluster; end: () => Promise<void> }> {
  const full = await runCluster({ openTransactionsMax: 2, limits });
  const busy = await Promise.all([full.raw(), full.raw()]);
  for (const client of busy) client.send(encodeFrontend.query("SELECT pg_sleep(600)"));
  await eventually(
    "both are busy",
    async () =>
      (await full.backends()).every(({ state }) => state === "active") &&
      (await full.backends()).length === 2,
  );
  return {
    full,
    end: async () => {
      for (const client of busy) await cancelRequest(full.cluster, client.key);
      await full.stop();
    },
  };
}

test("a statement that waits for a free backend is cancelled, alone and in a block, and the session goes on", async () => {
  const { full, end } = await crowded();
  try {
    for (const text of ["SELECT 1", "BEGIN; SELECT 1", "CREATE TABLE t (n int)"]) {
      const waiting = await full.raw();
      waiting.send(encodeFrontend.query(text));
      assert.match(await cancelled(full.cluster, waiting, waiting.shape()), /E57014 Z$/);
      await waiting.query("ROLLBACK");
    }
  } finally {
    await end();
  }
});

test("the session of a client that leaves while its statement waits ends at once", async () => {
  const { full, end } = await crowded();
  try {
    const waiting = await full.raw();
    waiting.send(encodeFrontend.query("SELECT 1"));
    await sleep(100);
    waiting.socket.destroy();
  } finally {
    await within("the cluster stops", end);
  }
});

test("a statement that waits for a free backend past the transaction's age is refused", async () => {
  const { full, end } = await crowded({ transactionSecondsMax: 2 });
  try {
    const waiting = await full.raw();
    assert.equal(await shapeOf(waiting, "SELECT 1"), "E54000 Z");
    assert.equal(await shapeOf(waiting, "BEGIN"), "C Z");
    assert.equal(await shapeOf(waiting, "SELECT 1"), "E54000 Z");
  } finally {
    await end();
  }
});

test("what an SQL function has written by volatile values is not written again otherwise: the block has lost", async () => {
  const { ana, ben } = await two();
  await ana.query(
    "CREATE FUNCTION note(value int) RETURNS uuid LANGUAGE sql AS 'INSERT INTO entry (n) VALUES (value) RETURNING id'",
  );
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 99 WHERE id = 20");
  await ana.query("SELECT note(20)");
  await stepIn(20);
  await assert.rejects(ana.query("COMMIT"), { code: "40001", message: /OC000/ });
  assert.deepEqual((await ben.query("SELECT count(*)::int AS n FROM entry WHERE n = 20")).rows, [{ n: 0 }]);
  await ana.query("BEGIN");
  const { rows } = await ana.query<{ id: string }>("SELECT note(21) AS id");
  await ana.query("COMMIT");
  assert.deepEqual((await ben.query("SELECT id FROM entry WHERE n = 21")).rows, rows);
});

test("a key that an SQL function takes twice is the client's own error", async () => {
  const { ana } = await two();
  await ana.query(
    "CREATE FUNCTION twice(key int) RETURNS int LANGUAGE sql AS 'INSERT INTO account VALUES (key, 0) RETURNING id'",
  );
  await ana.query("BEGIN");
  await ana.query("SELECT twice(3000)");
  await assert.rejects(ana.query("SELECT twice(1)"), { code: "23505" });
  await ana.query("ROLLBACK");
});

test("rows that a subquery of a write locks are told from others, with a result in any format", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  const locked = await ana.query(
    "WITH locked AS (SELECT id FROM account WHERE id IN (30, 31) FOR UPDATE) UPDATE account SET balance = 1 FROM locked WHERE account.id = locked.id AND account.id = 30 RETURNING account.id",
  );
  assert.deepEqual(locked.rows, [{ id: 30 }]);
  await ben.query("BEGIN");
  await within("nobody waits", () => ben.query("UPDATE account SET balance = 2 WHERE id IN (31, 32)"));
  await ana.query("COMMIT");
  await assert.rejects(ben.query("COMMIT"), { code: "40001" });
  const { rows } = await ben.query("SELECT id, balance FROM account WHERE id BETWEEN 30 AND 32 ORDER BY id");
  assert.deepEqual(rows, [
    { id: 30, balance: 1 },
    { id: 31, balance: 100 },
    { id: 32, balance: 100 },
  ]);
});
