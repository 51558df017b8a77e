/** `dsql`: the local Aurora DSQL on the command line. Parses, calls, prints; the work is done by the packages. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Command } from "commander";
import {
  clusterCommand,
  doctorCommand,
  envCommand,
  invokeCommand,
  lintCommand,
  loadCommand,
  logsCommand,
  mcpCommand,
  migrateCommand,
  rulesCommand,
  sqlCommand,
  startCommand,
  statusCommand,
  stopCommand,
  tokenCommand,
} from "./commands/index.ts";
import { report } from "./failure.ts";
import { endWithReader } from "./terminal.ts";

export function dsqlProgram(): Command {
  const program = new Command("dsql")
    .description(
      "A local Aurora DSQL and the AWS services around it, for building and testing without an account.",
    )
    .version(packageVersion())
    .addHelpText(
      "after",
      `
A first session:
  $ npx dsql start                              # stays; use another terminal for the rest
  $ npx dsql sql "SELECT 1"
  $ eval "$(npx dsql env)"                      # psql, cdk and the SDKs now use the local stack
  $ psql
  $ npx dsql stop

Set DSQL_DATA_DIR to use another data directory than ./.dsql, DSQL_DEBUG=1 for stack traces.
`,
    );
  for (const command of [
    startCommand(),
    envCommand(),
    tokenCommand(),
    sqlCommand(),
    statusCommand(),
    stopCommand(),
    invokeCommand(),
    logsCommand(),
    clusterCommand(),
    rulesCommand(),
    doctorCommand(),
    mcpCommand(),
    lintCommand(),
    loadCommand(),
    migrateCommand(),
  ]) {
    program.addCommand(command.showHelpAfterError(`(dsql ${command.name()} --help shows what it takes)`));
  }
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program.showSuggestionAfterError().showHelpAfterError("(dsql --help shows the commands)");
}

function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

export async function main(argv: readonly string[] = process.argv): Promise<void> {
  endWithReader();
  try {
    await dsqlProgram().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}
