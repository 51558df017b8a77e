/** What the operating system refuses of a data directory and its files, told with what to do about it. */
import { statfs } from "node:fs/promises";
import { resolve } from "node:path";
import { StorageError, errorCode } from "../storage-error.ts";

/** Codes of file operations, as opposed to those of sockets and processes. */
const fileErrors = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "ENAMETOOLONG"]);

/** With less than this no start gets to its end. */
const freeBytesMin = 64 * 1024;

/**
 * Why a start has failed: what the system refused of the data directory's files, and a full disk however it was noticed, as
 * a `StorageError`; any other error as it is. PostgreSQL does not always say what kept it from writing.
 */
export async function asStorageError(error: unknown, dataDir: string): Promise<unknown> {
  if (error instanceof StorageError) return error;
  const code = errorCode(error);
  const { syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const isOfFiles = code !== undefined && fileErrors.has(code) && syscall !== "listen" && syscall !== "bind";
  if (isOfFiles) return unusable(resolve(dataDir), error);
  const disk = await statfs(dataDir).catch(() => undefined);
  const isFull = disk !== undefined && disk.bavail * disk.bsize < freeBytesMin;
  return isFull ? full(resolve(dataDir), error) : error;
}

export function unusable(path: string, cause: unknown): StorageError {
  const code = errorCode(cause);
  if (code === "EEXIST" || code === "ENOTDIR") {
    return new StorageError({
      problem: `${path} is not a folder.`,
      remedy: "Choose another data directory.",
      cause,
    });
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return full(path, cause);
  }
  return new StorageError({
    problem: `The data directory ${path} cannot be written (${code ?? String(cause)}).`,
    remedy: "Start as the user who made it, give this user permission, or choose another data directory.",
    cause,
  });
}

function full(path: string, cause: unknown): StorageError {
  return new StorageError({
    problem: `The disk that holds ${path} is full.`,
    remedy: "Free some space, then start again; nothing that was committed is lost.",
    cause,
  });
}
