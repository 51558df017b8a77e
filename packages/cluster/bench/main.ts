/**
 * `npm run bench`: measures a new cluster on a temporary data directory and prints a table, or JSON with `--json`.
 * The numbers kept in `docs/performance.md` come from here.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createCluster } from "../src/index.ts";
import { measureTransfers, type TransferResult } from "./transfers.bench.ts";

const help = `npm run bench -- [options]

  --connections LIST   default 1,16,200,1000
  --pairs N            measurements through the cluster and directly, in turns (default 3)
  --seconds S          of each measurement (default 5), after 1 s of warming up
  --json               the whole result as JSON
`;

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1,16,200,1000" },
    pairs: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const warmUpMs = 1_000;
const openTransactionsMax = 1_100; // So that 1,000 clients find room in PostgreSQL itself, too.
const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };

if (values.help) console.log(help);
else await main();

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "dsql-bench-"));
  const cluster = createCluster({
    dataDir: join(dataDir, "data"),
    connectionRate: unlimited,
    openTransactionsMax,
  });
  try {
    await cluster.start();
    if (!values.json) console.log(head());
    const options = {
      connections: values.connections.split(",").map(Number),
      pairs: Number(values.pairs),
      measureMs: Number(values.seconds) * 1_000,
      warmUpMs,
    };
    const results = await measureTransfers(cluster, options, (result) => {
      if (!values.json) console.log(line(result));
    });
    if (values.json)
      console.log(JSON.stringify({ cpus: cpus().length, node: process.version, results }, null, 2));
  } finally {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function head(): string {
  return `${cpus().length} CPUs (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}, clients on the same machine

| connections | through the cluster, transfers/s | PostgreSQL directly, transfers/s | ratio | CPU of the front end per transfer, µs | conflicts | p50 / p99 through, ms |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |`;
}

function line({ connections, through, direct, ratio, frontEndUs, pairs }: TransferResult): string {
  const conflicts = pairs.reduce((sum, pair) => sum + pair.through.conflicts, 0);
  const { p50, p99 } = pairs[0]?.through.latencyMs ?? { p50: 0, p99: 0 };
  const latency = `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
  return `| ${[connections, through, direct, ratio.toFixed(2), frontEndUs.toFixed(0), conflicts, latency].join(" | ")} |${errorsOf(pairs)}`;
}

/** Errors other than conflicts make a measurement worthless, so they are shown beside it. */
function errorsOf(pairs: TransferResult["pairs"]): string {
  const errors = pairs.flatMap(({ through, direct }) => [through.errors, direct.errors]);
  const found = errors.filter((counts) => Object.keys(counts).length > 0);
  return found.length === 0 ? "" : ` errors: ${JSON.stringify(found)}`;
}
