/** Folders, and those above them that are missing. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../storage-error.ts";

/**
 * Makes a folder where there is none. Not by `mkdir` with `recursive`: where a file system lets nobody make a folder but says
 * that there is none above it, as /proc does, Node tries for ever.
 *
 * @param mode - of the folder itself; those above it are made as the system makes any
 */
export async function makeFolders(path: string, mode?: number): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, mode === undefined ? {} : { mode });
  } catch (error) {
    if (errorCode(error) !== "EEXIST" || !(await stat(path)).isDirectory()) throw error;
  }
}
