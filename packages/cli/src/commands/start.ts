import process from "node:process";
import { Command, Option } from "commander";
import { readFaults } from "../faults-file.ts";
import { readLatencyOption } from "../latency-option.ts";
import { logLine } from "../log-line.ts";
import { dataDirFlag, dataDirOption, portNumber, regionName, resolveDataDir } from "../options.ts";
import {
  explainConflictsOption,
  flagNames,
  lambdaBoundsOf,
  limitOption,
  oc001Option,
  rulesOption,
  type ServiceFlags,
  serviceOptionsOf,
} from "../service-options.ts";
import { painter } from "../terminal.ts";
import {
  cannotGoOn,
  defaultAwsPort,
  defaultPort,
  type Stack,
  startDetached,
  stackFacts,
  startStack,
  StopSignals,
} from "../stack/index.ts";

interface StartOptions extends ServiceFlags {
  readonly dataDir: string;
  readonly port?: number;
  readonly awsPort?: number;
  readonly region?: string;
  readonly fsync: boolean;
  readonly cache: boolean;
  readonly json: boolean;
  readonly faults?: string;
  readonly latency?: string;
  readonly verbose: boolean;
  readonly detach: boolean;
}

export function startCommand(): Command {
  return new Command("start")
    .description(
      "Starts the local Aurora DSQL cluster and the local AWS endpoint, and stays in the foreground.\n" +
        "Ctrl-C stops both in order, a second Ctrl-C at once. The data stays; the next start finds it.\n" +
        "Started by npm or npx, it stops with them, whichever signal ends them.",
    )
    .addOption(dataDirOption())
    .addOption(
      new Option(
        "--port <n>",
        `port of the cluster; 0 takes a free one (default: ${defaultPort}, or the next free one)`,
      ).argParser(portNumber),
    )
    .addOption(
      new Option(
        "--aws-port <n>",
        `port of the AWS endpoint; 0 takes a free one (default: ${defaultAwsPort}, or the next free one)`,
      ).argParser(portNumber),
    )
    .addOption(
      new Option(
        "--region <region>",
        "AWS Region to stand for (default: us-east-1; a data directory keeps its own)",
      ).argParser(regionName),
    )
    .addOption(rulesOption())
    .addOption(limitOption())
    .addOption(oc001Option())
    .addOption(explainConflictsOption())
    .option("--fsync", "let commits survive a loss of power, at about half the speed", false)
    .option("--no-cache", "make new data without the image that the user's cache folder keeps")
    .option("--detach", "start it in the background, wait until it is ready, print where its log is", false)
    .option("--json", "print one line of JSON when ready, nothing else", false)
    .option("--faults <file>", "begin with the faults of a JSON file; the guide on faults has the form")
    .option(
      "--latency <profile>",
      "the service's own time: same-az, same-region, cross-region, multi-region-commit, or a JSON file",
    )
    .option("--verbose", "log what happens to stderr, one JSON object per line", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql start                         # data in ./.dsql, ports 5432 and 4566
  $ npx dsql start --port 0 --aws-port 0   # any free ports
  $ npx dsql start --detach                # returns when it is ready; npx dsql stop ends it
  $ npx dsql start --json | jq -r .clusterEndpoint
  $ npx dsql start --rules 2025-11         # what the service refused then; dsql rules --as-of 2025-11 lists it
  $ npx dsql start --limit rowsPerTransaction=10 --limit transactionSeconds=5

Limits: ${wrapped(flagNames)}.

In another terminal:
  $ eval "$(npx dsql env)"                 # then psql, cdk deploy and the SDKs use the local stack
`,
    )
    .action(start);
}

/** Names in lines that fit a terminal. */
function wrapped(names: readonly string[]): string {
  const lines = [""];
  for (const name of names) {
    const line = lines.at(-1) ?? "";
    if (line.length + name.length > 100) lines.push(name);
    else lines[lines.length - 1] = line === "" ? name : `${line}, ${name}`;
  }
  return lines.join(",\n  ");
}

async function start(options: StartOptions, command: Command): Promise<void> {
  if (options.detach) {
    await startInBackground(options, command);
    return;
  }
  const signals = new StopSignals();
  const startedAtMs = performance.now();
  const faults = options.faults === undefined ? [] : await readFaults(options.faults);
  const latency = options.latency === undefined ? undefined : await readLatencyOption(options.latency);
  const stack = await startStack({
    dataDir: resolveDataDir(options.dataDir),
    port: options.port,
    awsPort: options.awsPort,
    region: options.region,
    fsync: options.fsync,
    cache: options.cache,
    service: { ...serviceOptionsOf(options), latency },
    lambda: lambdaBoundsOf(options),
    ...(options.verbose && { log: (event: object) => process.stderr.write(logLine(event)) }),
  });
  for (const fault of faults) stack.cluster.faults.inject(fault);
  if (options.verbose) {
    const { logEventOf } = await import("@dsql-local/cluster");
    stack.cluster.events.onAny((event) => process.stderr.write(logLine(logEventOf(event))));
  }
  if (!signals.hasCome) announce(stack, options, performance.now() - startedAtMs);
  const failure = await Promise.race([signals.first, stack.failed]);
  await signals.stop(stack);
  if (failure) throw cannotGoOn(failure);
  if (!options.json) process.stdout.write("Stopped.\n");
}

async function startInBackground(options: StartOptions, command: Command): Promise<void> {
  const dataDir = resolveDataDir(options.dataDir);
  const { facts, logFile } = await startDetached(dataDir, argumentsOf(command, dataDir));
  if (options.json) {
    process.stdout.write(`${JSON.stringify(stackFacts(facts))}\n`);
    return;
  }
  const flag = dataDirFlag(facts.dataDir);
  process.stdout.write(`${painter(process.stdout).green("Ready")} in the background, process ${facts.pid}.

  cluster   ${facts.clusterEndpoint}, on ${facts.host}:${facts.port}
  AWS       ${facts.awsEndpoint}, account ${facts.account}, ${facts.region}
  data      ${facts.dataDir}
  log       ${logFile}

  eval "$(npx dsql env${flag})"
  npx dsql stop${flag}
`);
}

/** What stands on our command line, for the start in the background. */
function argumentsOf(command: Command, dataDir: string): readonly string[] {
  const given = process.argv.slice(process.argv.indexOf(command.name()) + 1);
  return [...given.filter((each) => each !== "--detach"), "--data-dir", dataDir];
}

function announce(stack: Stack, options: StartOptions, startMs: number): void {
  const { facts, cloud } = stack;
  for (const line of movedPorts(stack, options)) process.stderr.write(`${line}\n`);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(stackFacts(facts))}\n`);
    return;
  }
  const paint = painter(process.stdout);
  const flag = dataDirFlag(facts.dataDir);
  process.stdout.write(`${paint.green("Ready")} after ${(startMs / 1000).toFixed(1)} s.

  cluster   ${paint.bold(facts.clusterEndpoint)}, on ${facts.host}:${facts.port}
  AWS       ${paint.bold(facts.awsEndpoint)}, account ${facts.account}, ${facts.region}
  console   ${cloud.consoleUrl ?? ""}
  data      ${facts.dataDir}

In another terminal:
  eval "$(npx dsql env${flag})"
  psql                            ${paint.dim(`# or: npx dsql sql${flag} 'SELECT 1'`)}
  npx cdk deploy

Ctrl-C stops it; the data stays.
`);
}

function movedPorts({ facts }: Stack, options: StartOptions): string[] {
  const awsPort = Number(new URL(facts.awsEndpoint).port);
  return [
    ...(options.port === undefined && facts.port !== defaultPort
      ? [`Port ${defaultPort} is taken: the cluster listens on ${facts.port} instead.`]
      : []),
    ...(options.awsPort === undefined && awsPort !== defaultAwsPort
      ? [`Port ${defaultAwsPort} is taken: the AWS endpoint listens on ${awsPort} instead.`]
      : []),
  ];
}
