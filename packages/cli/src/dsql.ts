/** `dsql`: the local Aurora DSQL on the command line. Parses, calls, prints; the work is done by the packages. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Command } from "commander";
import { commandEntries, type CommandEntry } from "./commands/index.ts";
import { report } from "./failure.ts";
import { endWithReader } from "./terminal.ts";

/**
 * @param asked - the command whose options are needed, `"all"` for every one; of the others it knows name and summary
 */
export async function dsqlProgram(asked: string | undefined): Promise<Command> {
  const program = new Command("dsql")
    .description(
      "A local Aurora DSQL and the AWS services around it, for building and testing without an account.",
    )
    .version(packageVersion())
    .configureHelp({ subcommandTerm: (command) => command.name() })
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
  for (const entry of commandEntries) {
    const command = await commandOf(entry, asked === "all" || asked === entry.name);
    program.addCommand(command.showHelpAfterError(`(dsql ${entry.name} --help shows what it takes)`));
  }
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program.showSuggestionAfterError().showHelpAfterError("(dsql --help shows the commands)");
}

async function commandOf(entry: CommandEntry, isAsked: boolean): Promise<Command> {
  const command = isAsked ? await entry.load() : new Command(entry.name);
  return command.summary(entry.summary);
}

/** `dsql [options] <command>` and `dsql help <command>`: the program itself has no option that takes a value. */
function commandIn(argv: readonly string[]): string | undefined {
  const [first, second] = argv.slice(2).filter((argument) => !argument.startsWith("-"));
  return first === "help" ? second : first;
}

function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

export async function main(argv: readonly string[] = process.argv): Promise<void> {
  endWithReader();
  try {
    const program = await dsqlProgram(commandIn(argv));
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}
