/** The machine's clock is set while a cluster runs: ages and waits are counted by a clock that nobody sets. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { within } from "./running-cluster.ts";
import { afterTest } from "./storage-helper.ts";

const minuteMs = 60_000;

interface ShiftedCluster {
  connect(): Promise<pg.Client>;
  setWallClock(offsetMs: number): Promise<void>;
}

async function startShifted(t: TestContext): Promise<ShiftedCluster> {
  const child = fork(fileURLToPath(new URL("clock-child.js", import.meta.url)));
  afterTest(t, async () => {
    const gone = once(child, "exit");
    child.disconnect();
    await gone;
  });
  const [options] = (await once(child, "message")) as [pg.ClientConfig];
  return {
    async connect() {
      const client = new pg.Client({ ...options, user: "admin", database: "postgres" });
      client.on("error", () => undefined);
      await client.connect();
      afterTest(t, () => client.end().catch(() => undefined));
      return client;
    },
    async setWallClock(offsetMs) {
      const answer = once(child, "message");
      child.send({ offsetMs });
      await answer;
    },
  };
}

for (const [how, offsetMs] of [
  ["an hour back", -60 * minuteMs],
  ["ten minutes forward", 10 * minuteMs],
] as const) {
  test(`with the clock set ${how}, open transactions go on, waiters are served and new ones begin`, async (t) => {
    const cluster = await startShifted(t);
    const [ana, ben, eva] = await Promise.all([cluster.connect(), cluster.connect(), cluster.connect()]);
    await ana.query("CREATE TABLE account (id int PRIMARY KEY, balance int)");
    await ana.query("INSERT INTO account VALUES (1, 100), (2, 100), (3, 100)");
    // Both lively places are taken by open transactions, one of which stands in the way of the next writer of row 1.
    await ana.query("BEGIN; UPDATE account SET balance = 60 WHERE id = 1");
    await ben.query("BEGIN; UPDATE account SET balance = 60 WHERE id = 2");

    await cluster.setWallClock(offsetMs);
    await within("a new transaction is served, whoever stands in its way", () =>
      eva.query("UPDATE account SET balance = 30 WHERE id = 1"),
    );
    await within("an open transaction is no older than before", () =>
      ben.query("UPDATE account SET balance = 30 WHERE id = 3; COMMIT"),
    );
    await assert.rejects(ana.query("COMMIT"), { code: "40001" });
  });
}
