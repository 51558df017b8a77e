/**
 * The stress test in a process of its own: it invokes ten thousand times, and the process under test should not have to
 * share its thread with it. Prints progress and the STATS block, sends the report to its parent.
 *
 * Arguments: number of invocations, number at a time.
 */
import process from "node:process";
import {
  chapter4Heading,
  formatStats,
  progressDisplay,
  runChapter4,
  targetFromEnvironment,
} from "@dsql-local/load";

const [invocations, parallel] = process.argv.slice(2).map(Number);
const sizes = { invocations, parallel };

process.stdout.write(`${chapter4Heading(sizes)}\n\n`);
const report = await runChapter4({
  ...sizes,
  target: targetFromEnvironment(process.env),
  seed: Date.now() % 2 ** 31,
  onProgress: progressDisplay(process.stdout),
});
process.stdout.write(`\n${formatStats(report)}\n`);
process.send?.(report, () => {
  process.disconnect();
});
