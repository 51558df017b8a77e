/** Chapters 4 and 6: many transfers at a time, and the books held against what the callers were told. */
import {
  type Report,
  type StressProfile,
  formatStats,
  progressDisplay,
  runStress,
  stressHeading,
} from "@dsql-local/load";
import { Failure } from "../failure.ts";
import { judgeIfRead, readBooksIfThere, shown } from "./books-of-run.ts";
import type { Books, Finding } from "./books.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { remedyFor } from "./remedy.ts";
import { failed } from "./verdict.ts";

export async function testStress(profile: StressProfile, options: HelperOptions): Promise<Outcome> {
  const { screen, seed } = options;
  const before = await readBooksIfThere(options);
  if (before) requireAccounts(before, options.accounts ?? profile.accounts);
  screen.write(`${stressHeading(profile, options)}\n\n`);
  const report = await runStress(profile, { ...options, onProgress: progressDisplay(screen) });
  screen.write(`\n${formatStats(report)}\n\n`);

  const findings = await judgeIfRead(options, before, report);
  screen.write(shown(findings));
  // Enough to make the same calls again.
  screen.write(`Random seed: ${seed}\n\n`);
  return verdict(profile, options, report, findings);
}

function requireAccounts(before: Books, accounts: number): void {
  if (before.accounts >= BigInt(accounts)) return;
  throw new Failure(`the test needs ${accounts} accounts and there are ${before.accounts}`, {
    remedy: `Create the others: helper --setup-ch06 --accounts ${accounts}`,
  });
}

function verdict(
  { chapter }: StressProfile,
  options: HelperOptions,
  report: Report,
  findings: readonly Finding[],
): Outcome {
  const facts = { ...report, seed: options.seed, findings };
  const broken = findings.find((finding) => !finding.holds);
  // Conflicts are no failure: before chapter 4 adds its retries, some 7 of 100 calls end with one.
  if (report.successes === 0) {
    const [mostFrequent] = report.errorBreakdown;
    const remedy = mostFrequent && remedyFor(mostFrequent);
    return { ...failed(options.screen, chapter, "no transfer succeeded", remedy), facts };
  }
  if (broken !== undefined) return { ...failed(options.screen, chapter, broken.text), facts };
  options.screen.write(
    report.wasAborted ? `Chapter ${chapter} test interrupted\n` : `✅ Chapter ${chapter} test complete\n`,
  );
  return { isPassed: !report.wasAborted, facts };
}
