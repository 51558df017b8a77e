/** Chapter 4: ten thousand transfers, a thousand at a time, and the books held against what the callers were told. */
import { type Report, chapter4Heading, formatStats, progressDisplay, runChapter4 } from "@dsql-local/load";
import { type Books, type Finding, judgeBooks, readBooks } from "./books.ts";
import { hasCluster, withCluster } from "./cluster.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { failed } from "./verdict.ts";

export async function testStress(options: HelperOptions): Promise<Outcome> {
  const { screen, seed } = options;
  const before = await booksOf(options);
  screen.write(`${chapter4Heading(options)}\n\n`);
  const report = await runChapter4({ ...options, onProgress: progressDisplay(screen) });
  screen.write(`\n${formatStats(report)}\n\n`);

  const after = await booksOf(options);
  const findings = before && after ? judgeBooks(before, after, report) : [];
  screen.write(findings.length === 0 ? unchecked : findings.map(shown).join(""));
  // Enough to make the same calls again.
  screen.write(`Random seed: ${seed}\n\n`);
  return verdict(options, report, findings);
}

const unchecked = "CLUSTER_ENDPOINT is not set, so the balances were not added up.\n";

function verdict(options: HelperOptions, report: Report, findings: readonly Finding[]): Outcome {
  const facts = { ...report, seed: options.seed, findings };
  const broken = findings.find((finding) => !finding.holds);
  // Conflicts are no failure: before chapter 4 adds its retries, some 7 of 100 calls end with one.
  if (report.successes === 0) return { ...failed(options.screen, 4, "no transfer succeeded"), facts };
  if (broken !== undefined) return { ...failed(options.screen, 4, broken.text), facts };
  options.screen.write(report.wasAborted ? "Chapter 4 test interrupted\n" : "✅ Chapter 4 test complete\n");
  return { isPassed: !report.wasAborted, facts };
}

async function booksOf({ environment, target }: HelperOptions): Promise<Books | undefined> {
  if (!hasCluster(environment)) return undefined;
  return await withCluster({ environment, region: target.region }, readBooks);
}

function shown({ holds, text }: Finding): string {
  return `${holds ? "✅" : "❌"} ${text}\n`;
}
