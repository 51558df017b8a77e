/**
 * PostgreSQL's first process, the postmaster, as the guardian holds it: started, told to shut down, waited for.
 *
 * On POSIX systems it is the guardian's child and takes signals. On Windows there are none, and PostgreSQL refuses to
 * run for an administrator, so `pg_ctl` starts it with restricted rights, and tells it to stop through a named pipe.
 */
import { type SpawnOptions, spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../data-dir/process-identity.ts";
import { readPostmasterFile } from "./postmaster-file.ts";

/** How it is asked to end: closing connections first, leaving recovery to the next start, or not asked at all. */
export type ShutdownMode = "fast" | "immediate" | "kill";

export interface PostmasterStart {
  readonly postgres: string;
  readonly pgCtl: string;
  readonly postgresDir: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface PostmasterEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Postmaster {
  readonly pid: number;
  readonly ended: Promise<PostmasterEnd>;
  shutDown(mode: ShutdownMode): void;
}

// Source: PostgreSQL documentation, "Shutting Down the Server".
export const signals = { fast: "SIGINT", immediate: "SIGQUIT", kill: "SIGKILL" } as const;

/** What it writes goes to our own stderr. Rejects where the program cannot be started. */
export function startPostmaster(start: PostmasterStart): Promise<Postmaster> {
  return process.platform === "win32" ? startThroughPgCtl(start) : startAsChild(start);
}

function startAsChild({ postgres, postgresDir, user }: PostmasterStart): Promise<Postmaster> {
  return new Promise((resolve, reject) => {
    const options: SpawnOptions = { cwd: "/", stdio: ["ignore", "inherit", "inherit"], ...user };
    const child = spawn(postgres, ["-D", postgresDir], options);
    const ended = new Promise<PostmasterEnd>((end) => {
      child.on("exit", (code, signal) => {
        end({ code, signal });
      });
    });
    child.on("error", reject);
    child.on("spawn", () => {
      const shutDown = (mode: ShutdownMode): void => void child.kill(signals[mode]);
      resolve({ pid: child.pid ?? 0, ended, shutDown });
    });
  });
}

const logBytesShown = 8_192;
const pollMs = 50;

async function startThroughPgCtl({ pgCtl, postgresDir }: PostmasterStart): Promise<Postmaster> {
  const log = join(postgresDir, "startup.log");
  const run = (args: readonly string[]): Promise<number | null> =>
    new Promise((resolve, reject) => {
      const child = spawn(pgCtl, [...args, "-D", postgresDir], { stdio: "ignore", windowsHide: true });
      child.on("error", reject);
      child.on("exit", resolve);
    });
  await (await open(log, "w")).close();
  const code = await run(["start", "--no-wait", "--silent", "--log", log]);
  let pid: number | undefined;
  for (let waitedMs = 0; code === 0 && pid === undefined && waitedMs < 5_000; waitedMs += pollMs) {
    await sleep(pollMs);
    const file = await readPostmasterFile(postgresDir);
    if (file !== "damaged") pid = file?.pid;
  }
  const ended = waitForEnd(pid, log);
  if (pid === undefined) await ended;
  const shutDown = (mode: ShutdownMode): void => {
    if (mode === "kill") process.kill(pid ?? 0);
    else run(["stop", "--no-wait", "--silent", "--mode", mode]).catch(() => undefined);
  };
  return { pid: pid ?? 0, ended, shutDown };
}

async function waitForEnd(pid: number | undefined, log: string): Promise<PostmasterEnd> {
  while (pid !== undefined && isAlive(pid)) await sleep(pollMs);
  const file = await open(log, "r");
  const { size } = await file.stat();
  const position = Math.max(0, size - logBytesShown);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(logBytesShown), 0, logBytesShown, position);
  await file.close();
  process.stderr.write(buffer.subarray(0, bytesRead));
  return { code: null, signal: null };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
