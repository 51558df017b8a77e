/** Run after run, each with the next seed, until enough transactions have been run, or the person who waits has had enough. */
import type { Outcome } from "./rows-simulation.ts";

export interface Tally {
  readonly runs: number;
  readonly transactions: number;
  readonly committed: number;
  readonly conflicted: number;
  /** The run that was not as it must be; absent when all were. */
  readonly failure?: { readonly seed: number; readonly workload: string; readonly outcome: Outcome };
}

export interface UntilOptions {
  readonly firstSeed: number;
  readonly transactions: number;
  readonly workloads: readonly string[];
  readonly simulate: (workload: string, seed: number) => Promise<Outcome>;
  readonly isOver?: () => boolean;
  readonly onRun?: (tally: Tally) => void;
}

/** Each run, whatever its workload, has its own seed. */
export async function simulateUntil(options: UntilOptions): Promise<Tally> {
  const { firstSeed, transactions, workloads, simulate, isOver = () => false, onRun } = options;
  let tally: Tally = { runs: 0, transactions: 0, committed: 0, conflicted: 0 };
  while (tally.transactions < transactions && !isOver()) {
    const seed = firstSeed + tally.runs;
    const workload = workloads[tally.runs % workloads.length] ?? "";
    const outcome = await simulate(workload, seed);
    tally = {
      runs: tally.runs + 1,
      transactions: tally.transactions + outcome.transactions,
      committed: tally.committed + outcome.committed,
      conflicted: tally.conflicted + outcome.conflicted,
      ...(outcome.problem === undefined ? {} : { failure: { seed, workload, outcome } }),
    };
    onRun?.(tally);
    if (outcome.problem !== undefined) break;
  }
  return tally;
}
