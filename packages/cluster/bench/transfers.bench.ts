/**
 * Transfers per second through the cluster and its rivals, in turns within one run, by the same client over TLS, so that the
 * ratios say what the front end costs or gains; and the processor time of each front end for a transfer, the figure least
 * disturbed by other work on the machine.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoadOrder, LoadReport } from "./load-process.ts";
import { runPgbench } from "./pgbench.ts";
import type { Rival } from "./rivals.ts";
import { BenchConnection, type BenchTarget } from "./wire-client.ts";

export interface TransferOptions {
  readonly connections: readonly number[];
  /** Measurements of each for each number of connections. */
  readonly rounds: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
  readonly client: "pgbench" | "own";
}

/** One rival at one number of connections; medians of the rounds. */
export interface TransferResult {
  readonly connections: number;
  readonly rival: string;
  readonly transfersPerSecond: number;
  /** The first rival's throughput to this one's, round by round. */
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Undefined where PostgreSQL is reached directly. */
  readonly frontEndUs: number | undefined;
  readonly conflicts: number;
  /** Other errors than conflicts, by SQLSTATE: they make a measurement worthless. */
  readonly errors: Readonly<Record<string, number>>;
}

interface Round extends LoadReport {
  readonly frontEndUs: number | undefined;
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
const proofs = [
  `INSERT INTO proof SELECT sum(balance) = 1000000::bigint * ${accounts} FROM account`,
  "INSERT INTO proof SELECT count(*) > 0 FROM transfer",
];

/** @param target - PostgreSQL itself: 100,000 rows are more than a transaction may change through the cluster */
export async function prepare(target: BenchTarget): Promise<void> {
  for (const sql of setup) await must(target, sql);
}

export async function prove(target: BenchTarget): Promise<void> {
  for (const sql of proofs) await must(target, sql);
}

export async function measureTransfers(
  rivals: readonly Rival[],
  options: TransferOptions,
  tell: (result: TransferResult) => void,
): Promise<TransferResult[]> {
  const results: TransferResult[] = [];
  for (const connections of options.connections) {
    const rounds = new Map<Rival, Round[]>(rivals.map((rival) => [rival, []]));
    // Code that has not run yet is slow, and PostgreSQL starts its processes: nothing of that is counted.
    for (const rival of rivals)
      await measure(rival, connections, { ...options, measureMs: options.warmUpMs });
    for (let round = 0; round < options.rounds; round += 1) {
      for (const rival of rivals) rounds.get(rival)?.push(await measure(rival, connections, options));
    }
    const [first] = rivals;
    const base = (first && rounds.get(first)) ?? [];
    for (const rival of rivals) {
      const result = summary(connections, rival, rounds.get(rival) ?? [], base);
      tell(result);
      results.push(result);
    }
  }
  return results;
}

async function measure(rival: Rival, connections: number, options: TransferOptions): Promise<Round> {
  const { measureMs, warmUpMs, client } = options;
  const order = { connections, accounts, measureMs, warmUpMs, target: rival.target() };
  const before = await rival.frontEndUs?.();
  const report = await (client === "pgbench" ? runPgbench(order) : runLoad(order));
  const after = await rival.frontEndUs?.();
  const frontEndUs =
    before === undefined || after === undefined ? undefined : (after - before) / report.transfers;
  return { ...report, frontEndUs };
}

function summary(
  connections: number,
  { name }: Rival,
  rounds: readonly Round[],
  base: readonly Round[],
): TransferResult {
  const errors: Record<string, number> = {};
  for (const round of rounds) {
    for (const [sqlstate, count] of Object.entries(round.errors))
      errors[sqlstate] = (errors[sqlstate] ?? 0) + count;
  }
  const ratios = rounds.map(
    (round, index) => (base[index]?.transfersPerSecond ?? NaN) / round.transfersPerSecond,
  );
  const frontEnd = rounds.flatMap((round) => (round.frontEndUs === undefined ? [] : [round.frontEndUs]));
  return {
    connections,
    rival: name,
    transfersPerSecond: median(rounds.map((round) => round.transfersPerSecond)),
    ratio: median(ratios),
    p50Ms: median(rounds.map((round) => round.latencyMs.p50)),
    p99Ms: median(rounds.map((round) => round.latencyMs.p99)),
    frontEndUs: frontEnd.length === 0 ? undefined : median(frontEnd),
    conflicts: rounds.reduce((sum, round) => sum + round.conflicts, 0),
    errors,
  };
}

async function must(target: BenchTarget, sql: string): Promise<void> {
  const connection = await BenchConnection.open(target, new Map([["statement", sql]]));
  const sqlstate = await connection.run("statement");
  connection.close();
  if (sqlstate !== undefined) throw new Error(`${sqlstate} from: ${sql}`);
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
