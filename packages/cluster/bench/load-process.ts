/**
 * The clients of a benchmark, in a process of their own: opens its connections, makes transfers on all of them at once
 * for a while, and reports.
 *
 * A transfer is BEGIN, two UPDATEs, one INSERT, COMMIT, each awaited. Keys are uniformly random.
 */
import { type BenchTarget, BenchConnection } from "./wire-client.ts";

export interface LoadOrder {
  readonly target: BenchTarget;
  readonly connections: number;
  readonly accounts: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadReport {
  readonly transfersPerSecond: number;
  /** All that were made, those of the warm-up included. */
  readonly transfers: number;
  readonly conflicts: number;
  /** Errors other than conflicts, by SQLSTATE. */
  readonly errors: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

const statements = new Map([
  ["begin", "BEGIN"],
  ["debit", "UPDATE account SET balance = balance - $1::bigint WHERE id = $2::int"],
  ["credit", "UPDATE account SET balance = balance + $1::bigint WHERE id = $2::int"],
  ["note", "INSERT INTO transfer (payer, payee, amount) VALUES ($1::int, $2::int, $3::bigint)"],
  ["commit", "COMMIT"],
  ["rollback", "ROLLBACK"],
]);

/** So many logins at once: more make the server's backlog the thing that is measured. */
const openingAtOnce = 20;

async function openAll(order: LoadOrder): Promise<BenchConnection[]> {
  const connections: BenchConnection[] = [];
  while (connections.length < order.connections) {
    const count = Math.min(openingAtOnce, order.connections - connections.length);
    const opened = Array.from({ length: count }, () => BenchConnection.open(order.target, statements));
    connections.push(...(await Promise.all(opened)));
  }
  return connections;
}

/** @returns the SQLSTATE with which the transfer failed */
async function transfer(connection: BenchConnection, accounts: number): Promise<string | undefined> {
  const payer = 1 + Math.floor(Math.random() * accounts);
  const payee = 1 + ((payer + Math.floor(Math.random() * (accounts - 1))) % accounts);
  const work: readonly (readonly [string, readonly string[]])[] = [
    ["begin", []],
    ["debit", ["1", String(payer)]],
    ["credit", ["1", String(payee)]],
    ["note", [String(payer), String(payee), "1"]],
  ];
  for (const [statement, values] of work) {
    const sqlstate = await connection.run(statement, values);
    if (sqlstate === undefined) continue;
    await connection.run("rollback");
    return sqlstate;
  }
  return connection.run("commit");
}

async function measure(order: LoadOrder): Promise<LoadReport> {
  const connections = await openAll(order);
  const measuresFrom = performance.now() + order.warmUpMs;
  const endsAt = measuresFrom + order.measureMs;
  const latencies: number[] = [];
  const failures: string[] = [];
  let transfers = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (let startedAt = performance.now(); startedAt < endsAt; startedAt = performance.now()) {
        const sqlstate = await transfer(connection, order.accounts);
        const endedAt = performance.now();
        transfers += 1;
        if (endedAt < measuresFrom || endedAt > endsAt) continue;
        if (sqlstate === undefined) latencies.push(endedAt - startedAt);
        else failures.push(sqlstate);
      }
      connection.close();
    }),
  );
  return { ...report(latencies, failures, order.measureMs), transfers };
}

function report(
  latencies: number[],
  failures: readonly string[],
  measureMs: number,
): Omit<LoadReport, "transfers"> {
  latencies.sort((left, right) => left - right);
  const percentile = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
  const errors: Record<string, number> = {};
  for (const sqlstate of failures) if (sqlstate !== "40001") errors[sqlstate] = (errors[sqlstate] ?? 0) + 1;
  return {
    transfersPerSecond: Math.round((latencies.length * 1_000) / measureMs),
    conflicts: failures.filter((sqlstate) => sqlstate === "40001").length,
    errors,
    latencyMs: { p50: percentile(0.5), p99: percentile(0.99) },
  };
}

process.once("message", (order: LoadOrder) => {
  measure(order).then(
    (result) => process.send?.({ result }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: (error as Error).message }, () => process.exit(1)),
  );
});
