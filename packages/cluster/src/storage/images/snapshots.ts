/**
 * Snapshots of one stopped PostgreSQL data directory, and the way back to them.
 *
 * Going back copies only files that are not what they were: a file whose inode says the same as when it was last equal to
 * the snapshot's is left alone. That takes as long as what has changed, not as what there is.
 *
 * Always true
 * - A snapshot is complete, or it is not there.
 * - A way back that was interrupted is gone to its end before PostgreSQL starts again (`finishRestore`).
 */
import { rmSync, statSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../data-dir/whole-file.ts";
import { ifPresent, StorageError } from "../storage-error.ts";
import { copyFile, copyTree, type Owner, treeEntries } from "./copy-tree.ts";

/** By path, the stamp that a file of the data directory had when it was last equal to the snapshot's. */
type Stamps = Map<string, string>;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

export class Snapshots {
  readonly #folder: string;
  readonly #marker: string;
  readonly #stamps = new Map<string, Stamps>();

  /** @param dataDir - snapshots are kept beside PostgreSQL's files in it */
  constructor(dataDir: string) {
    this.#folder = join(dataDir, "postgres.snapshots");
    this.#marker = join(dataDir, "postgres.restoring");
  }

  /** The oldest first. */
  async list(): Promise<readonly string[]> {
    const names = ((await ifPresent(readdir(this.#folder))) ?? []).filter((name) => namePattern.test(name));
    const made = await Promise.all(
      names.map(async (name) => ({ name, atMs: (await lstat(join(this.#folder, name))).birthtimeMs })),
    );
    return made.sort((left, right) => left.atMs - right.atMs).map(({ name }) => name);
  }

  /** The folder with a snapshot's files. @throws {StorageError} there is none of this name */
  async folderOf(name: string): Promise<string> {
    const folder = this.#pathOf(name);
    if ((await ifPresent(lstat(folder))) !== undefined) return folder;
    const names = await this.list();
    throw new StorageError({
      problem: `There is no snapshot ${JSON.stringify(name)}.`,
      remedy: names.length === 0 ? "Make one first." : `There are: ${names.join(", ")}.`,
    });
  }

  /** Copies the files of a stopped PostgreSQL. A snapshot of the same name is replaced when the new one is complete. */
  async take(name: string, postgresDir: string): Promise<void> {
    const folder = this.#pathOf(name);
    const unfinished = `${folder}.new`;
    await rm(unfinished, { recursive: true, force: true });
    try {
      await mkdir(unfinished, { recursive: true, mode: 0o700 });
      const entries = treeEntries(postgresDir);
      await copyTree(postgresDir, unfinished, entries);
      await rm(folder, { recursive: true, force: true });
      await rename(unfinished, folder);
      const files = entries.filter(({ isFolder }) => !isFolder);
      this.#stamps.set(
        name,
        new Map(files.map(({ path }) => [path, stampOf(join(postgresDir, path)) ?? ""])),
      );
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
  }

  /** Makes the files of a stopped PostgreSQL what they were. */
  async restore(name: string, postgresDir: string, owner?: Owner): Promise<void> {
    const folder = await this.folderOf(name);
    await replaceFile(this.#marker, name);
    await this.#makeEqual(name, folder, postgresDir, owner);
    await rm(this.#marker, { force: true });
  }

  /** Goes to its end with what a process that was killed has begun. To be called before PostgreSQL starts. */
  async finishRestore(postgresDir: string, owner?: Owner): Promise<void> {
    const name = await ifPresent(readFile(this.#marker, "utf8"));
    if (name !== undefined) await this.restore(name, postgresDir, owner);
  }

  async delete(name: string): Promise<void> {
    await rm(await this.folderOf(name), { recursive: true, force: true });
    this.#stamps.delete(name);
  }

  async #makeEqual(name: string, folder: string, postgresDir: string, owner?: Owner): Promise<void> {
    const wanted = treeEntries(folder);
    const isWanted = new Set(wanted.map(({ path }) => path));
    // What is deepest goes first.
    for (const { path } of [...treeEntries(postgresDir)].reverse())
      if (!isWanted.has(path)) rmSync(join(postgresDir, path), { recursive: true, force: true });
    const known = this.#stamps.get(name);
    const stamps: Stamps = new Map();
    const missing = wanted.filter(
      ({ path, isFolder }) => isFolder && stampOf(join(postgresDir, path)) === undefined,
    );
    await copyTree(folder, postgresDir, missing, owner === undefined ? {} : { owner });
    for (const { path, isFolder } of wanted) {
      if (isFolder) continue;
      const file = join(postgresDir, path);
      const stamp = stampOf(file);
      const isSame = stamp !== undefined && stamp === known?.get(path);
      if (!isSame) {
        // Made anew, so that the blocks are shared where they can be.
        rmSync(file, { force: true });
        copyFile(join(folder, path), file, owner);
      }
      stamps.set(path, isSame ? stamp : (stampOf(file) ?? ""));
    }
    rmSync(join(postgresDir, "postmaster.pid"), { force: true });
    this.#stamps.set(name, stamps);
  }

  /** @throws {StorageError} it may not be a name */
  #pathOf(name: string): string {
    if (namePattern.test(name)) return join(this.#folder, name);
    throw new StorageError({
      problem: `${JSON.stringify(name)} is no name of a snapshot.`,
      remedy: "Use letters, digits, - and _, at most 63.",
    });
  }
}

/** A write gives another one: PostgreSQL starts long after the clock of the file system has moved on. */
function stampOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(" ");
}
