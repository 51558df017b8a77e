/** The service's own time: what takes a round trip, and what shares one. No figure is held, only which waits there are. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { createCluster } from "../src/index.ts";
import { encodeFrontend } from "../src/wire/index.ts";
import { newDataDir, type RunningCluster, runCluster } from "./running-cluster.ts";

let slow: RunningCluster;
let client: pg.Client;
const roundTripMs = 300;
const commitMs = 700;

before(async () => {
  slow = await runCluster({ latency: { roundTripMs, commitMs } });
  client = await slow.connect();
  await client.query("CREATE TABLE item (id int PRIMARY KEY)");
});
after(() => slow.stop());

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Of several tries the quickest: a busy machine makes each of them longer, none shorter. */
async function quickestOf(work: (attempt: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let attempt = 1; attempt <= 3; attempt++) times.push(await msOf(() => work(attempt)));
  return Math.min(...times);
}

test("each question of a client takes a round trip, and a COMMIT that has written its own time beside", async () => {
  assert.ok((await quickestOf(() => client.query("SELECT 1"))) >= roundTripMs - 1);
  const write = await quickestOf((attempt) => client.query(`INSERT INTO item VALUES (${attempt})`));
  assert.ok(write >= roundTripMs + commitMs - 2, String(write));
});

test("statements in one pipeline share a round trip", async () => {
  const raw = await slow.raw();
  const statements = 5;
  const apart = await quickestOf(async () => {
    for (let number = 0; number < statements; number++) {
      raw.send(encodeFrontend.query("SELECT 1"));
      await raw.until("Z");
    }
  });
  const together = await quickestOf(async () => {
    raw.send(...Array.from({ length: statements }, () => encodeFrontend.query("SELECT 1")));
    for (let number = 0; number < statements; number++) await raw.until("Z");
  });
  assert.ok(apart >= statements * roundTripMs - statements, String(apart));
  assert.ok(together < apart, `${together} and ${apart}`);
});

test("what is no latency is refused, with what to write", () => {
  const create = (latency: unknown) => () =>
    createCluster({ dataDir: newDataDir(), latency: latency as never });
  assert.throws(create("fast"), /there is no latency "fast"; there are: none, same-az, same-region/);
  assert.throws(create({ tripMs: 1 }), /latency has no "tripMs"; it has: roundTripMs/);
  assert.throws(create({ commitMs: -1 }), /commitMs is a number of milliseconds from 0 to 60000, not -1/);
});
