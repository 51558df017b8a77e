/**
 * A hot row against its remedies: one row that everybody adds to, a sharded counter, an append-only total.
 *
 *     node packages/toolkit/dist/bench/hot-keys.bench.js [additions] [writers]
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createCluster } from "@dsql-local/cluster";
import {
  AppendOnlyTotal,
  appendOnlyTable,
  createPool,
  ShardedCounter,
  shardedCounterTable,
  type Transaction,
  transaction,
} from "../src/index.ts";

const additions = Number(process.argv[2] ?? 2_000);
const writers = Number(process.argv[3] ?? 16);
const folder = mkdtempSync(join(tmpdir(), "toolkit-bench-"));
const cluster = createCluster({ dataDir: join(folder, "cluster") });

try {
  await cluster.start();
  const pool = createPool({
    endpoint: cluster.endpoint,
    address: { host: cluster.host, port: cluster.port },
    ca: readFileSync(cluster.caFile, "utf8"),
    credentials: cluster.identities.administrator as { accessKeyId: string; secretAccessKey: string },
    max: writers,
    environment: {},
  });
  await pool.query("CREATE TABLE hot (id int PRIMARY KEY, count bigint NOT NULL)");
  await pool.query("INSERT INTO hot VALUES (1, 0)");
  await pool.query(shardedCounterTable());
  await pool.query(appendOnlyTable());
  const counter = new ShardedCounter("visits", { shards: writers * 8 });
  const total = new AppendOnlyTotal("visits");
  const contenders: Record<string, (tx: Transaction) => Promise<unknown>> = {
    "one row": (tx) => tx.query("UPDATE hot SET count = count + 1 WHERE id = 1"),
    "sharded counter": (tx) => counter.add(tx, 1),
    "append-only total": (tx) => total.append(tx, 1),
  };
  for (const [name, add] of Object.entries(contenders)) {
    let left = additions;
    let retries = 0;
    const startedMs = performance.now();
    const writer = async (): Promise<void> => {
      while (left-- > 0) await transaction(pool, add, { attempts: 1_000, onRetry: () => retries++ });
    };
    await Promise.all(Array.from({ length: writers }, writer));
    const seconds = (performance.now() - startedMs) / 1_000;
    const perSecond = Math.round(additions / seconds);
    console.log(
      JSON.stringify({ name, additions, writers, retries, seconds: Number(seconds.toFixed(2)), perSecond }),
    );
  }
  await pool.end();
} finally {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}
