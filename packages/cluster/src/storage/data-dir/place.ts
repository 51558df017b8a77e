/**
 * Where PostgreSQL's files and its socket are.
 *
 * Files are in `<dataDir>/postgres`. Started as root, PostgreSQL runs as another user, who may be unable to get there
 * (a data directory below /root, or on a mount that does not let files change hands). Then the files are in
 * `/var/lib/dsql-local/<hash of the data directory's path>` and `<dataDir>/postgres` is a symbolic link to them.
 */
import { createHash } from "node:crypto";
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, sep } from "node:path";
import { type DatabaseUser, canReach, letThrough } from "../programs/database-user.ts";
import { socketPort } from "../settings.ts";
import { StorageError, errorCode, ifPresent } from "../storage-error.ts";

const elsewhere = "/var/lib/dsql-local";

/** @returns the folder of PostgreSQL's files, which need not exist yet; the database user can reach the one above it */
export async function placeForFiles(dataDir: string, user: DatabaseUser | undefined): Promise<string> {
  const inDataDir = join(dataDir, "postgres");
  const target = await linkTarget(inDataDir);
  if (target !== undefined) return target;
  if (user === undefined || (await isUsableBy(dataDir, user))) return inDataDir;
  if ((await ifPresent(lstat(join(inDataDir, "PG_VERSION")))) !== undefined) {
    throw new StorageError({
      problem: `The user ${user.name}, who runs PostgreSQL when root starts it, cannot reach ${inDataDir}.`,
      remedy: `Let others pass through the folders above it (chmod o+x), or start as the user who owns it.`,
    });
  }
  return await makeElsewhere(inDataDir, dataDir);
}

async function linkTarget(path: string): Promise<string | undefined> {
  const entry = await ifPresent(lstat(path));
  if (!entry?.isSymbolicLink()) return undefined;
  const target = await ifPresent(realpath(path));
  if (target !== undefined) return target;
  throw new StorageError({
    problem: `${path} points to ${await readlink(path)}, where PostgreSQL's files were kept, and that is gone.`,
    remedy: "Bring the folder back, or start with another data directory.",
  });
}

/** Whether the user can reach this folder and own a file in it. */
async function isUsableBy(dataDir: string, user: DatabaseUser): Promise<boolean> {
  for (const folder of await ownFolders(dataDir)) await letThrough(folder, user);
  if (!(await canReach(dataDir, user))) return false;
  const trial = await mkdtemp(join(dataDir, "postgres.trial-"));
  try {
    await chown(trial, user.uid, user.gid);
    return (await stat(trial)).uid === user.uid;
  } catch {
    return false;
  } finally {
    await rmdir(trial);
  }
}

/** The data directory, and the folders above it that were made for the while: those in the temporary folder. */
async function ownFolders(dataDir: string): Promise<readonly string[]> {
  const temporary = await realpath(tmpdir());
  const folders = [dataDir];
  for (let path = dirname(dataDir); path.startsWith(join(temporary, sep)); path = dirname(path))
    folders.push(path);
  return folders;
}

async function makeElsewhere(link: string, dataDir: string): Promise<string> {
  const folder = join(elsewhere, hashOf(dataDir));
  try {
    await mkdir(elsewhere, { recursive: true, mode: 0o755 });
    // Files are here although the data directory knows nothing of them: an earlier data directory of this path was
    // removed. Its files are kept aside until the same happens again, in case it was only not mounted.
    if ((await ifPresent(lstat(folder))) !== undefined) {
      await rm(`${folder}.previous`, { recursive: true, force: true });
      await rename(folder, `${folder}.previous`);
    }
    await mkdir(folder, { mode: 0o755 });
    await mkdir(join(folder, "postgres"), { mode: 0o700 });
    if ((await ifPresent(lstat(link))) !== undefined) await rmdir(link);
    await symlink(join(folder, "postgres"), link);
    return join(folder, "postgres");
  } catch (cause) {
    throw new StorageError({
      problem: `PostgreSQL's user cannot reach ${dataDir}, and ${elsewhere} cannot hold its files either.`,
      remedy: "Choose a data directory that every user can pass to, such as one below /var/tmp.",
      cause,
    });
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

// sun_path holds 104 bytes on macOS and 108 on Linux, with a final zero. Source: unix(4), unix(7).
const socketPathBytesMax = 100;

export function socketFile(socketDir: string): string {
  return join(socketDir, `.s.PGSQL.${socketPort}`);
}

/**
 * A folder for one start's socket, closed to every other user, with a short path. Each start has its own, because the
 * guardian of an earlier one may still be removing the one before.
 */
export async function makeSocketDir(dataDir: string, user: DatabaseUser | undefined): Promise<string> {
  for (const parent of new Set([tmpdir(), "/tmp"])) {
    const prefix = join(parent, `dsql-${hashOf(dataDir)}-`);
    if (Buffer.byteLength(socketFile(`${prefix}XXXXXX`)) > socketPathBytesMax) continue;
    try {
      if (user !== undefined && !(await canReach(parent, user))) continue;
      // Whoever made these was killed: we hold the data directory, and nothing of an earlier start runs any more.
      for (const left of await readdir(parent)) {
        if (left.startsWith(basename(prefix)))
          await removeSocketDir(join(parent, left)).catch(() => undefined);
      }
      const folder = await mkdtemp(prefix); // With mode 0700.
      if (user !== undefined) await chown(folder, user.uid, user.gid);
      return folder;
    } catch (error) {
      if (!["EACCES", "EPERM", "EROFS", "ENOENT"].includes(errorCode(error) ?? "")) throw error;
    }
  }
  throw new StorageError({
    problem: `There is no place for PostgreSQL's socket: ${tmpdir()} and /tmp are too long, closed or read-only.`,
    remedy: "Set TMPDIR to a folder that is writable and has a short path.",
  });
}

/** Removes the socket's folder, where nothing but our socket was in it. */
export async function removeSocketDir(socketDir: string): Promise<void> {
  await rm(socketFile(socketDir), { force: true });
  await rm(`${socketFile(socketDir)}.lock`, { force: true });
  await rmdir(socketDir).catch(() => undefined);
}

/** Removes a data directory of ours that nobody holds, with the files that are kept elsewhere for it. */
export async function removeDataDir(dataDir: string): Promise<void> {
  const clusters = join(dataDir, "clusters");
  for (const name of (await ifPresent(readdir(clusters))) ?? [])
    await removePostgresFiles(join(clusters, name));
  await removePostgresFiles(dataDir);
  await removeTree(dataDir);
}

/** Removes PostgreSQL's files, wherever they are kept, and leaves the rest of the data directory. */
export async function removePostgresFiles(dataDir: string): Promise<void> {
  const inDataDir = join(dataDir, "postgres");
  const files = await ifPresent(realpath(inDataDir));
  if (files === undefined) return;
  if (files.startsWith(`${elsewhere}/`)) await removeTree(dirname(files));
  await removeTree(inDataDir);
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
