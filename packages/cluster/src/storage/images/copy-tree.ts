/** Copies a folder of files, sharing blocks with the original where the file system can. */
import { chownSync, constants, copyFileSync, mkdirSync, readdirSync, truncateSync } from "node:fs";
import { join, relative } from "node:path";
import { setImmediate as turn } from "node:timers/promises";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface TreeEntry {
  /** Below the folder, with `/` between names. */
  readonly path: string;
  readonly isFolder: boolean;
}

/** What one process made, and is gone with it. PostgreSQL makes it again. */
const ofOneRun = /^(postmaster\.(pid|opts)|startup\.log|pg_dynshmem\/.+|pg_stat_tmp\/.+|.*\/pgsql_tmp\/.+)$/;

/** The files and folders below a folder, folders before what is in them; without what belongs to one run. */
export function treeEntries(folder: string): readonly TreeEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => ({
      path: relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"),
      isFolder: entry.isDirectory(),
    }))
    .filter(({ path }) => !ofOneRun.test(path))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/**
 * Files copied before others of this process get a turn. One call after the other, and not through Node's pool of
 * threads: that takes three times the processor time for the small files that most of them are.
 */
const filesPerTurn = 32;

/**
 * @param to - is there, and empty
 * @param owner - of the copies; this process's user unless given
 * @param bytesOf - the length that the copy of a file is to have; what its original lacks are zeros, which take no space
 */
export async function copyTree(
  from: string,
  to: string,
  entries: readonly TreeEntry[],
  { owner, bytesOf }: { owner?: Owner | undefined; bytesOf?: (path: string) => number | undefined } = {},
): Promise<void> {
  for (const [index, { path, isFolder }] of entries.entries()) {
    const target = join(to, path);
    if (isFolder) {
      mkdirSync(target, { mode: 0o700 });
      if (owner !== undefined) chownSync(target, owner.uid, owner.gid);
    } else {
      copyFile(join(from, path), target, owner, bytesOf?.(path));
    }
    if (index % filesPerTurn === filesPerTurn - 1) await turn();
  }
}

/** Replaces what is there. */
export function copyFile(from: string, to: string, owner?: Owner, bytes?: number): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  if (bytes !== undefined) truncateSync(to, bytes);
  if (owner !== undefined) chownSync(to, owner.uid, owner.gid);
}
