import process from "node:process";
import { Command, Option } from "commander";
import { clusterOption, dataDirOption, nonEmpty, resolveDataDir, tokenSeconds } from "../options.ts";
import { runningCluster, signToken, tokenSecondsDefault } from "../stack/index.ts";

interface TokenOptions {
  readonly dataDir: string;
  readonly cluster?: string;
  readonly user: string;
  readonly expiresIn: number;
}

export function tokenCommand(): Command {
  return new Command("token")
    .description(
      "Prints an authentication token signed with the local account's key: the password for one connection.\n" +
        "For admin its action is DbConnectAdmin, for every other role DbConnect.",
    )
    .addOption(dataDirOption())
    .addOption(clusterOption())
    .addOption(
      new Option("--user <role>", "database role to connect as").argParser(nonEmpty).default("admin"),
    )
    .addOption(
      new Option(
        "--expires-in <seconds>",
        "how long connections may be opened with it, up to 604800 (one week)",
      )
        .argParser(tokenSeconds)
        .default(tokenSecondsDefault),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ export PGPASSWORD="$(npx dsql token)"
  $ npx dsql token --user myapp --expires-in 3600
  $ npx dsql token --cluster us-west-2

A role other than admin lets the local account in after:
  CREATE ROLE myapp WITH LOGIN;
  AWS IAM GRANT myapp TO 'arn:aws:iam::<account>:user/local-admin';
`,
    )
    .action(printToken);
}

async function printToken(options: TokenOptions): Promise<void> {
  const { cluster } = options;
  const facts = await runningCluster({ dataDir: resolveDataDir(options.dataDir), cluster });
  const token = signToken(facts, { user: options.user, expiresInSeconds: options.expiresIn });
  process.stdout.write(`${token}\n`);
}
