/**
 * What a command says when it cannot do its work: one sentence that tells what is wrong, one that tells what to do.
 * Stack traces are for us: they appear when DSQL_DEBUG is set.
 */
import process from "node:process";
import { CommanderError } from "commander";
import { painter } from "./terminal.ts";

export const exitCodes = { failed: 1, usage: 2, notRunning: 3 } as const;

export class Failure extends Error {
  readonly remedy: string | undefined;
  readonly exitCode: number;

  constructor(
    message: string,
    more: { remedy?: string | undefined; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = "Failure";
    this.remedy = more.remedy;
    this.exitCode = more.exitCode ?? exitCodes.failed;
  }
}

/** Writes the error to stderr. @returns the exit code it stands for */
export function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message, or the help that was asked for.
    return error.exitCode === 0 ? 0 : exitCodes.usage;
  }
  const paint = painter(process.stderr);
  process.stderr.write(`${paint.red("error:")} ${textOf(error)}\n`);
  const remedy = remedyOf(error);
  if (remedy !== undefined) process.stderr.write(`${remedy}\n`);
  if (process.env["DSQL_DEBUG"] !== undefined) console.error(error);
  return error instanceof Failure ? error.exitCode : exitCodes.failed;
}

/** @returns what is wrong, as one sentence */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // StorageError says both in its message, for logs; here the remedy has a line of its own.
  if ("problem" in error && typeof error.problem === "string") return error.problem;
  // Node gives an AggregateError without a message when every address of a host refused the connection.
  if (error.message !== "") return error.message;
  return error instanceof AggregateError ? error.errors.map(textOf).join("; ") : error.name;
}

/** Errors of the packages bring their remedy along in a field of that name; ConnectError and PostgreSQL call it hint. */
export function remedyOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { remedy, hint } = error as { remedy?: unknown; hint?: unknown };
  return [remedy, hint].find((text): text is string => typeof text === "string" && text !== "");
}
