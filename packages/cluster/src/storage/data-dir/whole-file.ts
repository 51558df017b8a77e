/** File operations that leave either the old content or the new one, never half of it. */
import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { StorageError, ifPresent } from "../storage-error.ts";

/**
 * Replaces a file. The new content is written beside it under a name that nobody can have prepared (`wx` refuses to
 * follow a link that waits there), then renamed over it.
 *
 * @param durable - the content is on the disk, not only with the operating system, before it takes the name
 */
export async function replaceFile(
  path: string,
  content: string,
  {
    mode = 0o600,
    owner,
    durable = false,
  }: { mode?: number; owner?: { uid: number; gid: number } | undefined; durable?: boolean } = {},
): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = await open(beside, "wx", mode);
    try {
      await file.writeFile(content);
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/**
 * @returns the object a JSON file holds, or undefined where there is no file
 * @throws {StorageError} the file holds something else
 */
export async function readJsonFile(
  path: string,
  remedy: string,
): Promise<Record<string, unknown> | undefined> {
  const text = await ifPresent(readFile(path, "utf8"));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw new Error("it is not a JSON object");
  } catch (cause) {
    throw new StorageError({
      problem: `${path} is damaged: it does not hold the JSON object it should.`,
      remedy,
      cause,
    });
  }
}
