/** 40001 with a DETAIL, for clusters that were told to explain; the others send none, as the service. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let explaining: RunningCluster;
let silent: RunningCluster;

before(async () => {
  [explaining, silent] = await Promise.all([runCluster({ explainConflicts: true }), runCluster()]);
});
after(() => Promise.all([explaining.stop(), silent.stop()]));

async function lose(running: RunningCluster, winning: string): Promise<pg.DatabaseError> {
  const winner = await running.connect({ application_name: "shop" });
  await winner.query("DROP TABLE IF EXISTS account");
  await winner.query("CREATE TABLE account (id int PRIMARY KEY, balance int)");
  await winner.query("INSERT INTO account VALUES (7, 100)");
  const loser = await running.connect({ application_name: "billing" });
  await loser.query("BEGIN");
  await loser.query("UPDATE account SET balance = 1");
  await winner.query(winning);
  return await loser.query("COMMIT").then(
    () => assert.fail("it has lost"),
    (error: unknown) => error as pg.DatabaseError,
  );
}

test("a lost row is named, with who committed it and by what statement", async () => {
  const { code, message, detail } = await lose(explaining, "UPDATE account SET balance = 2 WHERE id = 7");
  assert.deepEqual([code, message], ["40001", "change conflicts with another transaction (OC000)"]);
  assert.match(
    detail ?? "",
    /^Lost on account \(id=7\): shop \(admin\), session \d+, committed first: UPDATE account SET balance = 2 WHERE id = 7$/,
  );
});

test("a change of the catalog is told", async () => {
  const { detail } = await lose(explaining, "ALTER TABLE account ADD COLUMN note text");
  assert.match(
    detail ?? "",
    /^Lost to a change of the catalog on account: shop \(admin\), session \d+, committed first: ALTER TABLE account ADD COLUMN note text$/,
  );
});

test("a fault on demand is told as one", async () => {
  const client = await explaining.connect();
  await client.query("CREATE TABLE struck (id int PRIMARY KEY)");
  explaining.cluster.faults.inject({ kind: "conflict", table: "struck", times: 1 });
  await assert.rejects(client.query("INSERT INTO struck VALUES (1)"), {
    code: "40001",
    detail: "A fault on demand.",
  });
});

test("without the option nothing is added", async () => {
  assert.equal((await lose(silent, "UPDATE account SET balance = 2 WHERE id = 7")).detail, undefined);
});
