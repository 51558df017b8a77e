import process from "node:process";
import { Command, Option } from "commander";
import { dataDirOption, positiveNumber, resolveDataDir } from "../options.ts";
import { waitForStack } from "../stack/index.ts";

export function waitCommand(): Command {
  return new Command("wait")
    .summary("wait until the stack is ready")
    .description(
      "Waits until a stack on the data directory is ready, also where its start has not begun yet.\n" +
        "Exit code 0: it is; 3: it is not, after the timeout.",
    )
    .addOption(dataDirOption())
    .addOption(new Option("--timeout <seconds>", "how long to wait").argParser(positiveNumber).default(60))
    .addHelpText("after", '\nExamples:\n  $ npx dsql start & npx dsql wait && eval "$(npx dsql env)"\n')
    .action(async (options: { dataDir: string; timeout: number }) => {
      const facts = await waitForStack(resolveDataDir(options.dataDir), options.timeout * 1_000);
      process.stdout.write(`Ready: ${facts.clusterEndpoint}, on ${facts.host}:${facts.port}.\n`);
    });
}
