import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { dataDirFlag, dataDirOption, resolveDataDir } from "../options.ts";
import { findStack } from "../stack/index.ts";

export function resetCommand(): Command {
  return new Command("reset")
    .summary("begin anew: remove the data directory's clusters, cloud and keys")
    .description(
      "Removes everything in the data directory: clusters with their data, stacks, objects, functions and keys.\n" +
        "The next start begins anew, with another cluster id. What runs has to be stopped first.",
    )
    .addOption(dataDirOption())
    .option("--yes", "do not ask", false)
    .addHelpText("after", "\nExamples:\n  $ npx dsql stop && npx dsql reset --yes && npx dsql start\n")
    .action(reset);
}

async function reset(options: { dataDir: string; yes: boolean }): Promise<void> {
  const dataDir = resolveDataDir(options.dataDir);
  const found = await findStack(dataDir);
  if (found.state !== "stopped") {
    throw new Failure(`process ${found.holder.pid} is using ${dataDir}`, {
      remedy: `Stop it first: npx dsql stop${dataDirFlag(dataDir)}`,
    });
  }
  if (!existsSync(dataDir)) {
    process.stdout.write(`There is nothing in ${dataDir}.\n`);
    return;
  }
  // Whatever else lies in that folder is somebody's; only where our own file is, the folder is ours to remove.
  if (!existsSync(path.join(dataDir, "cluster.json"))) {
    throw new Failure(`${dataDir} is not a data directory of dsql-local: it has no cluster.json`, {
      remedy: "Name the right one with --data-dir.",
    });
  }
  if (!options.yes && !(await isMeant(dataDir))) throw new Failure("nothing was removed");
  const { removeDataDir } = await import("@dsql-local/cluster");
  await removeDataDir(dataDir);
  process.stdout.write(`Removed ${dataDir}. The next start begins anew.\n`);
}

async function isMeant(dataDir: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Failure(`dsql reset removes ${dataDir} for good`, {
      remedy: "Say --yes if that is meant.",
      exitCode: exitCodes.usage,
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`Remove ${dataDir} with all its data? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
