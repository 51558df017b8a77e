import { existsSync } from "node:fs";
import process from "node:process";
import { Command, Option } from "commander";
import type { ImportProgress, ImportReport } from "dsql-toolkit";
import { exitCodes, Failure, textOf } from "../failure.ts";
import { interruptible } from "../interruptible.ts";
import { nonEmpty, positiveNumber } from "../options.ts";
import { isArchive, progressLine, readArchive } from "../portable/index.ts";
import { targetOptions, targetPool, type TargetOptions } from "../stack/index.ts";
import { withoutControl } from "../terminal.ts";

interface ImportOptions extends TargetOptions {
  readonly iam: boolean;
  readonly connections: number;
  readonly json: boolean;
}

export function importCommand(): Command {
  const command = new Command("import")
    .description(
      "Brings what dsql export has written into a cluster, here or in AWS: schema, roles, grants and rows. It overwrites\n" +
        "nothing: where a table, function or schema of it is there already, it does nothing at all.",
    )
    .argument("<path>", "a folder or file of dsql export", nonEmpty);
  for (const option of targetOptions()) command.addOption(option);
  return command
    .option("--no-iam", "leave out which IAM identities may connect as which role")
    .addOption(
      new Option("--connections <number>", "at a time, for the rows").argParser(positiveNumber).default(8),
    )
    .option("--json", "print the report as JSON", false)
    .addHelpText("after", help)
    .action(run);
}

const help = `
An import is many transactions. Cut off anywhere, by Ctrl-C too, the same command goes on, and each row is there once.
Roles that are there already stay as they are. Indexes and foreign keys are made after the rows, and waited for.

Exit codes: 0 all of it is there; 1 it ended early; 2 wrong usage; 130 interrupted.

Examples:
  $ npx dsql import shop.tar
  $ npx dsql import shop.tar --cluster us-west-2
  $ npx dsql import backup.tar --no-iam                # an export of another account
`;

async function run(source: string, options: ImportOptions, command: Command): Promise<void> {
  if (!existsSync(source)) {
    throw new Failure(`there is no ${source}`, {
      remedy: "dsql export writes one.",
      exitCode: exitCodes.usage,
    });
  }
  const interruption = interruptible();
  const isDataDirSaid = command.getOptionValueSource("dataDir") === "cli";
  const pool = await targetPool({ ...options, isDataDirSaid }, { max: options.connections + 1, min: 0 });
  const progress = progressLine(process.stderr);
  const startedMs = performance.now();
  try {
    const { importDatabase } = await import("dsql-toolkit");
    const read = (folder: string): Promise<ImportReport> =>
      importDatabase(pool, {
        folder,
        withoutIam: !options.iam,
        connections: options.connections,
        signal: interruption.signal,
        onProgress: (made) => {
          progress.show(lineOf(made));
        },
      });
    const report = isArchive(source) ? await readArchive(source, read) : await read(source);
    progress.end();
    const elapsedMs = Math.round(performance.now() - startedMs);
    process.stdout.write(
      `${options.json ? JSON.stringify({ ...report, elapsedMs }) : asText(report, elapsedMs)}\n`,
    );
  } catch (error) {
    progress.end();
    if (!interruption.signal.aborted) throw failureOf(error);
    process.exitCode = 130;
    process.stderr.write("interrupted. What is done stays: the same command goes on.\n");
  } finally {
    interruption.end();
    await pool.end();
  }
}

function failureOf(error: unknown): unknown {
  const { name } = error as { name?: string };
  if (name === "UsageError") return new Failure(textOf(error), { cause: error });
  if (name !== "ImportError") return error;
  return new Failure(textOf(error), {
    remedy: "What is done stays: mend that, and the same command goes on.",
    cause: error,
  });
}

function lineOf({ phase, done, of, table }: ImportProgress): string {
  if (table !== undefined) return `${withoutControl(table)} | ${count(done)} of ${count(of)} rows loaded`;
  return `${phase} | statement ${count(done + 1)} of ${count(of)}`;
}

function asText({ tables, rows, kept, wasResumed }: ImportReport, elapsedMs: number): string {
  const lines = [
    `${count(tables.length)} ${tables.length === 1 ? "table" : "tables"} with ${count(rows)} rows imported in ${(elapsedMs / 1_000).toFixed(1)} s` +
      (wasResumed ? ", a part of it by an earlier run" : ""),
  ];
  if (kept.length > 0)
    lines.push("There already, and kept as it is:", ...kept.map((sql) => `  ${withoutControl(sql)}`));
  return lines.join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
