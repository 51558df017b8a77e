import { statSync } from "node:fs";
import process from "node:process";
import { Command } from "commander";
import type { ExportManifest, ExportProgress } from "dsql-toolkit";
import { interruptible } from "../interruptible.ts";
import { nonEmpty } from "../options.ts";
import { isArchive, progressLine, writeArchive } from "../portable/index.ts";
import { targetOptions, targetPool, type TargetOptions } from "../stack/index.ts";
import { withoutControl } from "../terminal.ts";

interface ExportOptions extends TargetOptions {
  readonly schemaOnly: boolean;
  readonly snapshot: boolean;
  readonly json: boolean;
}

export function exportCommand(): Command {
  const command = new Command("export")
    .description(
      "Writes schema, roles, grants and rows of a cluster, here or in AWS, into a folder, or into one file if the name\n" +
        "ends in .tar or .tgz. dsql import brings it into another cluster, of whatever version.",
    )
    .argument("<path>", "what to write; it must not be there yet", nonEmpty);
  for (const option of targetOptions()) command.addOption(option);
  return command
    .option("--schema-only", "leave the rows out", false)
    .option(
      "--no-snapshot",
      "a transaction for each table, where all rows are more than one transaction reads in its 300 s",
    )
    .option("--json", "print the report as JSON", false)
    .addHelpText("after", help)
    .action(run);
}

const help = `
All rows are of one moment. Ctrl-C leaves nothing behind. What is in it is plain SQL, and rows as COPY writes them:
psql reads it too. It is data: keep it as you keep the cluster.

Exit codes: 0 it is written; 1 it is not; 2 wrong usage; 130 interrupted.

Examples:
  $ npx dsql export shop.tar
  $ npx dsql export shop-schema --schema-only
  $ npx dsql export backup.tar --endpoint <id>.dsql.us-east-1.on.aws --region us-east-1
  $ npx dsql export shop.tar && npx dsql stop && npx dsql reset --yes     # then start, and dsql import shop.tar
`;

async function run(target: string, options: ExportOptions, command: Command): Promise<void> {
  const interruption = interruptible();
  const isDataDirSaid = command.getOptionValueSource("dataDir") === "cli";
  const pool = await targetPool({ ...options, isDataDirSaid }, { max: 2, min: 0 });
  const progress = progressLine(process.stderr);
  const startedMs = performance.now();
  try {
    const { exportDatabase } = await import("dsql-toolkit");
    const write = (folder: string): Promise<ExportManifest> =>
      exportDatabase(pool, {
        folder,
        schemaOnly: options.schemaOnly,
        isConsistent: options.snapshot,
        signal: interruption.signal,
        onProgress: (made) => {
          progress.show(lineOf(made));
        },
      });
    const manifest = isArchive(target) ? await writeArchive(target, write) : await write(target);
    progress.end();
    const elapsedMs = Math.round(performance.now() - startedMs);
    process.stdout.write(
      `${options.json ? asJson(manifest, elapsedMs) : asText(target, manifest, elapsedMs)}\n`,
    );
  } catch (error) {
    progress.end();
    if (!interruption.signal.aborted) throw error;
    process.exitCode = 130;
    process.stderr.write("interrupted. Nothing was written.\n");
  } finally {
    interruption.end();
    await pool.end();
  }
}

function lineOf({ table, tablesDone, tables, rows }: ExportProgress): string {
  return `table ${tablesDone + 1} of ${tables}, ${withoutControl(table)} | ${count(rows)} rows written`;
}

function asJson({ exportId, isConsistent, objects, tables }: ExportManifest, elapsedMs: number): string {
  return JSON.stringify({
    exportId,
    isConsistent,
    objects: objects.length,
    tables,
    rows: rowsOf(tables),
    elapsedMs,
  });
}

function asText(target: string, { tables, objects }: ExportManifest, elapsedMs: number): string {
  const size = statSync(target);
  const bytes = size.isFile() ? `, ${(size.size / 1e6).toFixed(1)} MB` : "";
  return (
    `${target}: ${count(objects.length)} objects, ${count(tables.length)} ${tables.length === 1 ? "table" : "tables"} with ${count(rowsOf(tables))} rows` +
    `${bytes}, in ${(elapsedMs / 1_000).toFixed(1)} s`
  );
}

function rowsOf(tables: ExportManifest["tables"]): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
