/** What the tests of storage share: a data directory that goes away, storage in it, and storage in a process of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { silentLog } from "../src/base/index.ts";
import {
  type Storage,
  type StorageAddress,
  acquireDataDir,
  createStorage,
  removeDataDir,
} from "../src/storage/index.ts";

import { superuser, systemRole } from "../src/storage/system-schema/index.ts";

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Like `t.after`, but what was made last goes first: a cluster before its directory. */
export function afterTest(t: TestContext, clean: () => unknown): void {
  const stack = cleanups.get(t) ?? [];
  stack.push(clean);
  if (cleanups.has(t)) return;
  cleanups.set(t, stack);
  t.after(async () => {
    for (const each of stack.reverse()) await each();
  });
}

/** A path where nothing is yet; what will be there is removed after the test. */
export async function temporaryDataDir(t: TestContext): Promise<string> {
  const dataDir = join(await realpath(tmpdir()), `storage-test-${randomBytes(6).toString("hex")}`);
  afterTest(t, () => removeDataDir(dataDir));
  return dataDir;
}

/** Holds the data directory and starts storage in it; both are let go after the test. */
export async function startStorage(
  t: TestContext,
  dataDir: string,
  options: { fsync?: boolean } = {},
): Promise<Storage> {
  const lock = await acquireDataDir(dataDir);
  const storage = createStorage({
    dataDir,
    fsync: options.fsync ?? false,
    connectionsMax: 20,
    log: silentLog,
  });
  afterTest(t, async () => {
    await storage.stop();
    await lock.release();
  });
  await storage.start();
  return storage;
}

/** Stops storage and lets the next start in. */
export async function stopStorage(storage: Storage, dataDir: string): Promise<void> {
  await storage.stop();
  await rm(join(dataDir, "lock.json"), { force: true });
}

/** Runs statements as one role over a connection of their own. @returns the rows of the last */
export async function query(
  address: StorageAddress,
  user: string,
  ...statements: string[]
): Promise<unknown[]> {
  const where =
    "path" in address
      ? { host: dirname(address.path), port: 5432 }
      : { host: address.host, port: address.port, password: address.password };
  const client = new pg.Client({ ...where, user, database: "postgres" });
  client.on("error", () => undefined); // A test that ends PostgreSQL breaks its connections.
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

/**
 * Runs statements as PostgreSQL's superuser, which nobody may connect as: whoever may write the server's files can let it in.
 *
 * @returns the rows of the last
 */
export async function queryAsSuperuser(address: StorageAddress, ...statements: string[]): Promise<unknown[]> {
  const [place] = (await query(
    address,
    systemRole,
    "SELECT current_setting('hba_file') AS hba, current_setting('data_directory') AS data",
  )) as [{ hba: string; data: string }];
  const rules = await readFile(place.hba, "utf8");
  const opened = rules.replace(/^(.*\b)reject$/m, (_, rule: string) => `${rule}trust`);
  if (opened !== rules) {
    await writeFile(place.hba, opened);
    const [pid] = (await readFile(join(place.data, "postmaster.pid"), "utf8")).split("\n");
    process.kill(Number(pid), "SIGHUP");
  }
  for (const endMs = Date.now() + 60_000; ; await sleep(20)) {
    try {
      return await query(address, superuser, ...statements);
    } catch (error) {
      const isShut = (error as { code?: string }).code === "28000";
      if (!isShut || Date.now() > endMs) throw error;
    }
  }
}

export interface StorageProcess {
  readonly child: ChildProcess;
  readonly postmaster: number;
  readonly guardian: number;
  readonly address: StorageAddress;
}

/** Starts `storage-child.js`, which runs storage until it is killed. */
export async function startStorageProcess(
  t: TestContext,
  dataDir: string,
  user: { uid?: number; gid?: number } = {},
): Promise<StorageProcess> {
  const program = fileURLToPath(new URL("storage-child.js", import.meta.url));
  const child = spawn(process.execPath, [program, dataDir], {
    ...user,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  afterTest(t, async () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await gone;
    await eventually("the killed program's PostgreSQL has ended", () => guardian === 0 || !isAlive(guardian));
  });
  let guardian = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const started = JSON.parse(line) as Omit<StorageProcess, "child">;
    guardian = started.guardian;
    return { child, ...started };
  }
  throw new Error("the process ended before its storage had started");
}

/** Waits until a condition holds; fails after a minute. */
export async function eventually(claim: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 60_000; Date.now() < endMs; await sleep(20)) {
    if (await holds()) return;
  }
  throw new Error(`within a minute this did not come true: ${claim}`);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Why a test cannot mount a small disk, or false. */
export function skipWithoutMount(): string | false {
  if (process.getuid?.() !== 0) return "only root can mount a small disk";
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return false;
  } catch {
    return "this system does not let root mount";
  }
}
