/**
 * `npm start`: the whole way of an application, on this machine. Starts the local stack, deploys the tutorial with the
 * real CDK, prepares its database, transfers money ten thousand times at once, and shows that not a cent went astray.
 */
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { Demonstration, type DemonstrationOptions } from "./demo/index.ts";
import { report } from "./failure.ts";
import { dataDirOption, portNumber, positiveNumber, resolveDataDir } from "./options.ts";
import { endWithReader } from "./terminal.ts";

interface DemoOptions {
  readonly dataDir: string;
  readonly port?: number;
  readonly awsPort?: number;
  readonly once: boolean;
  readonly invocations: number;
}

export async function main(argv: readonly string[] = process.argv): Promise<void> {
  endWithReader();
  const program = new Command("npm start --")
    .description(
      "Starts the local stack, deploys the tutorial to it with the CDK, and runs the talk's stress test.",
    )
    .addOption(dataDirOption())
    .addOption(new Option("--port <n>", "port of the cluster; 0 takes a free one").argParser(portNumber))
    .addOption(
      new Option("--aws-port <n>", "port of the AWS endpoint; 0 takes a free one").argParser(portNumber),
    )
    .option("--once", "end after the test instead of staying until Ctrl-C", false)
    .addOption(
      new Option("--invocations <n>", "transfers in the stress test")
        .argParser(positiveNumber)
        .default(10_000),
    )
    .addHelpText("after", "\nExamples:\n  $ npm start\n  $ npm start -- --once --data-dir /tmp/trial\n")
    .exitOverride();
  try {
    await program.parseAsync([...argv]);
    await new Demonstration(demonstrationOptions(program.opts<DemoOptions>())).run();
  } catch (error) {
    process.exitCode = report(error);
  }
}

function demonstrationOptions(options: DemoOptions): DemonstrationOptions {
  const workspaceDir = fileURLToPath(new URL("../../../../", import.meta.url));
  return {
    dataDir: resolveDataDir(options.dataDir),
    tutorialDir: path.join(workspaceDir, "tutorial", "ch05"),
    port: options.port,
    awsPort: options.awsPort,
    invocations: options.invocations,
    staysUntilSignal: !options.once,
  };
}
