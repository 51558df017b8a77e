/**
 * Folders that do not outlive their process. Each carries the id of the process in its name, so that what a crash left
 * behind is known by it and removed by the next one that comes along.
 */
import { rmSync } from "node:fs";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { isAlive } from "./process-alive.ts";

const prefix = "dsql-local-";

export interface TemporaryDir {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeTemporaryDir(parent: string = os.tmpdir()): Promise<TemporaryDir> {
  await removeLeftBehind(parent);
  const dir = await mkdtemp(path.join(parent, `${prefix}${process.pid}-`));
  // Started as root, PostgreSQL runs as another user, who must be able to pass through to its own folder.
  await chmod(dir, 0o711);
  const removeAtExit = (): void => {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", removeAtExit);
  return {
    path: dir,
    async remove() {
      process.off("exit", removeAtExit);
      // A process that is just ending may still write: the folder is then not empty at the first try.
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Removes the folders of processes that are gone. One that is not ours to remove stays. */
async function removeLeftBehind(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^dsql-local-(\d+)-[A-Za-z0-9]{6}$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
