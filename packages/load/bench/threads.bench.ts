/**
 * What a second thread buys the large stress test: the same calls by one thread and by two, in turns, in one run.
 *
 *     node packages/load/dist/bench/threads.bench.js [calls] [parallel] [rounds] [accounts]
 *
 * With AWS_ENDPOINT_URL set (`eval "$(npx dsql env)"`, chapter 5 deployed, accounts created) it invokes that; without, a
 * server that answers at once, which leaves the caller's own cost.
 */
import process from "node:process";

import { type InvocationTarget, chapter6Defaults, runStress, targetFromEnvironment } from "../src/index.ts";
import { withAnsweringServer } from "./answering-server.ts";

const threadCounts = [1, 2] as const;

async function measure(target: InvocationTarget): Promise<void> {
  const [calls = 20_000, parallel = 1_000, rounds = 5, accounts = 10_000] = process.argv.slice(2).map(Number);
  console.log(`${calls} calls, ${parallel} at a time, ${rounds} rounds, node ${process.version}`);
  const rates = threadCounts.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, threads] of threadCounts.entries()) {
      const sizes = { invocations: calls, parallel, accounts, threads, seed: round };
      const report = await runStress(chapter6Defaults, { target, ...sizes });
      if (report.errors > 0) throw new Error(JSON.stringify(report.errorBreakdown));
      // The round before the first warms up.
      if (round >= 0) rates[index]?.push((report.calls / report.elapsedMs) * 1_000);
    }
  }
  const medians = rates.map((of) => of.sort((left, right) => left - right)[Math.floor(of.length / 2)] ?? 0);
  for (const [index, threads] of threadCounts.entries()) {
    const median = medians[index] ?? 0;
    const ratio = median / (medians[0] ?? median);
    console.log(`${threads} thread(s)  median ${median.toFixed(0)} calls/s  ratio ${ratio.toFixed(2)}`);
  }
}

if ((process.env["AWS_ENDPOINT_URL"] ?? "") === "") await withAnsweringServer(measure);
else await measure(targetFromEnvironment(process.env));
