/**
 * What went wrong with the disk, the data directory or PostgreSQL itself, told to the person who started us.
 *
 * `problem` says what happened, `remedy` what to do about it. Nothing was destroyed when one of these is thrown.
 */
export interface StorageProblem {
  /** What happened, with the path or process it happened to. One sentence. */
  readonly problem: string;
  /** What the reader can do. One or two sentences. */
  readonly remedy: string;
  readonly cause?: unknown;
  /** The last lines PostgreSQL or initdb wrote, oldest first. */
  readonly postgresLog?: readonly string[];
}

export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly problem: string;
  readonly remedy: string;
  readonly postgresLog: readonly string[];

  constructor({ problem, remedy, cause, postgresLog = [] }: StorageProblem) {
    super(`${problem} ${remedy}`, cause === undefined ? undefined : { cause });
    this.problem = problem;
    this.remedy = remedy;
    this.postgresLog = postgresLog;
  }
}

/** The code Node gives to errors of the operating system: "ENOENT", "EACCES" … */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Runs a file operation and answers undefined where the file is not there. */
export async function ifPresent<Value>(operation: Promise<Value>): Promise<Value | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
