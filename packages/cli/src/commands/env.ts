import process from "node:process";
import { Command, Option } from "commander";
import { clusterOption, dataDirOption, resolveDataDir, tokenSeconds } from "../options.ts";
import {
  runningCluster,
  type Shell,
  shellLines,
  shells,
  shellTokenSeconds,
  stackEnvironment,
} from "../stack/index.ts";

interface EnvOptions {
  readonly dataDir: string;
  readonly cluster?: string;
  readonly shell: Shell;
  readonly json: boolean;
  readonly expiresIn: number;
}

export function envCommand(): Command {
  return new Command("env")
    .description(
      "Prints lines for a shell to evaluate. Afterwards psql, the AWS SDKs, the CDK and Node programs that connect\n" +
        "to the cluster's real name work against the local stack as they would against AWS.",
    )
    .addOption(dataDirOption())
    .addOption(clusterOption())
    .addOption(new Option("--shell <shell>", "whose syntax to print").choices(shells).default("sh"))
    .option("--json", "print the variables as one JSON object", false)
    .addOption(
      new Option("--expires-in <seconds>", "life of the token in PGPASSWORD")
        .argParser(tokenSeconds)
        .default(shellTokenSeconds, "12 hours"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ eval "$(npx dsql env)" && psql
  $ eval "$(npx dsql env --cluster us-west-2)"   # the cluster in that Region, and its Region for the SDKs
  $ npx dsql env --shell fish | source
  > npx dsql env --shell powershell | Out-String | Invoke-Expression

Sets AWS_ENDPOINT_URL, the local account's keys and Region, CLUSTER_ENDPOINT, CLUSTER_USER, the PG… variables of
libpq with a fresh token for admin, and NODE_OPTIONS with a preload that leads *.dsql.*.on.aws to this machine.
Unsets AWS_PROFILE and AWS_SESSION_TOKEN, which would win over the keys.
`,
    )
    .action(printEnvironment);
}

async function printEnvironment(options: EnvOptions): Promise<void> {
  const { cluster } = options;
  const facts = await runningCluster({ dataDir: resolveDataDir(options.dataDir), cluster });
  const variables = await stackEnvironment(facts, { expiresInSeconds: options.expiresIn });
  process.stdout.write(
    options.json ? `${JSON.stringify(variables)}\n` : shellLines(variables, options.shell),
  );
}
