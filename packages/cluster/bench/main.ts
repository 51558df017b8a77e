/**
 * `npm run bench`: measures a new cluster on a temporary data directory against its rivals, and prints a table, or JSON with
 * `--json`. The numbers kept in `docs/performance.md` come from here.
 */
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Cluster, createCluster, openCertificates } from "../src/index.ts";
import { hasPgbench } from "./pgbench.ts";
import { startPlainPostgresql } from "./plain-postgresql.ts";
import { clusterItself, passThrough, pgbouncer, postgresqlOverTls, type Rival } from "./rivals.ts";
import { measureTransfers, prepare, prove, type TransferResult } from "./transfers.bench.ts";
import type { BenchTarget } from "./wire-client.ts";

const help = `npm run bench -- [options]

  --connections LIST   default 1,16,200,1000
  --rounds N           of the cluster and each rival, in turns (default 3)
  --seconds S          of each measurement (default 5)
  --client NAME        pgbench, where it is installed, or own (default: pgbench where it is installed)
  --only LIST          of cluster, postgresql, pass-through, pgbouncer (default: all that there are)
  --json               the whole result as JSON

Rivals: PostgreSQL over TLS; a pass-through in Node, the floor of a front end in Node; pgbouncer in transaction mode, where it is
installed and the client is pgbench. Ratios are the cluster's throughput to each rival's.
`;

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1,16,200,1000" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    client: { type: "string" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const warmUpMs = 1_000;
const connectionsMax = 1_100; // So that 1,000 clients find room in PostgreSQL itself, too.
const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };

if (values.help) console.log(help);
else await main();

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "dsql-bench-"));
  await chmod(folder, 0o755);
  const ends: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const cluster = createCluster({
      dataDir: join(folder, "data"),
      connectionRate: unlimited,
      openTransactionsMax: connectionsMax,
    });
    ends.push(() => cluster.stop());
    await cluster.start();
    const certificates = openCertificates({
      folder: join(folder, "tls"),
      region: "us-east-1",
      nowMs: Date.now(),
    });
    await mkdir(join(folder, "plain"));
    const postgresql = await startPlainPostgresql({
      folder: join(folder, "plain"),
      ...certificates,
      connectionsMax,
      fsync: false,
    });
    ends.push(() => postgresql.stop());
    const client = clientOf(values.client);
    const options = { folder, certificates, postgresql, connectionsMax };
    const rivals = [clusterItself(cluster, certificates)];
    const isWanted = (name: string): boolean => values.only?.split(",").includes(name) ?? true;
    const add = async (name: string, start: () => Promise<Rival | undefined>): Promise<void> => {
      const rival = isWanted(name) ? await start() : undefined;
      if (rival === undefined) return;
      ends.push(() => rival.stop());
      rivals.push(rival);
    };
    await add("postgresql", async () => postgresqlOverTls(options));
    await add("pass-through", () => passThrough(options));
    if (client === "pgbench") await add("pgbouncer", () => pgbouncer(options));
    const stores: readonly BenchTarget[] = [
      storeOf(cluster),
      { path: join(postgresql.socketDir, `.s.PGSQL.${postgresql.port}`), user: postgresql.user },
    ];
    for (const store of stores) await prepare(store);
    await measureAll(rivals, client);
    // Without rivals the plain PostgreSQL has served nobody.
    for (const store of rivals.length === 1 ? stores.slice(0, 1) : stores) await prove(store);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function measureAll(rivals: readonly Rival[], client: "pgbench" | "own"): Promise<void> {
  if (!values.json) console.log(head(client));
  const results = await measureTransfers(
    rivals,
    {
      connections: values.connections.split(",").map(Number),
      rounds: Number(values.rounds),
      measureMs: Number(values.seconds) * 1_000,
      warmUpMs,
      client,
    },
    (result) => {
      if (!values.json) console.log(line(result));
    },
  );
  if (values.json)
    console.log(JSON.stringify({ cpus: cpus().length, node: process.version, client, results }, null, 2));
}

function clientOf(wanted: string | undefined): "pgbench" | "own" {
  if (wanted === "own" || (wanted === undefined && !hasPgbench())) return "own";
  if (wanted !== undefined && wanted !== "pgbench") throw new Error(`--client is pgbench or own`);
  if (!hasPgbench()) throw new Error("pgbench is not installed; it comes with PostgreSQL's own programs");
  return "pgbench";
}

function storeOf({ storageAddress }: Cluster): BenchTarget {
  if ("path" in storageAddress) return { path: storageAddress.path, user: "admin" };
  throw new Error("the benchmark needs Unix sockets");
}

function head(client: string): string {
  return `${cpus().length} CPUs (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}, client ${client} on the same machine, all over TLS

| connections | through | transfers/s | cluster to it | p50 / p99, ms | front end's CPU per transfer, µs | conflicts |
| ---: | --- | ---: | ---: | ---: | ---: | ---: |`;
}

function line(result: TransferResult): string {
  const { connections, rival, transfersPerSecond, ratio, p50Ms, p99Ms, frontEndUs, conflicts } = result;
  const latency = `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`;
  const cells = [
    connections,
    rival,
    transfersPerSecond,
    ratio.toFixed(2),
    latency,
    frontEndUs?.toFixed(0) ?? "–",
    conflicts,
  ];
  const isWorthless = Object.keys(result.errors).length > 0;
  return `| ${cells.join(" | ")} |${isWorthless ? ` errors: ${JSON.stringify(result.errors)}` : ""}`;
}
