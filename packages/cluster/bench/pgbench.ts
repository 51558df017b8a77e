/** Load by `pgbench`, a client that anybody can check: the transfer as a script, latencies from its log. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import type { LoadOrder, LoadReport } from "./load-process.ts";

const script = (accounts: number): string => `\\set payer random(1, ${accounts})
\\set payee random(1, ${accounts})
BEGIN;
UPDATE account SET balance = balance - 1 WHERE id = :payer;
UPDATE account SET balance = balance + 1 WHERE id = :payee;
INSERT INTO transfer (payer, payee, amount) VALUES (:payer, :payee, 1);
COMMIT;
`;

const triesMax = 100;

export const hasPgbench = (): boolean => spawnSync("pgbench", ["--version"]).error === undefined;

export async function runPgbench(order: LoadOrder): Promise<LoadReport> {
  const folder = await mkdtemp(path.join(tmpdir(), "dsql-pgbench-"));
  try {
    await writeFile(path.join(folder, "transfer.sql"), script(order.accounts));
    const { target, connections } = order;
    const seconds = Math.ceil(order.measureMs / 1_000);
    const args = ["--no-vacuum", "--file=transfer.sql", "--protocol=extended", `--max-tries=${triesMax}`];
    args.push(`--client=${connections}`, `--jobs=${Math.min(connections, 2)}`, `--time=${seconds}`);
    args.push("--log", "--log-prefix=each", `--port=${target.port ?? 5432}`, `--username=${target.user}`);
    const child = spawn("pgbench", [...args, "postgres"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        PGHOST: target.tls?.servername ?? target.host,
        PGHOSTADDR: target.host,
        PGSSLMODE: "require",
        PGPASSWORD: target.password ?? "none",
      },
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (printed = (printed + text).slice(-20_000)));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`pgbench ended with ${code ?? "a signal"}:\n${printed}`);
    const latencies = await latenciesIn(folder);
    const number = (pattern: RegExp): number => Number(pattern.exec(printed)?.[1] ?? 0);
    const percentile = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
    return {
      transfersPerSecond: Math.round(number(/^tps = ([\d.]+)/m)),
      transfers: number(/^number of transactions actually processed: (\d+)/m),
      conflicts: number(/^total number of retries: (\d+)/m),
      errors: {},
      latencyMs: { p50: percentile(0.5), p99: percentile(0.99) },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A line is `client transaction latency_us …`. */
async function latenciesIn(folder: string): Promise<number[]> {
  const latencies: number[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith("each.")) continue;
    const text = await readFile(path.join(folder, name), "utf8");
    for (const line of text.split("\n")) {
      const microseconds = Number(line.split(" ", 3)[2]);
      if (microseconds > 0) latencies.push(microseconds / 1_000);
    }
  }
  return latencies.sort((left, right) => left - right);
}
