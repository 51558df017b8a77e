import process from "node:process";
import { Command, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { dataDirFlag, dataDirOption, nonEmpty, resolveDataDir } from "../options.ts";
import { changeHostsFile, clustersOf, endpointOf, localHostsLine, systemHostsFile } from "../stack/index.ts";

interface HostsOptions {
  readonly dataDir: string;
  readonly file: string;
  readonly write?: true;
  readonly remove?: true;
}

export function hostsCommand(): Command {
  return new Command("hosts")
    .summary("print the hosts file's line for the clusters, write it or take it out")
    .description(
      "Prints the line of a hosts file that leads the clusters' names to this machine, for programs that are neither\n" +
        "Node nor libpq. It gives names an address, not a port: such programs need the port that dsql status shows.",
    )
    .addOption(dataDirOption())
    .addOption(
      new Option("--write", "put the line into the hosts file, in place of an earlier one").conflicts(
        "remove",
      ),
    )
    .option("--remove", "take the line out of the hosts file")
    .addOption(new Option("--file <file>", "the hosts file").argParser(nonEmpty).default(systemHostsFile()))
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql hosts
  $ sudo "$(command -v npx)" dsql hosts --write --data-dir "$PWD/.dsql"
  $ sudo "$(command -v npx)" dsql hosts --remove --data-dir "$PWD/.dsql"

The name localhost needs no such line: it names the stack's oldest cluster.
`,
    )
    .action(hosts);
}

async function hosts(options: HostsOptions): Promise<void> {
  const dataDir = resolveDataDir(options.dataDir);
  if (options.remove === true) {
    const outcome = await changeHostsFile(options.file, dataDir, undefined);
    process.stdout.write(
      outcome === "changed" ? `Removed from ${options.file}.\n` : "There was nothing to remove.\n",
    );
    return;
  }
  const names = (await clustersOf(dataDir)).map(endpointOf);
  if (names.length === 0) {
    throw new Failure(`there is no cluster in ${dataDir} yet`, {
      remedy: `Start one: npx dsql start${dataDirFlag(dataDir)}`,
      exitCode: exitCodes.notRunning,
    });
  }
  const line = localHostsLine("127.0.0.1", names);
  if (options.write !== true) {
    process.stdout.write(`${line}\n`);
    return;
  }
  const outcome = await changeHostsFile(options.file, dataDir, line);
  process.stdout.write(
    outcome === "changed" ? `Written to ${options.file}.\n` : `It is in ${options.file}.\n`,
  );
}
