/** Every refusal of the catalogue: what it does to its block, its session and the sessions beside it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exampleSchema, holdsAsOf, type Rule, rules } from "@dsql-local/spec";
import type pg from "pg";
import { jobEnded } from "./job-helper.ts";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
/** Runs the refused statements; alive from the first to the last. */
let client: pg.Client;

before(async () => {
  running = await runCluster();
  const maker = await running.connect();
  for (const statement of exampleSchema) {
    const { rows } = await maker.query<{ job_id?: string }>(statement);
    if (rows[0]?.job_id !== undefined) await jobEnded(maker, rows[0].job_id);
  }
  client = await running.connect();
  await client.query("INSERT INTO account VALUES (1, 'ana', 0, NULL)");
});
after(() => running.stop());

const inForce = rules.filter(holdsAsOf("latest"));

/** As the rule says it, with anything in the place of a slot. */
function refusalOf({ sqlstate = "0A000", message }: Rule): { code: string; message: RegExp } {
  const words = message.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return { code: sqlstate, message: new RegExp(`^${words.join(".+")}$`) };
}

/** A block in which a statement has failed takes nothing but its end, and says so before any other refusal. */
async function assertBlockIsLost(example: string): Promise<void> {
  await assert.rejects(client.query(example), { code: "25P02" });
  await assert.rejects(client.query("SELECT 1"), { code: "25P02" });
  assert.equal((await client.query("COMMIT")).command, "ROLLBACK");
}

const topics = [...new Set(inForce.map(({ topic }) => topic))];
for (const topic of topics) {
  test(`refusals about ${topic} end their block, and nothing beside it`, async () => {
    const neighbour = await running.connect();
    await neighbour.query("BEGIN");
    await neighbour.query("UPDATE account SET balance = balance + 1 WHERE id = 1");
    for (const rule of inForce.filter((each) => each.topic === topic)) {
      const { example } = rule;
      await assert.rejects(client.query(example), refusalOf(rule), rule.id);
      assert.equal((await client.query("SELECT 1")).rowCount, 1, rule.id);
      await client.query("BEGIN");
      // A client that prepares its statements hears it as well.
      await assert.rejects(client.query({ text: example, values: [] }), refusalOf(rule), rule.id);
      await assertBlockIsLost(example);
    }
    await neighbour.query("COMMIT");
    await neighbour.end();
  });
}

test("what went before a refusal in its block is taken back, and a statement after it in its message is not run", async () => {
  const balance = async (): Promise<unknown> =>
    (await client.query("SELECT balance FROM account WHERE id = 1")).rows;
  const before = await balance();
  await client.query("BEGIN");
  await client.query("UPDATE account SET balance = 1000 WHERE id = 1");
  await assert.rejects(client.query("TRUNCATE account"), { code: "0A000" });
  await client.query("COMMIT");
  assert.deepEqual(await balance(), before);
  const several =
    "UPDATE account SET balance = 1000 WHERE id = 1; TRUNCATE account; UPDATE account SET balance = 2000 WHERE id = 1";
  await assert.rejects(client.query(several), { code: "0A000" });
  assert.deepEqual(await balance(), before);
});
