/** Conflicts that tell their story: on what, to whom, with what. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type Conflict, logEventOf } from "../src/index.ts";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
  const admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await admin.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 100) AS n");
  await admin.query("CREATE TABLE seat (hall text, place int, taken_by text, PRIMARY KEY (hall, place))");
  await admin.query("INSERT INTO seat VALUES ('north', 1, NULL), ('north', 2, NULL)");
});
after(() => running.stop());

async function two(): Promise<{ ana: pg.Client; ben: pg.Client }> {
  return {
    ana: await running.connect({ application_name: "ana" }),
    ben: await running.connect({ application_name: "ben's" }),
  };
}

const lost = { code: "40001" };

function last(): Conflict {
  const conflict = running.cluster.conflicts().at(-1);
  assert.ok(conflict !== undefined, "there is a conflict");
  return conflict;
}

test("an UPDATE of a row that another has committed tells the row, the winner and what was lost", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 1 WHERE id = 50");
  await ben.query("UPDATE account SET balance = balance - 30 WHERE id = $1", [1]);
  await ana.query("UPDATE account SET balance = balance - 60 WHERE id = $1", [1]);
  await assert.rejects(ana.query("COMMIT"), lost);
  const conflict = last();
  assert.equal(conflict.occ, "OC000");
  assert.equal(conflict.relation, "account");
  assert.deepEqual(conflict.rows, [{ id: "1" }]);
  assert.equal(conflict.role, "admin");
  assert.equal(conflict.applicationName, "ana");
  assert.equal(conflict.winner?.applicationName, "ben's");
  assert.match(conflict.winner.statement, /balance - 30/);
  assert.match(conflict.statement ?? "", /balance - 60/);
  assert.deepEqual(conflict.wrote, ["UPDATE account SET balance = 1 WHERE id = 50"]);
  assert.notEqual(conflict.winner.sessionId, conflict.sessionId);
  assert.ok(conflict.winner.atMs >= conflict.startedAtMs);
  assert.equal(conflict.isInjected, false);
});

test("a parked transaction that cannot write again tells its row", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 1 WHERE id = 2");
  await ben.query("UPDATE account SET balance = 2 WHERE id = 2");
  await assert.rejects(ana.query("COMMIT"), lost);
  assert.deepEqual(last().rows, [{ id: "2" }]);
  assert.equal(last().winner?.applicationName, "ben's");
});

test("a key of several columns, and a DELETE", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("SELECT 1 FROM seat");
  await ben.query("UPDATE seat SET taken_by = 'ben' WHERE hall = 'north' AND place = 2");
  await ana.query("DELETE FROM seat AS s WHERE s.hall = $1", ["north"]);
  await assert.rejects(ana.query("COMMIT"), lost);
  assert.equal(last().relation, "seat");
  assert.deepEqual(last().rows, [{ hall: "north", place: "2" }]);
});

test("two that insert one key: the loser is told the key", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("SELECT count(*) FROM account");
  await ben.query("INSERT INTO account VALUES (1001, 0)");
  await ana.query("INSERT INTO account VALUES (1001, 0)");
  await assert.rejects(ana.query("COMMIT"), lost);
  assert.equal(last().relation, "account");
  assert.deepEqual(last().rows, [{ id: "1001" }]);
});

test("where several may have won, none is named the winner", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("SELECT count(*) FROM account");
  await ben.query("UPDATE account SET balance = 7 WHERE id = 7");
  await ben.query("UPDATE account SET balance = 8 WHERE id = 8");
  await ana.query("UPDATE account SET balance = 9 WHERE id = 7");
  await assert.rejects(ana.query("COMMIT"), lost);
  assert.deepEqual(last().rows, [{ id: "7" }]);
  assert.equal(last().winner, undefined);
  assert.equal(last().candidates.length, 2);
});

test("OC001 tells which catalog change it was", async () => {
  const { ana, ben } = await two();
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 1 WHERE id = 60");
  await ben.query("ALTER TABLE account ADD COLUMN note text");
  await assert.rejects(ana.query("COMMIT"), lost);
  assert.equal(last().occ, "OC001");
  assert.equal(last().relation, "account");
  assert.match(last().winner?.statement ?? "", /ADD COLUMN note/);
});

test("a session that hears of an earlier catalog change is told which", async () => {
  const { ana, ben } = await two();
  await ana.query("SELECT balance FROM account WHERE id = 1");
  await ben.query("ALTER TABLE account ADD COLUMN remark text");
  await assert.rejects(ana.query("SELECT balance FROM account WHERE id = 1"), lost);
  assert.equal(last().occ, "OC001");
  assert.match(last().winner?.statement ?? "", /ADD COLUMN remark/);
});

test("a log line of a conflict has no value of a row", async () => {
  const { ana, ben } = await two();
  const lines: string[] = [];
  const end = running.cluster.events.onAny((event) => lines.push(JSON.stringify(logEventOf(event))));
  await ana.query("BEGIN");
  await ana.query("SELECT count(*) FROM seat");
  await ben.query("UPDATE seat SET taken_by = 'secret' WHERE hall = 'north' AND place = 1");
  await ana.query("UPDATE seat SET taken_by = 'hidden' WHERE hall = 'north' AND place = 1");
  await assert.rejects(ana.query("COMMIT"), lost);
  end();
  assert.deepEqual(last().rows, [{ hall: "north", place: "1" }]);
  const line = lines.find((one) => one.includes('"transaction.lost"')) ?? "";
  assert.match(line, /UPDATE seat SET taken_by = \?/);
  assert.doesNotMatch(lines.join("\n"), /north|secret|hidden/);
});

test("the life of a transaction comes as events, to a loop and by name", async () => {
  const { ana } = await two();
  const names: string[] = [];
  const ended = (async () => {
    for await (const event of running.cluster.events) {
      if (!("transaction" in event.payload) || event.payload.applicationName !== "ana") continue;
      names.push(event.name);
      if (event.name === "transactionCommitted") return event.payload.changedRows;
    }
    return undefined;
  })();
  await ana.query("BEGIN");
  await ana.query("UPDATE account SET balance = 1 WHERE id IN (70, 71)");
  await ana.query("COMMIT");
  assert.equal(await ended, 2);
  assert.deepEqual(names, ["transactionBegun", "transactionCommitted"]);
});
