/**
 * State on disk: JSON files that are either the old or the new version, whatever happens while they are written.
 *
 * Files are readable by their owner alone, since some of them describe functions and their variables.
 */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Replaces `file` in one step: a reader, and the next start after a crash, see the whole old or the whole new one. */
export function writeStateFile(file: string, state: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, JSON.stringify(state, null, 1), { mode: 0o600 });
  renameSync(draft, file);
}

/**
 * @returns what `writeStateFile` was last given, or `undefined` when there is no such file
 * @throws {Error} the file is there but is not JSON: its name and what to do
 */
export function readStateFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(
      `the state file ${file} is damaged; move it away to start without what it describes, or restore it from a copy`,
      { cause: error },
    );
  }
}

export function removeStateFile(file: string): void {
  rmSync(file, { force: true });
}
