/**
 * `postmaster.pid`, in which PostgreSQL's first process says who it is, and what may be done to the process it names.
 *
 * Lines: process id, data directory, start time, port, socket folder, listen address, shared memory key, status.
 * Source: PostgreSQL, src/include/utils/pidfile.h.
 */
import { readFile, readlink, realpath, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isAlive, processColumn, processes } from "../data-dir/process-identity.ts";
import { ifPresent } from "../storage-error.ts";

export interface PostmasterFile {
  readonly pid: number;
  /** Connections are possible. */
  readonly isReady: boolean;
}

function pathOf(postgresDir: string): string {
  return join(postgresDir, "postmaster.pid");
}

/** @returns undefined where there is no such file */
export async function readPostmasterFile(
  postgresDir: string,
): Promise<PostmasterFile | "damaged" | undefined> {
  const lines = (await ifPresent(readFile(pathOf(postgresDir), "utf8")))?.split("\n");
  if (lines === undefined) return undefined;
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return "damaged";
  return { pid, isReady: lines[7]?.trim() === "ready" };
}

/**
 * The PostgreSQL that works in this very directory, found among all processes. The oldest is the first, which ends the others
 * when it ends.
 */
export async function postmastersOf(postgresDir: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of await processes()) if (await isPostmasterOf(pid, postgresDir)) found.push(pid);
  return found.sort((left, right) => left - right);
}

/** Whether this process is alive, is a PostgreSQL, and works in this very directory. */
export async function isPostmasterOf(pid: number, postgresDir: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    if (process.platform === "win32") return true; // pg_ctl, which does the rest there, checks for itself.
    if (process.platform !== "linux") return isCommandOf(await processColumn(pid, "command"), postgresDir);
    const [program, folder] = await Promise.all([readlink(`/proc/${pid}/exe`), readlink(`/proc/${pid}/cwd`)]);
    return basename(program).startsWith("postgres") && folder === (await realpath(postgresDir));
  } catch {
    return false;
  }
}

function isCommandOf(command: string, postgresDir: string): boolean {
  return command.includes("postgres") && command.includes(`-D ${postgresDir}`);
}

/**
 * Removes the file of a process that is gone. PostgreSQL does so itself, except where another program of its user has
 * got the id since; it then refuses to start. Its check for surviving children does not depend on the file.
 */
export async function removePostmasterFile(postgresDir: string): Promise<void> {
  await rm(pathOf(postgresDir), { force: true });
}
