/**
 * The data directory: one process at a time holds it, and says in `lock.json` who it is and where it listens.
 *
 * A lock outlives a process that was killed. It counts only while the process that it names is alive and is still the
 * same one; otherwise the next start takes it over. Nothing that we did not make is ever removed or overwritten.
 */
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, realpath, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readJsonFile, replaceFile } from "./whole-file.ts";
import { isAlive, processStart } from "./process-identity.ts";
import { StorageError, errorCode, ifPresent } from "../storage-error.ts";

/** What a running cluster tells about itself, for the CLI and other programs of the same user. */
export interface ClusterDetails {
  readonly clusterId: string;
  readonly clusterEndpoint: string;
  readonly host: string;
  readonly port: number;
  readonly awsEndpoint?: string;
  readonly region: string;
  readonly account: string;
  readonly caFile: string;
  /** The date of the rules that it behaves by, or `latest`. */
  readonly rules?: string;
}

/** The process that holds a data directory; its details as soon as it has published them. */
export interface DataDirHolder extends Partial<ClusterDetails> {
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Tells this process from a later one with the same id; see `processStart`. */
  readonly processStart?: string;
}

export interface DataDirLock {
  /** Absolute, without symbolic links. */
  readonly dataDir: string;
  /** Adds to what `lock.json` says of the holder. */
  publish(details: Partial<ClusterDetails>): Promise<void>;
  /** Lets the next one in. */
  release(): Promise<void>;
}

/**
 * Makes the directory where there is none, and holds it for this process.
 *
 * @throws {StorageError} another process holds it, it is not ours, or it cannot be made or written
 */
export async function acquireDataDir(dataDir: string): Promise<DataDirLock> {
  const path = await openDataDir(resolve(dataDir));
  const start = await processStart(process.pid);
  let holder: DataDirHolder = {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    ...(start !== undefined && { processStart: start }),
  };
  await takeLock(path, holder);
  return {
    dataDir: path,
    async publish(details) {
      holder = { ...holder, ...details };
      await replaceFile(lockFile(path), print(holder));
    },
    async release() {
      if (isSame(await readHolder(path), holder)) await rm(lockFile(path), { force: true });
    },
  };
}

/** @returns who holds the directory, or undefined where nobody alive does */
export async function readLock(dataDir: string): Promise<DataDirHolder | undefined> {
  const holder = await readHolder(resolve(dataDir));
  return typeof holder === "object" && (await isHeld(holder)) ? holder : undefined;
}

/** Whether this very process holds the directory. */
export async function holdsDataDir(dataDir: string): Promise<boolean> {
  return (await readLock(dataDir))?.pid === process.pid;
}

/** Everything that one of our processes makes here; a start that was killed may have left any part of it. */
const ours =
  /^(lock|cluster|identities)\.json(\..*)?$|^(tls|cloud|postgres|clusters)([.-].*)?$|^mcp-audit\.jsonl(\..*)?$/;
/** Which clusters there are. Where it lies the directory is ours, whatever people have put beside it. */
const clusterFile = "cluster.json";
/** What systems and people put into any folder. */
const anyones = /^(\.DS_Store|\.gitignore|\.gitkeep|lost\+found|desktop\.ini)$/;

async function openDataDir(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const names = await readdir(path);
    const foreign = names.filter((name) => !ours.test(name) && !anyones.test(name));
    if (foreign.length > 0 && !names.includes(clusterFile)) throw notOurs(path, foreign);
    return await realpath(path);
  } catch (error) {
    throw error instanceof StorageError ? error : unusable(path, error);
  }
}

function notOurs(path: string, foreign: readonly string[]): StorageError {
  const some = foreign.slice(0, 3).join(", ");
  return new StorageError({
    problem: `${path} is not a data directory of dsql-local: it holds ${some}${foreign.length > 3 ? " and more" : ""}.`,
    remedy: "Choose an empty folder, or one that does not exist yet.",
  });
}

function unusable(path: string, cause: unknown): StorageError {
  const code = errorCode(cause);
  if (code === "EEXIST" || code === "ENOTDIR") {
    return new StorageError({
      problem: `${path} is not a folder.`,
      remedy: "Choose another data directory.",
      cause,
    });
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StorageError({
      problem: `The disk that holds ${path} is full.`,
      remedy: "Free some space, then start again.",
      cause,
    });
  }
  return new StorageError({
    problem: `The data directory ${path} cannot be written (${code ?? String(cause)}).`,
    remedy: "Start as the user who made it, give this user permission, or choose another data directory.",
    cause,
  });
}

function lockFile(dataDir: string): string {
  return join(dataDir, "lock.json");
}

function print(holder: DataDirHolder): string {
  return `${JSON.stringify(holder, undefined, 2)}\n`;
}

// An attempt that finds a lock of nobody's removes it, or waits for another process that is at it.
const attemptsMax = 100;
const attemptPauseMs = 25;

async function takeLock(dataDir: string, holder: DataDirHolder): Promise<void> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    if (createLock(dataDir, holder)) return;
    const present = await readHolder(dataDir);
    if (typeof present === "object" && (await isHeld(present))) throw heldBy(dataDir, present);
    if (!(await removeStaleLock(dataDir))) await sleep(attemptPauseMs);
  }
  throw unusable(dataDir, new Error("its lock.json changes all the time"));
}

/**
 * Makes the file and fills it in one turn of the event loop: others take one that stays empty for a dead process's, and a
 * busy process may come to its next turn too late.
 *
 * @returns false where there is a lock already
 */
function createLock(dataDir: string, holder: DataDirHolder): boolean {
  let file: number;
  try {
    file = openSync(lockFile(dataDir), "wx", 0o600);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw unusable(dataDir, error);
  }
  try {
    writeFileSync(file, print(holder));
    return true;
  } catch (error) {
    rmSync(lockFile(dataDir), { force: true });
    throw unusable(dataDir, error);
  } finally {
    closeSync(file);
  }
}

// A lock that holds nothing yet is being written. One that stays so was left by a process killed in that moment.
const unreadableMsMax = 500;
const pollMs = 25;

async function readHolder(dataDir: string): Promise<DataDirHolder | "absent" | "unreadable"> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    try {
      const holder = await readJsonFile(lockFile(dataDir), "Remove it if no dsql-local runs there.");
      return holder === undefined ? "absent" : (parseHolder(holder) ?? "unreadable");
    } catch (error) {
      if (!(error instanceof StorageError)) throw unusable(dataDir, error);
      if (waitedMs >= unreadableMsMax) return "unreadable";
    }
    await sleep(pollMs);
  }
}

function parseHolder(value: Record<string, unknown>): DataDirHolder | undefined {
  if (!Number.isSafeInteger(value["pid"]) || typeof value["startedAt"] !== "string") return undefined;
  return value as unknown as DataDirHolder;
}

async function isHeld({ pid, processStart: recorded }: DataDirHolder): Promise<boolean> {
  if (pid <= 0 || !isAlive(pid)) return false;
  const actual = recorded === undefined ? undefined : await processStart(pid);
  return actual === undefined || actual === recorded;
}

function isSame(left: DataDirHolder | "absent" | "unreadable", right: DataDirHolder): boolean {
  return typeof left === "object" && left.pid === right.pid && left.startedAt === right.startedAt;
}

function heldBy(dataDir: string, { pid, port, startedAt }: DataDirHolder): StorageError {
  const where = port === undefined ? "" : `, port ${port}`;
  return new StorageError({
    problem: `Process ${pid}${where} has been using ${dataDir} since ${startedAt}.`,
    remedy: `Use that one, stop it first (dsql stop --data-dir ${dataDir}), or choose another data directory.`,
  });
}

// Longer than a removal can take: its process was killed in the middle.
const removalMsMax = 10_000;

/**
 * Several processes may find the same stale lock. Only one at a time may remove a lock, and it looks again first:
 * otherwise a slow one would remove the lock of a faster one that has already taken over.
 *
 * @returns false where another process is at it
 */
async function removeStaleLock(dataDir: string): Promise<boolean> {
  const removal = `${lockFile(dataDir)}.removal`;
  try {
    await (await open(removal, "wx", 0o600)).close();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw unusable(dataDir, error);
    const begun = await ifPresent(stat(removal));
    if (begun !== undefined && Date.now() - begun.mtimeMs > removalMsMax) await rm(removal, { force: true });
    return false;
  }
  try {
    const present = await readHolder(dataDir);
    const isStale = present === "unreadable" || (present !== "absent" && !(await isHeld(present)));
    if (isStale) await rm(lockFile(dataDir), { force: true });
    return true;
  } finally {
    await rm(removal, { force: true });
  }
}
