/**
 * The guardian: a small process between the cluster and PostgreSQL, so that PostgreSQL never outlives the cluster.
 *
 * The cluster holds the other end of our stdin. However the cluster ends, even by `kill -9`, the pipe closes, and we
 * shut PostgreSQL down. We are started in a session of our own, so Ctrl-C in the terminal reaches the cluster alone,
 * which shuts down in order.
 *
 * stdin: one shutdown mode per line. stdout: one JSON object per line (`GuardianReport`). stderr: PostgreSQL's log.
 */
import { createInterface } from "node:readline";
import { removeSocketDir } from "../data-dir/place.ts";
import {
  type Postmaster,
  type PostmasterStart,
  type ShutdownMode,
  startPostmaster,
} from "./postmaster-process.ts";

export interface GuardianTask extends PostmasterStart {
  /** Removed when PostgreSQL has ended. */
  readonly socketDir?: string;
  /** How long each way of asking may take before the next harder one. */
  readonly patienceMs: { readonly fast: number; readonly immediate: number };
}

export type GuardianReport =
  | { readonly event: "started"; readonly pid: number }
  | { readonly event: "refused"; readonly message: string }
  | { readonly event: "ended"; readonly code: number | null; readonly signal: string | null };

// Nobody waits for a shutdown after the cluster's death, and the next start may come at once.
const orphanPatienceMs = 1_000;

const harder = { fast: "immediate", immediate: "kill", kill: undefined } as const;

async function main(task: GuardianTask): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const orders: ShutdownMode[] = [];
  let order = (mode: ShutdownMode): void => void orders.push(mode);
  lines.on("line", (line) => {
    if (line === "fast" || line === "immediate" || line === "kill") order(line);
  });
  let isOrphan = false;
  lines.on("close", () => {
    isOrphan = true;
    order("fast");
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      order("fast");
    });
  process.stdout.on("error", () => undefined); // The cluster is gone; stdin tells the same.

  const postmaster = await startPostmaster(task).catch((error: unknown) => {
    report({ event: "refused", message: error instanceof Error ? error.message : String(error) });
  });
  if (postmaster !== undefined) {
    report({ event: "started", pid: postmaster.pid });
    order = (mode) => {
      shutDown(postmaster, mode, isOrphan ? { ...task.patienceMs, fast: orphanPatienceMs } : task.patienceMs);
    };
    orders.forEach(order);
    report({ event: "ended", ...(await postmaster.ended) });
  }
  if (task.socketDir !== undefined) await removeSocketDir(task.socketDir);
  process.exit(0);
}

function shutDown(postmaster: Postmaster, mode: ShutdownMode, patienceMs: GuardianTask["patienceMs"]): void {
  postmaster.shutDown(mode);
  const next = harder[mode];
  if (mode === "kill" || next === undefined) return;
  setTimeout(() => {
    shutDown(postmaster, next, patienceMs);
  }, patienceMs[mode]);
}

function report(line: GuardianReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

void main(JSON.parse(process.argv[2] ?? "") as GuardianTask);
