/**
 * Finds and reads the files to lint. Folders are searched for SQL files and programs; what others wrote or a build made
 * (`node_modules`, `dist` and the like) is left out unless it is named itself.
 *
 * Tests: test/lint-files.test.ts.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { LintInput } from "../types.ts";
import { fileKind } from "./file.ts";

/** A longer file is not read: it is data or a bundle. Twice that, as one INSERT, took 25 s and 1.4 GB when it was tried. */
export const fileBytesMax = 8 * 1024 * 1024;

const foldersLeftOut = new Set(["node_modules", "dist", "build", "out", "coverage", "cdk.out", "vendor"]);

export interface FoundFiles {
  /** In the order of their paths. */
  readonly inputs: readonly LintInput[];
  /** Named files and folders that cannot be read, and why. */
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

/** @param paths - files of any name, read as SQL unless their ending says otherwise, and folders */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const files = new Set<string>();
  const unreadable: { file: string; reason: string }[] = [];
  for (const named of paths) {
    try {
      if ((await stat(named)).isDirectory()) for (const file of await filesBelow(named)) files.add(file);
      else files.add(path.normalize(named));
    } catch (error) {
      unreadable.push({ file: named, reason: reasonOf(error) });
    }
  }
  const inputs: LintInput[] = [];
  for (const file of files) {
    try {
      inputs.push(await read(file));
    } catch (error) {
      unreadable.push({ file, reason: reasonOf(error) });
    }
  }
  return { inputs, unreadable };
}

/** Links are not followed, so that a search ends. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      const isLeftOut = foldersLeftOut.has(entry.name) || entry.name.startsWith(".");
      if (!isLeftOut) found.push(...(await filesBelow(file)));
    } else if (entry.isFile() && fileKind(entry.name) !== undefined) found.push(file);
  }
  return found;
}

async function read(file: string): Promise<LintInput> {
  const { size } = await stat(file);
  if (size > fileBytesMax) {
    throw new Error(`it has ${size} bytes, and files of more than ${fileBytesMax} are not read`);
  }
  const text = await readFile(file, "utf8");
  return { file, text, hasDrizzleJournal: /\.sql$/i.test(file) && (await hasJournal(file)) };
}

async function hasJournal(file: string): Promise<boolean> {
  try {
    return (await stat(path.join(path.dirname(file), "meta", "_journal.json"))).isFile();
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "EACCES") return "it may not be read";
  return message;
}
