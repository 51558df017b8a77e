/**
 * The function's output becomes log events of its environment: `console.log` and its relatives as Lambda's runtime
 * writes them, anything written to stdout or stderr line by line.
 *
 * Source: AWS Lambda Developer Guide, "Log and monitor Node.js Lambda functions".
 */

import { format } from "node:util";
import { describeError } from "../error-payload.ts";
import { currentEnvironment } from "./current-environment.ts";
import type { Environment } from "./environment.ts";

const levels = {
  log: "INFO",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
  debug: "DEBUG",
  trace: "TRACE",
} as const;

type Level = (typeof levels)[keyof typeof levels];

export function installConsole(): void {
  for (const [method, level] of Object.entries(levels) as [keyof typeof levels, Level][]) {
    // eslint-disable-next-line no-console -- it is what this file is about
    console[method] = (...values: unknown[]): void => {
      const environment = currentEnvironment.getStore();
      if (environment?.isClosed === false) environment.log(logLine(environment, level, values));
    };
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const environment = currentEnvironment.getStore();
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      if (environment?.isClosed === false) environment.log(text.endsWith("\n") ? text.slice(0, -1) : text);
      const done = rest.find((value) => typeof value === "function");
      if (done !== undefined) process.nextTick(done);
      return true;
    };
  }
}

export function logLine(environment: Environment, level: Level, values: readonly unknown[]): string {
  const requestId = environment.invocation?.requestId;
  const timestamp = new Date().toISOString();
  if (!environment.owner.isLogJson) {
    return `${timestamp}\t${requestId ?? "undefined"}\t${level}\t${format(...values)}`;
  }
  const only = values.length === 1 ? values[0] : undefined;
  const message = only instanceof Error ? describeError(only) : isPlain(only) ? only : format(...values);
  return JSON.stringify({ timestamp, level, requestId, message });
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
