/** Chapters 4 and 6: many transfers at a time, and the books held against what the callers were told. */
import {
  LoadThreadError,
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
  const { report, death } = await runToItsEnd(profile, options);
  screen.write(`\n${formatStats(report)}\n\n`);

  const findings = await judgeIfRead(options, before, death === undefined ? report : withUnknown(report));
  screen.write(shown(findings));
  // Enough to make the same calls again.
  screen.write(`Random seed: ${seed}\n\n`);
  if (death !== undefined) return failedByDeath(profile, options, death, findings);
  return verdict(profile, options, report, findings);
}

/** @returns what was counted, also where a thread of the run died */
async function runToItsEnd(
  profile: StressProfile,
  options: HelperOptions,
): Promise<{ readonly report: Report; readonly death?: LoadThreadError }> {
  try {
    return {
      report: await runStress(profile, { ...options, onProgress: progressDisplay(options.screen) }),
    };
  } catch (error) {
    if (!(error instanceof LoadThreadError)) throw error;
    return { report: error.report, death: error };
  }
}

/** Whether a call that nobody counted was made, only the thread that died could tell. */
function withUnknown(report: Report): Report {
  return { ...report, unknownOutcomes: report.unknownOutcomes + report.schedule.calls - report.calls };
}

function failedByDeath(
  { chapter }: StressProfile,
  { screen, seed }: HelperOptions,
  { message, report }: LoadThreadError,
  findings: readonly Finding[],
): Outcome {
  const remedy = `The figures are of the calls that were counted until then. The same transfers again, in one thread: --seed ${seed} --threads 1`;
  return {
    isPassed: false,
    facts: { ...report, seed, findings, ...failed(screen, chapter, message, remedy).facts },
  };
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
