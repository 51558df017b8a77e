/** The door for Node's own runner, and the hooks that the others are given. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import pg from "pg";
import { useCluster } from "../src/node-test.ts";
import { useCluster as useWithHooks } from "../src/global-hooks.ts";

describe("a cluster for the tests of a describe", () => {
  const cluster = useCluster({
    seed: (cluster) => cluster.asOwner("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)"),
  });
  const ids = async (): Promise<unknown> => {
    const client = new pg.Client(cluster.connection());
    await client.connect();
    const { rows } = await client.query<{ id: number }>("SELECT id FROM item ORDER BY id");
    await client.query("DELETE FROM item");
    await client.query("INSERT INTO item VALUES (2)");
    await client.query("CREATE ROLE left_over");
    await client.end();
    return rows;
  };

  test("begins with the seed", async () => {
    assert.deepEqual(await ids(), [{ id: 1 }]);
  });

  test("begins with it again, whatever the test before has done", async () => {
    assert.deepEqual(await ids(), [{ id: 1 }]);
  });
});

test("hooks are told when to start, restore and stop; before that the cluster says what to do", async () => {
  const told: Record<string, () => Promise<void>> = {};
  const hook = (name: string) => (run: () => Promise<void>) => {
    told[name] = run;
  };
  const hooks = { beforeAll: hook("start"), beforeEach: hook("restore"), afterAll: hook("stop") };
  const cluster = useWithHooks({}, hooks);
  assert.throws(() => cluster.endpoint, /cluster\.endpoint is there while tests run/);
  await told["start"]?.();
  try {
    await told["restore"]?.();
    await cluster.asOwner("CREATE TABLE gone (id int PRIMARY KEY)");
    await told["restore"]?.();
    const client = new pg.Client(cluster.connection());
    await client.connect();
    await assert.rejects(client.query("SELECT FROM gone"), { code: "42P01" });
    await client.end();
  } finally {
    await told["stop"]?.();
  }
  assert.throws(() => cluster.connection(), /while tests run/);
});

test("without global hooks it says where to get them", () => {
  assert.throws(() => useWithHooks(), /import them from your runner and give them along/);
});
