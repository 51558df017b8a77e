/**
 * A copy of PostgreSQL's programs outside the npm tree, for a tree that is read-only or that the database user cannot
 * reach (a clone below root's home). One folder per version, made once, under its final name only when complete.
 */
import { randomBytes } from "node:crypto";
import { chmod, constants, cp, lstat, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCacheFolder, userCacheFolder } from "../cache-folder.ts";
import { type DatabaseUser, canReach } from "./database-user.ts";
import type { BinaryPackage } from "./binary-package.ts";
import { StorageError, errorCode, ifPresent } from "../storage-error.ts";

/**
 * @param complete - what the copy needs before it takes its name
 * @returns the root of the copy
 */
export async function copyToCache(
  original: BinaryPackage,
  user: DatabaseUser | undefined,
  complete: (root: string) => Promise<void>,
): Promise<string> {
  const failures: unknown[] = [];
  for (const folder of cacheFolders()) {
    try {
      await openCacheFolder(folder, user === undefined ? 0o700 : 0o755);
      if (user !== undefined && !(await canReach(folder, user)))
        throw new Error(`${user.name} cannot reach ${folder}`);
      return await copyOnce(original, folder, complete);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new StorageError({
    problem: `PostgreSQL's programs do not run from ${original.root}, and no copy could be made elsewhere.`,
    remedy: `Make ${cacheFolders()[0] ?? tmpdir()} writable, or install in a folder that is writable and open to all users.`,
    cause: new AggregateError(failures),
  });
}

/** Best first. The last resort is named for its user, because everybody may write to the temporary folder. */
function cacheFolders(): readonly string[] {
  const uid = process.getuid?.() ?? 0;
  const lastResort = join(tmpdir(), `dsql-local-${uid}`);
  if (uid === 0 && process.platform !== "win32") return ["/var/lib/dsql-local", lastResort];
  if (process.platform === "win32") return [join(process.env["LOCALAPPDATA"] ?? tmpdir(), "dsql-local")];
  return [userCacheFolder(), lastResort];
}

async function copyOnce(
  { root, version, platform }: BinaryPackage,
  folder: string,
  complete: (root: string) => Promise<void>,
): Promise<string> {
  const copy = join(folder, `postgresql-${version}-${platform}`);
  if ((await ifPresent(lstat(copy))) !== undefined) return copy;
  const unfinished = `${copy}.${randomBytes(6).toString("hex")}.new`;
  try {
    const mode = constants.COPYFILE_FICLONE; // No bytes are copied where the file system can share them.
    await cp(join(root, "native"), join(unfinished, "native"), {
      recursive: true,
      verbatimSymlinks: true,
      mode,
    });
    await openToAll(unfinished);
    await complete(unfinished);
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!["EEXIST", "ENOTEMPTY", "EPERM"].includes(errorCode(error) ?? "")) throw error;
    if ((await ifPresent(lstat(copy))) === undefined) throw error; // Otherwise another process was faster.
  }
  return copy;
}

/** `cp` keeps the permissions of files but not of folders, and a strict umask may have closed either. */
async function openToAll(path: string): Promise<void> {
  await chmod(path, 0o755);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const full = join(entry.parentPath, entry.name);
    await chmod(full, entry.isDirectory() ? 0o755 : 0o644 | ((await lstat(full)).mode & 0o111));
  }
}
