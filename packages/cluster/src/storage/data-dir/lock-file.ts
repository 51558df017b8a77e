/**
 * `lock.json`: which process holds the data directory, and where its cluster listens.
 *
 * A lock outlives a process that was killed. It counts only while the process that it names is alive and is still the same
 * one; otherwise the next start takes it over. No moment of the clock is asked, which may have been set in between.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { link, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StorageError, errorCode, ifPresent } from "../storage-error.ts";
import { isAlive, processStart } from "./process-identity.ts";
import { unusable } from "./unusable.ts";
import { replaceFile } from "./whole-file.ts";

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

function lockFile(dataDir: string): string {
  return join(dataDir, "lock.json");
}

function print(holder: DataDirHolder): string {
  return `${JSON.stringify(holder, undefined, 2)}\n`;
}

/** This process, as the holder of a lock. */
export async function ourselves(): Promise<DataDirHolder> {
  const start = await processStart(process.pid);
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    ...(start !== undefined && { processStart: start }),
  };
}

// Whoever finds a lock of nobody's removes it, or waits for another process that is at it.
const attemptsMax = 200;
const attemptPauseMs = 25;

/** @throws {StorageError} another process holds it, or it cannot be written */
export async function takeLock(dataDir: string, holder: DataDirHolder): Promise<void> {
  const path = lockFile(dataDir);
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    if (createLock(path, holder)) return;
    const present = await readSettled(path);
    if (present?.holder !== undefined && (await isHeld(present.holder)))
      throw heldBy(dataDir, present.holder);
    if (present !== undefined && !(await removeStale(path, holder))) await sleep(attemptPauseMs);
  }
  throw new StorageError({
    problem: `Other processes take and leave ${path} all the time.`,
    remedy: "See which programs use this data directory, or choose another one.",
  });
}

/** Replaces what the lock says. */
export async function writeLock(dataDir: string, holder: DataDirHolder): Promise<void> {
  try {
    await replaceFile(lockFile(dataDir), print(holder));
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

/** Removes the lock, unless another process has taken it. */
export async function dropLock(dataDir: string, { pid, startedAt }: DataDirHolder): Promise<void> {
  const present = await readSettled(lockFile(dataDir));
  if (present?.holder?.pid === pid && present.holder.startedAt === startedAt)
    await rm(lockFile(dataDir), { force: true });
}

/** @returns who holds the directory, or undefined where nobody alive does */
export async function readHolder(dataDir: string): Promise<DataDirHolder | undefined> {
  const holder = (await readSettled(lockFile(dataDir)))?.holder;
  return holder !== undefined && (await isHeld(holder)) ? holder : undefined;
}

/**
 * Makes the file and fills it in one turn of the event loop: others take one that stays empty for a dead process's, and a
 * busy process may come to its next turn too late.
 *
 * @returns false where there is a lock already
 */
function createLock(path: string, holder: DataDirHolder): boolean {
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw unusable(path, error);
  }
  try {
    writeFileSync(file, print(holder));
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw unusable(path, error);
  } finally {
    closeSync(file);
  }
}

/** A lock as it lies there; without a holder where it says nothing that we understand. */
interface PresentLock {
  readonly text: string;
  readonly holder: DataDirHolder | undefined;
}

// A lock that holds nothing yet is being written. One that stays so was left by a process killed in that moment.
const unreadableMsMax = 500;
const pollMs = 25;

/** @returns undefined where there is no lock */
async function readSettled(path: string): Promise<PresentLock | undefined> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    let text: string | undefined;
    try {
      text = await ifPresent(readFile(path, "utf8"));
    } catch (error) {
      throw unreadable(path, error);
    }
    if (text === undefined) return undefined;
    const holder = parseHolder(text);
    if (holder !== undefined || waitedMs >= unreadableMsMax) return { text, holder };
    await sleep(pollMs);
  }
}

function unreadable(path: string, cause: unknown): StorageError {
  if (errorCode(cause) !== "EISDIR") return unusable(path, cause);
  return new StorageError({
    problem: `${path} is a folder, where a file says which process uses the data directory.`,
    remedy: "Remove it, or choose another data directory.",
    cause,
  });
}

function parseHolder(text: string): DataDirHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, startedAt, processStart: start, ...details } = value as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || typeof startedAt !== "string") return undefined;
    const isWhole = Object.entries(details).every(([name, detail]) => isDetail(name, detail));
    return {
      pid: pid as number,
      startedAt,
      ...(typeof start === "string" && { processStart: start }),
      // Its process is what a lock is about. Details that somebody has damaged are as good as none: it seems to be starting.
      ...(isWhole && details),
    };
  } catch {
    return undefined;
  }
}

/** A member that this version does not know may be of a newer one. */
function isDetail(name: string, value: unknown): boolean {
  if (name === "port") return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
  if (name === "awsEndpoint") return typeof value === "string" && URL.canParse(value);
  return !knownTexts.has(name) || typeof value === "string";
}

const knownTexts = new Set(["clusterId", "clusterEndpoint", "host", "region", "account", "caFile", "rules"]);

async function isHeld({ pid, processStart: recorded }: DataDirHolder): Promise<boolean> {
  if (pid <= 0 || !isAlive(pid)) return false;
  const actual = recorded === undefined ? undefined : await processStart(pid);
  return actual === undefined || actual === recorded;
}

function heldBy(dataDir: string, { pid, port, startedAt }: DataDirHolder): StorageError {
  const where = port === undefined ? "" : `, port ${port}`;
  return new StorageError({
    problem: `Process ${pid}${where} has been using ${dataDir} since ${startedAt}.`,
    remedy: `Use that one, stop it first (dsql stop --data-dir ${dataDir}), or choose another data directory.`,
  });
}

/**
 * Several processes may find the same stale lock. Only one at a time may remove a lock, and it looks again first:
 * otherwise a slow one would remove the lock of a faster one that has already taken over.
 *
 * The right to remove is itself a lock, and its process may be killed as well: it then counts as little as the other.
 *
 * @returns false where another process is at it
 */
async function removeStale(path: string, remover: DataDirHolder): Promise<boolean> {
  const removal = `${path}.removal`;
  if (!createLock(removal, remover)) {
    const other = await readSettled(removal);
    if (other !== undefined && !(other.holder !== undefined && (await isHeld(other.holder))))
      await removeExactly(removal, other.text);
    return false;
  }
  try {
    const present = await readSettled(path);
    if (present !== undefined && !(present.holder !== undefined && (await isHeld(present.holder))))
      await removeExactly(path, present.text);
    return true;
  } finally {
    await rm(removal, { force: true });
  }
}

/** Removes a file that still holds this. Another one that has taken its place in the meantime goes back there. */
async function removeExactly(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw unusable(path, error);
  }
  if ((await readFile(aside, "utf8")) !== text) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
