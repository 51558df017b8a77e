import process from "node:process";
import { readLock } from "@dsql-local/cluster/data-dir";
import {
  diagnoseConnection,
  type DoctorReport,
  type DsqlPoolOptions,
  type StepReport,
  UsageError,
} from "dsql-toolkit";
import { Command, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { names, positiveNumber, resolveDataDir } from "../options.ts";
import {
  type AwsCli,
  installedAwsCli,
  oldestAwsCli,
  targetOptions,
  targetPoolOptions,
  type TargetOptions,
} from "../stack/index.ts";
import { type Painter, painter, withoutControl } from "../terminal.ts";

interface DoctorOptions extends TargetOptions {
  readonly searchPath?: readonly string[];
  readonly timeout: number;
  readonly json: boolean;
}

export function doctorCommand(): Command {
  const command = new Command("doctor").description(
    "Opens a connection step by step (credentials, DNS, TCP, TLS, SNI, clock, token, IAM policy, role mapping,\n" +
      "privileges and search path, server) as an application would, on the local stack or in AWS.\n" +
      "Stops at the first step that fails and says what to change. Changes nothing.",
  );
  for (const option of targetOptions()) command.addOption(option);
  return command
    .addOption(
      new Option("--search-path <schemas>", "that the application sets: app,public").argParser(names),
    )
    .addOption(
      new Option("--timeout <seconds>", "for each step on the network").argParser(positiveNumber).default(10),
    )
    .option("--json", "print the report as JSON", false)
    .addHelpText("after", helpAfter)
    .action(runDoctor);
}

const helpAfter = `
Exit codes: 0 every step passed (there may be warnings); 1 a step failed, or no local stack runs; 2 wrong usage.

With --user, and credentials that may connect as admin, a refused role is looked up: is it there, may it log in, which
IAM roles are mapped to it.

Examples:
  $ npx dsql doctor                                     # the local stack, as admin
  $ npx dsql doctor --user app --search-path shop
  $ CLUSTER_ENDPOINT=<id>.dsql.us-east-1.on.aws AWS_PROFILE=dev npx dsql doctor
  $ npx dsql doctor --json | jq -r '.steps[] | select(.outcome != "ok") | .remedy'

The guide is docs/guides/doctor.md.
`;

async function runDoctor(options: DoctorOptions): Promise<void> {
  const target: DsqlPoolOptions = {
    ...(await targetPoolOptions(options)),
    searchPath: options.searchPath,
    connectTimeoutMs: options.timeout * 1_000,
  };
  const rules = await localRules(options, target);
  const report = options.json ? await examine(target, rules) : await examineAloud(target, rules);
  if (!options.json && isWithoutLocalEnvironment(target, report)) process.stdout.write(localAdvice);
  // In AWS any version goes where it should.
  const awsCli = target.address === undefined ? undefined : await installedAwsCli();
  if (options.json) process.stdout.write(`${JSON.stringify({ ...report, awsCli }, null, 2)}\n`);
  else if (awsCli?.isUsable === false) process.stdout.write(awsCliWarning(awsCli));
  if (!report.isHealthy) process.exitCode = exitCodes.failed;
}

/** Not a step: the connection does without it. */
function awsCliWarning({ version }: AwsCli): string {
  return `
${painter(process.stdout).yellow("mind")}  The AWS CLI on this machine, ${version}, does not know AWS_ENDPOINT_URL: it calls AWS itself, also in a shell with dsql env.
      Use version ${oldestAwsCli} or newer for the local stack; dsql invoke and dsql logs need none.
`;
}

/** Steps at which a cluster of the local stack fails in a shell that does not know where it is. */
const environmentSteps = new Set<StepReport["step"]>(["credentials", "dns", "tls"]);

const localAdvice = `
If it is a cluster of the local stack, this shell does not know yet where it is: eval "$(npx dsql env)"
`;

function isWithoutLocalEnvironment({ address }: DsqlPoolOptions, { steps }: DoctorReport): boolean {
  const last = steps.at(-1);
  return address === undefined && last?.outcome === "failed" && environmentSteps.has(last.step);
}

/** As of when the local stack is the service; in AWS it is what it is today. */
async function localRules(
  { dataDir }: DoctorOptions,
  { address }: DsqlPoolOptions,
): Promise<string | undefined> {
  return address === undefined ? undefined : (await readLock(resolveDataDir(dataDir)))?.rules;
}

/** The server's line with the date of its rules: it has the last word on what an application may use. */
function withRules(step: StepReport, rules: string | undefined): StepReport {
  if (step.step !== "server" || step.outcome !== "ok" || rules === undefined) return step;
  const which = rules === "latest" ? "the latest rules" : `the rules as of ${rules}`;
  return { ...step, finding: `${step.finding}, ${which}` };
}

async function examineAloud(target: DsqlPoolOptions, rules: string | undefined): Promise<DoctorReport> {
  const paint = painter(process.stdout);
  const report = await examine(target, rules, (step) => process.stdout.write(stepAsText(step, paint)));
  process.stdout.write(`\n${conclusion(report, paint)}\n`);
  return report;
}

async function examine(
  target: DsqlPoolOptions,
  rules: string | undefined,
  onStep?: (step: StepReport) => void,
): Promise<DoctorReport> {
  try {
    const report = await diagnoseConnection(target, {
      onStep: (step) => onStep?.(withRules(step, rules)),
    });
    return { ...report, steps: report.steps.map((step) => withRules(step, rules)) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new Failure(error.message, { exitCode: exitCodes.usage, cause: error });
  }
}

/** As wide as the longest step. */
const stepWidth = "credentials".length;

function stepAsText({ step, outcome, finding, remedy }: StepReport, paint: Painter): string {
  const mark = { ok: paint.green("ok  "), warning: paint.yellow("mind"), failed: paint.red("FAIL") }[outcome];
  const line = `${mark}  ${paint.bold(step.padEnd(stepWidth))}  ${withoutControl(finding)}\n`;
  // Under the finding, where the eye is.
  const indent = " ".repeat("FAIL".length + 2 + stepWidth + 2);
  return remedy === undefined ? line : `${line}${indent}${withoutControl(remedy)}\n`;
}

function conclusion({ host, user, isHealthy, steps }: DoctorReport, paint: Painter): string {
  if (!isHealthy)
    return `${paint.red("No usable connection")} to ${host} as "${user}": change what stands last.`;
  const warnings = steps.filter(({ outcome }) => outcome === "warning").length;
  const but = warnings === 0 ? "" : `, with ${warnings === 1 ? "one warning" : `${warnings} warnings`}`;
  return `${paint.green("The connection works")}: ${host} as "${user}"${but}.`;
}
