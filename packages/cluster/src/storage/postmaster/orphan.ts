/** Ends a PostgreSQL that outlived both its cluster and its guardian. Exactly that one: see `isPostmasterOf`. */
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../data-dir/process-identity.ts";
import {
  isPostmasterOf,
  postmastersOf,
  readPostmasterFile,
  removePostmasterFile,
} from "./postmaster-file.ts";
import { type ShutdownMode, signals } from "./postmaster-process.ts";
import { StorageError } from "../storage-error.ts";

// Each way of asking gets this long before the next harder one. Its own guardian may be at it already.
const patienceMs = { fast: 2_000, immediate: 3_000, kill: 5_000 };
const pollMs = 10;

/** @throws {StorageError} it does not end, or we may not end it */
export async function endPostmaster(pid: number, postgresDir: string): Promise<void> {
  for (const mode of ["fast", "immediate", "kill"] as const) {
    if (!(await isPostmasterOf(pid, postgresDir))) return;
    send(pid, mode, postgresDir);
    for (let waitedMs = 0; waitedMs < patienceMs[mode]; waitedMs += pollMs) {
      if (!isAlive(pid)) return;
      await sleep(pollMs);
    }
  }
  if (!(await isPostmasterOf(pid, postgresDir))) return;
  throw new StorageError({
    problem: `A PostgreSQL left from an earlier run (process ${pid}) uses ${postgresDir} and does not end.`,
    remedy: `End process ${pid}, then start again.`,
  });
}

function send(pid: number, mode: ShutdownMode, postgresDir: string): void {
  try {
    process.kill(pid, signals[mode]);
  } catch (cause) {
    if (!isAlive(pid)) return;
    throw new StorageError({
      problem: `A PostgreSQL left from an earlier run (process ${pid}) uses ${postgresDir}, and we may not end it.`,
      remedy: `End process ${pid} as the user who started it, then start again.`,
      cause,
    });
  }
}

/** Clears the way for a start: nothing of an earlier run works in this directory any more. */
export async function endOrphan(postgresDir: string): Promise<void> {
  const left = await readPostmasterFile(postgresDir);
  if (left === undefined) return;
  // A file that names nobody, as a full disk or a copy may leave it, would keep PostgreSQL from starting for ever.
  const pids = left === "damaged" ? await postmastersOf(postgresDir) : [left.pid];
  for (const pid of pids) await endPostmaster(pid, postgresDir);
  await removePostmasterFile(postgresDir);
}
