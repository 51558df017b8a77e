/** Some seconds of simulation, as part of the tests; `npm run simulate` runs as long as one likes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Cluster, createCluster } from "../src/index.ts";
import { databaseAt } from "./database.ts";
import { simulateKeys } from "./keys-simulation.ts";
import { simulateLists } from "./lists-simulation.ts";
import { planRows, playRows } from "./rows-simulation.ts";
import { simulateUntil } from "./until.ts";

let dataDir = "";
let cluster: Cluster | undefined;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "dsql-simulation-"));
  cluster = createCluster({ dataDir: join(dataDir, "data"), port: 0 });
  await cluster.start();
});

after(async () => {
  await cluster?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const open = databaseAt(() => {
  assert.ok(cluster !== undefined);
  return cluster.connection();
});

/** Always the same; `npm run simulate` brings new ones. */
const seeds = [4711, 4712, 4713];

for (const seed of seeds) {
  test(`seed ${seed}: every answer and every COMMIT over many open transactions is the model's`, async () => {
    const { problem, history, committed } = await playRows(open, planRows({ seed, sessions: 6, steps: 300 }));
    assert.equal(problem, undefined, `${history.slice(-30).join("\n")}\n\n${problem ?? ""}`);
    assert.ok(committed > 0);
  });
}

test("seed 4711: what concurrent sessions read and committed is explained by snapshots and first-committer-wins", async () => {
  const { problem, history, committed, conflicted } = await simulateLists(open, {
    seed: 4711,
    sessions: 6,
    transactionsPerSession: 15,
  });
  assert.equal(problem, undefined, `${history.slice(-30).join("\n")}\n\n${problem ?? ""}`);
  assert.ok(committed > 0 && conflicted > 0);
});

test("thousands of transactions, with COMMITs that travel with their statements and a catalog that changes, keep every rule", async () => {
  const options = { sessions: 8, transactionsPerSession: 125 };
  const { failure, transactions, committed, conflicted } = await simulateUntil({
    // The same statements in every run of the tests; their timing is the machine's. `npm run simulate` brings new ones.
    firstSeed: 4_000,
    transactions: 20_000,
    workloads: ["lists", "keys", "lists"],
    simulate: (workload, seed) =>
      workload === "lists"
        ? simulateLists(open, { ...options, seed })
        : simulateKeys(open, { ...options, seed }),
  });
  const history = failure?.outcome.history.slice(-30).join("\n") ?? "";
  assert.equal(failure, undefined, `${history}\n\nseed ${failure?.seed}, ${failure?.outcome.problem ?? ""}`);
  assert.ok(transactions >= 20_000 && committed > 0 && conflicted > 0);
});
