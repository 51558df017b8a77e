/**
 * Bulk load of narrow rows from a CSV file into a local cluster.
 *
 *     node packages/toolkit/dist/bench/bulk-load.bench.js [rows] [connections]
 */
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createCluster } from "@dsql-local/cluster";
import { bulkLoad, createPool } from "../src/index.ts";

const rows = Number(process.argv[2] ?? 1_000_000);
const connections = Number(process.argv[3] ?? 8);
const folder = mkdtempSync(join(tmpdir(), "toolkit-bench-"));
const cluster = createCluster({ dataDir: join(folder, "cluster") });

try {
  await cluster.start();
  const input = await writeAccounts(join(folder, "accounts.csv"));
  const pool = createPool({
    endpoint: cluster.endpoint,
    address: { host: cluster.host, port: cluster.port },
    ca: readFileSync(cluster.caFile, "utf8"),
    credentials: cluster.identities.administrator as { accessKeyId: string; secretAccessKey: string },
    max: connections,
    environment: {},
  });
  let heapBytesMax = 0;
  const report = await bulkLoad(pool, {
    input,
    table: "account",
    createTable: true,
    primaryKey: ["id"],
    types: { id: "integer", balance: "integer" },
    connections,
    rampMs: 100,
    verify: "count",
    onProgress: ({ rowsLoaded }) => {
      heapBytesMax = Math.max(heapBytesMax, process.memoryUsage().heapUsed);
      process.stderr.write(`\r${rowsLoaded} rows`);
    },
  });
  const seconds = report.elapsedMs / 1_000;
  console.log(
    JSON.stringify({
      rows: report.rowsLoaded,
      connections,
      fileMiB: Math.round(statSync(input).size / 1024 / 1024),
      seconds: Number(seconds.toFixed(2)),
      rowsPerSecond: Math.round(report.rowsLoaded / seconds),
      // Of this process, in which the cluster runs too.
      heapMiBMax: Math.round(heapBytesMax / 1024 / 1024),
    }),
  );
  await pool.end();
} finally {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function writeAccounts(file: string): Promise<string> {
  const out = createWriteStream(file);
  out.write("id,owner,balance\n");
  const portion = 1_000;
  for (let first = 1; first <= rows; first += portion) {
    const lines = Array.from({ length: Math.min(portion, rows - first + 1) }, (_, index) => {
      const id = first + index;
      return `${id},owner ${id},${(id * 7) % 1_000}\n`;
    });
    if (!out.write(lines.join(""))) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
  return file;
}
