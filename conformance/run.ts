/**
 * `npm run conformance`: runs the checks against one server and says what is not as on Aurora DSQL.
 *
 * Exit code 0: all as it should be; 1: some checks found differences; 2: the command line or the server is unusable.
 */
import { ServerError, Session, type Target } from "./client/index.ts";
import { isolationChecks } from "./isolation/index.ts";
import { knownDifferenceChecks } from "./known-differences.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { help, readOptions } from "./options.ts";
import { ruleChecks } from "./rules/index.ts";
import { ScriptError } from "./script/lines.ts";
import { sqlChecks } from "./sql/index.ts";
import { type Check, judge, rerunCommand, type Verdict } from "./suite.ts";
import { wireChecks } from "./wire/index.ts";

const options = await readOptions(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${(error as Error).message}\n\n${help}`);
  process.exit(2);
});

if (options.help) console.log(help);
else {
  process.exitCode = await main().catch((error: unknown) => {
    if (!(error instanceof ScriptError)) throw error;
    console.error(error.message);
    return 2;
  });
}

async function main(): Promise<number> {
  const all = [
    ...(await isolationChecks()),
    ...ruleChecks(),
    ...(await sqlChecks()),
    ...wireChecks(),
    ...(await knownDifferenceChecks({ areExpected: options.target === undefined })),
  ];
  const checks = all.filter(({ name }) => name.includes(options.filter));
  if (options.list) {
    for (const { name } of checks) console.log(name);
    return 0;
  }
  if (checks.length === 0) {
    console.error(`no check's name contains ${JSON.stringify(options.filter)}`);
    return 2;
  }
  if (options.target !== undefined) {
    if (!(await canConnect(options.target))) return 2;
    return report(await runAll(checks, options.target));
  }
  const cluster = await startLocalCluster();
  try {
    return report(await runAll(checks, cluster.target));
  } finally {
    await cluster.stop();
  }
}

/** Asked first: otherwise each of some hundred checks would say the same. */
async function canConnect(target: Target): Promise<boolean> {
  try {
    await (await Session.open(target)).close();
    return true;
  } catch (error) {
    const hint = error instanceof ServerError ? error.fields["H"] : undefined;
    console.error(`cannot connect to ${target.host}: ${(error as Error).message}`);
    if (hint !== undefined) console.error(hint);
    return false;
  }
}

async function runAll(checks: readonly Check[], target: Target): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const check of checks) {
    const verdict = await judge(check, target);
    verdicts.push(verdict);
    if (options.json) console.log(JSON.stringify(verdict));
    else if (verdict.skipped !== undefined) console.log(`skipped ${check.name}: ${verdict.skipped}\n`);
    else if (verdict.problems.length > 0) printProblems(verdict);
  }
  return verdicts;
}

function printProblems({ name, problems }: Verdict): void {
  console.log(`not ok  ${name}`);
  for (const problem of problems) console.log(`        ${problem}`);
  console.log(`        again: ${rerunCommand(name)}\n`);
}

function report(verdicts: readonly Verdict[]): number {
  const skipped = verdicts.filter((verdict) => verdict.skipped !== undefined).length;
  const failed = verdicts.filter(({ problems }) => problems.length > 0).length;
  const durationMs = verdicts.reduce((sum, verdict) => sum + verdict.durationMs, 0);
  if (!options.json) {
    console.log(
      `${verdicts.length} checks, ${verdicts.length - failed - skipped} ok, ${failed} not ok, ${skipped} skipped, ${durationMs} ms`,
    );
  }
  return failed === 0 ? 0 : 1;
}
