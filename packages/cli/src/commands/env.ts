import process from "node:process";
import { Command, Option } from "commander";
import { clusterOption, dataDirOption, resolveDataDir, tokenSeconds } from "../options.ts";
import {
  environmentFormats,
  type EnvironmentFormat,
  environmentText,
  type Platform,
  platforms,
  platformVariables,
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
  readonly for?: Platform;
  readonly dotenv?: true;
  readonly github?: true;
  readonly docker?: true;
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
    .addOption(new Option("--for <platform>", "set what programs on it need as well").choices(platforms))
    .option("--json", "print the variables as one JSON object", false)
    .addOption(formatOption("dotenv", "a .env file"))
    .addOption(formatOption("github", 'GitHub Actions: >> "$GITHUB_ENV"'))
    .addOption(formatOption("docker", "docker run --env-file"))
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
  $ eval "$(npx dsql env --for java)" && java -jar app.jar
  $ npx dsql env --dotenv > .env
  $ npx dsql env --docker > local.env && docker run --network host --env-file local.env app
  > npx dsql env --shell powershell | Out-String | Invoke-Expression

Sets AWS_ENDPOINT_URL, the local account's keys and Region, CLUSTER_ENDPOINT, CLUSTER_USER, the PG… variables of
libpq with a fresh token for admin, DSQL_DATA_DIR, NODE_EXTRA_CA_CERTS with the cluster's authority and those it named
before, and NODE_OPTIONS with a preload that leads *.dsql.*.on.aws to this machine.
--for go, rust and dotnet sets SSL_CERT_FILE, with the public authorities in it, and localhost as the cluster's name;
python and ruby SSL_CERT_FILE; java JAVA_TOOL_OPTIONS with a trust store and a hosts file, which then is the only one.
Unsets AWS_PROFILE and AWS_SESSION_TOKEN, which would win over the keys.
`,
    )
    .action(printEnvironment);
}

function formatOption(name: EnvironmentFormat, use: string): Option {
  const others = environmentFormats.filter((each) => each !== name);
  return new Option(`--${name}`, `print lines for ${use}`).conflicts(["json", ...others]);
}

async function printEnvironment(options: EnvOptions): Promise<void> {
  const { cluster } = options;
  const facts = await runningCluster({ dataDir: resolveDataDir(options.dataDir), cluster });
  const variables = {
    ...(await stackEnvironment(facts, { expiresInSeconds: options.expiresIn })),
    ...(options.for === undefined ? {} : await platformVariables(options.for, facts)),
  };
  const format = environmentFormats.find((name) => options[name] === true);
  if (format !== undefined) {
    process.stdout.write(environmentText(variables, format));
    return;
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(variables)}\n` : shellLines(variables, options.shell),
  );
}
