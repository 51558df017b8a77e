import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Report } from "@dsql-local/load";
import { Failure } from "../failure.ts";

export interface StressOptions {
  readonly invocations: number;
  readonly parallel: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Runs the stress test in a process of its own, which prints for itself. */
export function stress(options: StressOptions): Promise<Report> {
  const program = fileURLToPath(new URL("./load-process.js", import.meta.url));
  const child = fork(program, [String(options.invocations), String(options.parallel)], {
    env: options.environment,
    ...(options.signal && { signal: options.signal }),
  });
  return new Promise((resolve, reject) => {
    let report: Report | undefined;
    child.once("message", (message) => {
      report = message as Report;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (report) resolve(report);
      else
        reject(new Failure(`the load generator ended without a report (${signal ?? `exit code ${code}`})`));
    });
  });
}
