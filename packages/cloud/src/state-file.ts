/**
 * State on disk: JSON files that are either the old or the new version, whatever happens while they are written.
 *
 * Files are readable by their owner alone, since some of them describe functions and their variables.
 *
 * Always true: what a store shows is on disk. It writes first and shows afterwards, so what the disk did not take is not
 * there, neither now nor after a restart.
 */

import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { ServiceError } from "./service.ts";
import { list, type Shape } from "./state-shape.ts";

/**
 * Replaces `file` in one step: a reader, and the next start after a crash, see the whole old or the whole new one.
 *
 * @throws {ServiceError} InternalFailure: the disk does not take it; the old version is still there
 */
export function writeStateFile(file: string, state: unknown): void {
  const draft = `${file}.${process.pid}.draft`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(draft, JSON.stringify(state, null, 1), { mode: 0o600 });
    chmodSync(draft, 0o600); // the mode above holds for new files only, and a draft may have been left by a crash
    renameSync(draft, file);
  } catch (error) {
    removeDraft(draft);
    throw new ServiceError({
      code: "InternalFailure",
      message: `The change was not made: the local endpoint could not write its state file ${file} (${reasonOf(error)}). Make room for it on the disk, and try again.`,
      status: 500,
      cause: error,
    });
  }
}

function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // What stands in its place is why the writing failed, and that is what is reported.
  }
}

/**
 * @returns what `writeStateFile` was last given, or `undefined` when there is no such file
 * @throws {Error} the file is there but cannot be read, or is not what this program wrote: which one, what is wrong, what
 *   to do
 */
export function readStateFile(file: string, shape: Shape): unknown {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(
      `the state file ${file} cannot be read (${reasonOf(error)}); give this user access to it, or move it away to start without what it describes`,
      error,
    );
  }
  let state: unknown;
  try {
    state = JSON.parse(content);
  } catch (error) {
    throw damaged(file, "it is not JSON", error);
  }
  const fault = shape(state, "it");
  if (fault !== undefined) throw damaged(file, fault);
  return state;
}

function damaged(file: string, fault: string, cause?: unknown): Error {
  return unreadable(
    `the state file ${file} is damaged: ${fault}; move it away to start without what it describes, or restore it from a copy`,
    cause,
  );
}

/** Told to whoever asks for what the file describes, where it is not read at the start already. */
function unreadable(message: string, cause: unknown): Error {
  return new ServiceError({ code: "InternalFailure", message, status: 500, cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function removeStateFile(file: string): void {
  rmSync(file, { force: true });
}

/** Items by a name of theirs, in one file that is a list of them. */
export class StateList<Item> {
  readonly #file: string;
  readonly #nameOf: (item: Item) => string;
  #items: ReadonlyMap<string, Item>;

  /** @throws {Error} the file is damaged */
  constructor(options: { file: string; item: Shape; nameOf: (item: Item) => string }) {
    this.#file = options.file;
    this.#nameOf = options.nameOf;
    const items = (readStateFile(options.file, list(options.item)) ?? []) as Item[];
    this.#items = new Map(items.map((item) => [options.nameOf(item), item]));
  }

  get size(): number {
    return this.#items.size;
  }

  all(): readonly Item[] {
    return [...this.#items.values()];
  }

  find(name: string): Item | undefined {
    return this.#items.get(name);
  }

  /** @throws {ServiceError} InternalFailure: the disk does not take it; nothing has changed */
  set(item: Item): void {
    this.#replace(new Map(this.#items).set(this.#nameOf(item), item));
  }

  /** @returns whether there was one. @throws {ServiceError} InternalFailure, as `set` */
  delete(name: string): boolean {
    const items = new Map(this.#items);
    const existed = items.delete(name);
    if (existed) this.#replace(items);
    return existed;
  }

  #replace(items: ReadonlyMap<string, Item>): void {
    writeStateFile(this.#file, [...items.values()]);
    this.#items = items;
  }
}
