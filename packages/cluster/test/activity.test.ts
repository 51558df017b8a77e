/** What a cluster tells of its sessions and statements to those who look. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
});
after(() => running.stop());

test("an open transaction is shown with its age, its rows and its last statement, and is gone with its end", async () => {
  const client = await running.connect({ application_name: "shop" });
  await client.query("CREATE TABLE item (id int PRIMARY KEY, note text)");
  await client.query("BEGIN");
  await client.query("INSERT INTO item SELECT n, 'note' FROM generate_series(1, 7) AS n");
  const shop = () =>
    running.cluster.activity().sessions.find(({ applicationName }) => applicationName === "shop");
  const open = shop();
  assert.equal(open?.role, "admin");
  assert.match(open.statement, /^INSERT INTO item/);
  assert.equal(open.runningMs, undefined);
  assert.equal(open.transaction?.state, "active");
  assert.equal(open.transaction.changedRows, 7);
  assert.ok(open.transaction.writtenBytes > 0 && open.transaction.ageMs >= 0);
  await client.query("ROLLBACK");
  assert.equal(shop()?.transaction, undefined);
  await client.end();
  // The session lets go of everything before it leaves the list.
  for (const end = performance.now() + 60_000; shop() !== undefined;)
    if (performance.now() > end) assert.fail("the session is still in the list");
    else await new Promise((resolve) => setTimeout(resolve, 5));
});

test("a statement under way is shown as such", async () => {
  const client = await running.connect({ application_name: "slow" });
  const query = client.query("SELECT pg_sleep(0.5)").catch(() => undefined);
  const slow = () =>
    running.cluster.activity().sessions.find(({ applicationName }) => applicationName === "slow");
  for (const end = performance.now() + 60_000; slow()?.runningMs === undefined;) {
    if (performance.now() > end) assert.fail("it is not shown");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.match(slow()?.statement ?? "", /pg_sleep/);
  await query;
});

test("statements count by fingerprint, from the first look on, with those that fail", async () => {
  running.cluster.activity();
  const client = await running.connect();
  for (const id of [1, 2, 3])
    await client.query(`SELECT note FROM item WHERE id = ${id}`).catch(() => undefined);
  await client.query("SELECT nothing FROM item").catch(() => undefined);
  await client.query("INSERT INTO item VALUES (1, 'first')");
  const { statements, counts } = running.cluster.activity();
  const calls = (fingerprint: string) => {
    const one = statements.find((each) => each.fingerprint === fingerprint);
    return [one?.calls, one?.failed];
  };
  assert.deepEqual(calls("SELECT nothing FROM item"), [1, 1]);
  assert.equal(calls("SELECT note FROM item WHERE id = ?")[0], 3);
  assert.ok(counts.errors >= 1 && counts.committed >= 1);
});

test("who listens to statements by name hears them, with their transaction", async () => {
  const heard: { statement: string; transaction: string; sqlstate: string | undefined }[] = [];
  const end = running.cluster.events.on("statementEnded", (event) => heard.push(event));
  const client = await running.connect();
  await client.query("BEGIN");
  await client.query("SELECT 1 AS heard");
  await client.query("SELECT 1 / 0").catch(() => undefined);
  end();
  await client.query("ROLLBACK");
  assert.deepEqual(
    heard.map(({ statement, sqlstate }) => [statement, sqlstate]),
    [
      ["BEGIN", undefined],
      ["SELECT 1 AS heard", undefined],
      ["SELECT 1 / 0", "22012"],
    ],
  );
  assert.match(heard[1]?.transaction ?? "", /^t\d+$/);
});
