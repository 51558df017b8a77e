/**
 * Transfers per second through the cluster, against its own PostgreSQL directly: same process, same tables, same client,
 * in turns, so that the ratio says what the front end costs or gains.
 *
 * Both clients use the extended protocol with prepared statements. Through the cluster they use TLS and a token, as they
 * must; directly they use PostgreSQL's Unix socket, which is what PostgreSQL is fastest with.
 */
import { fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../src/index.ts";
import type { LoadOrder, LoadReport } from "./load-process.ts";
import { BenchConnection, type BenchTarget } from "./wire-client.ts";

export interface TransferOptions {
  readonly connections: readonly number[];
  /** Pairs of measurements for each number of connections. */
  readonly pairs: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
}

export interface TransferResult {
  readonly connections: number;
  readonly through: number;
  readonly direct: number;
  /** Median of the ratios of the pairs. */
  readonly ratio: number;
  /** CPU of this process, which is the cluster's without PostgreSQL, for one transfer through it, in microseconds. */
  readonly frontEndUs: number;
  readonly pairs: readonly { readonly through: LoadReport; readonly direct: LoadReport }[];
}

export const accounts = 100_000;

const setup = [
  "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)",
  `INSERT INTO account SELECT n, 1000000 FROM generate_series(1, ${accounts}) AS n`,
  `CREATE TABLE transfer (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), payer int NOT NULL, payee int NOT NULL,
   amount bigint NOT NULL, made timestamptz NOT NULL DEFAULT now())`,
  "CREATE INDEX transfer_payer ON transfer (payer, made)",
  "ANALYZE account",
  "CREATE TABLE proof (holds boolean NOT NULL CHECK (holds))",
];

/** What was measured was transfers: no money was made or lost, and each has its entry. Fails with 23514 otherwise. */
const moneyIsConserved = `INSERT INTO proof SELECT sum(balance) = 1000000::bigint * ${accounts} FROM account`;
const entriesAreThere = (least: number): string =>
  `INSERT INTO proof SELECT count(*) >= ${least} FROM transfer`;

export async function measureTransfers(
  cluster: Cluster,
  options: TransferOptions,
  tell: (result: TransferResult) => void,
): Promise<TransferResult[]> {
  const direct = directTarget(cluster);
  // The tables are made past the cluster: 100,000 rows are more than a transaction may change, and nobody is connected yet.
  for (const sql of setup) await must(direct, sql);
  const results: TransferResult[] = [];
  for (const connections of options.connections) {
    const result = await measurePairs(cluster, direct, connections, options);
    tell(result);
    results.push(result);
  }
  const measured = results.flatMap(({ pairs }) =>
    pairs.flatMap(({ through, direct: other }) => [through, other]),
  );
  const transfers = measured.reduce(
    (sum, { transfersPerSecond }) => sum + transfersPerSecond * options.measureMs,
    0,
  );
  await must(direct, moneyIsConserved);
  await must(direct, entriesAreThere(Math.floor(transfers / 1_000) - measured.length));
  return results;
}

async function must(target: BenchTarget, sql: string): Promise<void> {
  const connection = await BenchConnection.open(target, new Map([["statement", sql]]));
  const sqlstate = await connection.run("statement");
  connection.close();
  if (sqlstate !== undefined) throw new Error(`${sqlstate} from: ${sql}`);
}

function directTarget({ storageAddress }: Cluster): BenchTarget {
  if ("path" in storageAddress) return { path: storageAddress.path, user: "admin" };
  return { ...storageAddress, user: "dsql_system" };
}

async function throughTarget(cluster: Cluster): Promise<BenchTarget> {
  return {
    host: cluster.host,
    port: cluster.port,
    tls: { ca: await readFile(cluster.caFile, "utf8"), servername: cluster.endpoint },
    user: "admin",
    password: cluster.token({ user: "admin" }),
  };
}

async function measurePairs(
  cluster: Cluster,
  direct: BenchTarget,
  connections: number,
  { pairs, measureMs, warmUpMs }: TransferOptions,
): Promise<TransferResult> {
  const order = { connections, accounts, measureMs, warmUpMs };
  const reports: { through: LoadReport; direct: LoadReport }[] = [];
  const frontEndUs: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const before = process.cpuUsage();
    const through = await runLoad({ ...order, target: await throughTarget(cluster) });
    const { user, system } = process.cpuUsage(before);
    frontEndUs.push((user + system) / through.transfers);
    reports.push({ through, direct: await runLoad({ ...order, target: direct }) });
  }
  return {
    connections,
    through: median(reports.map((report) => report.through.transfersPerSecond)),
    direct: median(reports.map((report) => report.direct.transfersPerSecond)),
    ratio: median(
      reports.map((report) => report.through.transfersPerSecond / report.direct.transfersPerSecond),
    ),
    frontEndUs: median(frontEndUs),
    pairs: reports,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function runLoad(order: LoadOrder): Promise<LoadReport> {
  const child = fork(fileURLToPath(new URL("./load-process.js", import.meta.url)));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`the load process ended with ${code ?? "a signal"} before its report`));
    });
    child.once("message", (message: { result?: LoadReport; error?: string }) => {
      if (message.result === undefined) reject(new Error(message.error));
      else resolve(message.result);
    });
    child.send(order);
  });
}
