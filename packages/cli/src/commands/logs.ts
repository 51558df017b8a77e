import process from "node:process";
import { Command, Option } from "commander";
import { Failure } from "../failure.ts";
import { followEvents, type LogEvent, readEvents, sinceMs } from "../logs/index.ts";
import { dataDirOption, regionName, resolveDataDir } from "../options.ts";
import { painter, withoutControl } from "../terminal.ts";
import { awsClient, type AwsClient, deployedFunctions, runningStack } from "../stack/index.ts";

interface LogsOptions {
  readonly dataDir: string;
  readonly follow: boolean;
  readonly since: number;
  readonly filter: string;
  readonly region?: string;
  readonly json: boolean;
}

export function logsCommand(): Command {
  return new Command("logs")
    .description(
      "Shows the log of a function, or of all of them, oldest first. With --follow it stays and shows what comes; Ctrl-C ends it.",
    )
    .argument("[function]", "its name, or a log group's, which begins with a slash; all unless given")
    .addOption(dataDirOption())
    .option("-f, --follow", "stay, and show events as they come", false)
    .addOption(
      new Option("--since <when>", "from when on: 30s, 5m, 2h or 1d ago, or a time such as 2026-11-21T09:30")
        .argParser((text) => sinceMs(text, Date.now()))
        .default(sinceMs("10m", Date.now()), "10m"),
    )
    .addOption(new Option("--filter <words>", "only events with all of these words").default(""))
    .addOption(
      new Option("--region <region>", "where they are deployed (default: the stack's own)").argParser(
        regionName,
      ),
    )
    .option("--json", "print one JSON object per event", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql logs reinvent-dat401 -f
  $ npx dsql logs --since 1h --filter ERROR
  $ npx dsql logs reinvent-dat401 --json | jq -r .message
`,
    )
    .action(showLogs);
}

async function showLogs(name: string | undefined, options: LogsOptions): Promise<void> {
  const stack = await runningStack(resolveDataDir(options.dataDir));
  const client = awsClient({ ...stack, region: options.region ?? stack.region });
  const groupsNow = async (): Promise<readonly string[]> => groupsOf(client, name);
  const wanted = { fromMs: options.since, filter: options.filter };
  const groups = await groupsNow();
  if (name !== undefined && groups.length === 0) throw await noSuchFunction(client, name);
  const show = printer(options, { isOneGroup: name !== undefined });
  if (options.follow) return follow(client, { ...wanted, groupsNow, show });
  for (const event of await readEvents(client, { ...wanted, groups })) show(event);
}

async function follow(
  client: AwsClient,
  options: {
    fromMs: number;
    filter: string;
    groupsNow: () => Promise<readonly string[]>;
    show: (event: LogEvent) => void;
  },
): Promise<void> {
  const { fromMs, filter, groupsNow, show } = options;
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    const wanted = { fromMs, filter, signal: ended.signal };
    for await (const event of followEvents(client, wanted, groupsNow)) show(event);
  } catch (error) {
    // A request that Ctrl-C cut off is no failure.
    if (!ended.signal.aborted) throw error;
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
  }
}

/** The log group of a function, that of this name, or those of all functions. */
async function groupsOf(client: AwsClient, name: string | undefined): Promise<readonly string[]> {
  if (name?.startsWith("/") === true) return [name];
  const functions = await deployedFunctions(client);
  const meant = functions.filter(({ FunctionName }) => name === undefined || FunctionName === name);
  return [...new Set(meant.map(({ LoggingConfig }) => LoggingConfig.LogGroup))];
}

async function noSuchFunction(client: AwsClient, name: string): Promise<Failure> {
  const names = (await deployedFunctions(client)).map(({ FunctionName }) => FunctionName);
  return new Failure(`there is no function ${name}`, {
    remedy:
      names.length === 0
        ? "No function is deployed here. Deploy one: npx cdk deploy"
        : `Deployed here: ${names.join(", ")}. The log of one that was deleted: npx dsql logs /aws/lambda/${name}`,
  });
}

function printer({ json }: LogsOptions, { isOneGroup }: { isOneGroup: boolean }): (event: LogEvent) => void {
  const paint = painter(process.stdout);
  return ({ group, stream, atMs, message }) => {
    const time = new Date(atMs).toISOString();
    if (json) {
      process.stdout.write(`${JSON.stringify({ time, group, stream, message })}\n`);
      return;
    }
    const shown = withoutControl(message.trimEnd());
    const from = isOneGroup ? "" : `${paint.cyan(group.replace(/^\/aws\/lambda\//, ""))} `;
    const isError = /\tERROR\t|"level":"ERROR"|Task timed out|^.*Status: (?:error|timeout)/.test(shown);
    process.stdout.write(`${paint.dim(time.slice(11))} ${from}${isError ? paint.red(shown) : shown}\n`);
  };
}
