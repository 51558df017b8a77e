/**
 * The data directory: one process at a time holds it, and says in `lock.json` who it is and where it listens.
 *
 * Nothing that we did not make is ever removed or overwritten.
 */
import { readdir, realpath, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StorageError, errorCode } from "../storage-error.ts";
import {
  type ClusterDetails,
  type DataDirHolder,
  dropLock,
  ourselves,
  readHolder,
  takeLock,
  writeLock,
} from "./lock-file.ts";
import { makeFolders } from "./make-folders.ts";
import { unusable } from "./unusable.ts";

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
  let holder = await ourselves();
  await takeLock(path, holder);
  try {
    await keepFromGit(path);
  } catch (error) {
    await dropLock(path, holder);
    throw error;
  }
  return {
    dataDir: path,
    async publish(details) {
      holder = { ...holder, ...details };
      await writeLock(path, holder);
    },
    release: () => dropLock(path, holder),
  };
}

/** @returns who holds the directory, or undefined where nobody alive does */
export async function readLock(dataDir: string): Promise<DataDirHolder | undefined> {
  return await readHolder(resolve(dataDir));
}

/** Whether this very process holds the directory. */
export async function holdsDataDir(dataDir: string): Promise<boolean> {
  return (await readLock(dataDir))?.pid === process.pid;
}

/** Everything that one of our processes makes here; a start that was killed may have left any part of it. */
const ours =
  /^(lock|cluster|identities)\.json(\..*)?$|^(tls|cloud|postgres|clusters)([.-].*)?$|^mcp-audit\.jsonl(\..*)?$|^stack\.log$/;
/** Which clusters there are. Where it lies the directory is ours, whatever people have put beside it. */
const clusterFile = "cluster.json";
/** What systems and people put into any folder. */
const anyones = /^(\.DS_Store|\.gitignore|\.gitkeep|lost\+found|desktop\.ini)$/;

async function openDataDir(path: string): Promise<string> {
  try {
    await makeFolders(path, 0o700);
    const names = await readdir(path);
    const foreign = names.filter((name) => !ours.test(name) && !anyones.test(name));
    if (foreign.length > 0 && !names.includes(clusterFile)) throw notOurs(path, foreign);
    return await realpath(path);
  } catch (error) {
    throw error instanceof StorageError ? error : unusable(path, error);
  }
}

/** The keys in here are nobody else's business: `git add -A` in the folder above must not take them along. */
async function keepFromGit(path: string): Promise<void> {
  try {
    await writeFile(join(path, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw unusable(path, error);
  }
}

function notOurs(path: string, foreign: readonly string[]): StorageError {
  const some = foreign.slice(0, 3).join(", ");
  return new StorageError({
    problem: `${path} is not a data directory of dsql-local: it holds ${some}${foreign.length > 3 ? " and more" : ""}.`,
    remedy: "Choose an empty folder, or one that does not exist yet.",
  });
}
