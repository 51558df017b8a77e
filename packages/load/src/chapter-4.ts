/**
 * The talk's stress test: 10,000 transfers of 1 between 1,000 accounts, in batches of 1,000 at a time.
 */
import { createLambdaClient } from "./invocation/client.ts";
import type { InvocationTarget } from "./invocation/target.ts";
import { seededRandom } from "./random.ts";
import { type Report, count } from "./report.ts";
import { type Progress, run } from "./run.ts";
import { randomTransfers } from "./workload.ts";

export interface Chapter4Options {
  readonly target: InvocationTarget;
  /** Default: the tutorial's function. */
  readonly functionName?: string | undefined;
  readonly invocations?: number | undefined;
  readonly parallel?: number | undefined;
  /** Accounts have the ids 1 to this. */
  readonly accounts?: number | undefined;
  /** The same seed asks for the same transfers. */
  readonly seed: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the run early; what was done is reported. */
  readonly signal?: AbortSignal | undefined;
}

export const functionNameDefault = "reinvent-dat401";
export const chapter4Defaults = { invocations: 10_000, parallel: 1_000, accounts: 1_000 } as const;

export async function runChapter4(options: Chapter4Options): Promise<Report> {
  const { target, functionName = functionNameDefault, seed, onProgress, signal } = options;
  const { invocations, parallel, accounts } = sizes(options);
  const client = createLambdaClient({ target, functionName, parallelMax: parallel });
  try {
    return await run({
      client,
      schedule: { kind: "batches", calls: invocations, parallel },
      nextPayload: randomTransfers({ random: seededRandom(seed), accounts, amount: 1 }),
      onProgress,
      signal,
    });
  } finally {
    await client.close();
  }
}

/** @returns the lines that the talk prints before the run */
export function chapter4Heading(options: Pick<Chapter4Options, "invocations" | "parallel">): string {
  const { invocations, parallel } = sizes(options);
  const batches = Math.ceil(invocations / parallel);
  return [
    `Testing Chapter 4: Stress Test - ${short(invocations)} Invocations (${parallel} parallel x ${batches} iterations)`,
    "",
    `Total invocations: ${count(invocations)}`,
    `Parallel requests per batch: ${count(parallel)}`,
    `Number of batches: ${count(batches)}`,
  ].join("\n");
}

/** `10K` for 10,000, as the talk writes it. */
function short(value: number): string {
  return value >= 1_000 && value % 1_000 === 0 ? `${value / 1_000}K` : String(value);
}

function sizes(options: Pick<Chapter4Options, "invocations" | "parallel" | "accounts">): {
  readonly invocations: number;
  readonly parallel: number;
  readonly accounts: number;
} {
  const {
    invocations = chapter4Defaults.invocations,
    parallel = chapter4Defaults.parallel,
    accounts = chapter4Defaults.accounts,
  } = options;
  return { invocations, parallel, accounts };
}
