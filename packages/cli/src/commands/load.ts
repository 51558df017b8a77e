import { writeFile } from "node:fs/promises";
import process from "node:process";
import {
  bulkLoad,
  bulkLoadDefaults,
  bulkLoadDryRun,
  BulkLoadError,
  type BulkLoadOptions,
} from "dsql-toolkit";
import { Command, InvalidArgumentError, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { dryRunAsText, loadProgress, loadReportAsText, rejectedLine } from "../load/index.ts";
import { names, nonEmpty, positiveNumber } from "../options.ts";
import { interruptible } from "../interruptible.ts";
import { targetOptions, targetPool, type TargetOptions } from "../stack/index.ts";

interface LoadOptions extends TargetOptions {
  readonly into: string;
  readonly format?: BulkLoadOptions["format"];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header?: boolean;
  readonly columns?: readonly string[];
  readonly null: string;
  readonly quotedNull: boolean;
  readonly create: boolean;
  readonly types?: Readonly<Record<string, string>>;
  readonly primaryKey?: readonly string[];
  readonly onConflict: "error" | "skip" | "update";
  readonly connections: number;
  readonly rowsPerTransaction: number;
  readonly manifest?: string;
  readonly ledger?: string;
  readonly rejected?: string;
  readonly rejectedMax: number;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export function loadCommand(): Command {
  const command = new Command("load")
    .description(
      "Loads CSV, TSV, JSON Lines or the text of PostgreSQL's COPY, compressed with gzip or not, into a table:\n" +
        "transactions of at most 1,000 rows on several connections, each repeated when it meets a conflict. A row is\n" +
        "loaded once or reported as rejected.",
    )
    .argument("<file>", "the file, or - for stdin")
    .addOption(
      new Option("--into <table>", "the table, with its schema or without")
        .argParser(nonEmpty)
        .makeOptionMandatory(),
    );
  const options = [...formatOptions(), ...tableOptions(), ...pace(), ...resuming(), ...targetOptions()];
  for (const option of options) command.addOption(option);
  return command.option("--json", "print the report as JSON", false).addHelpText("after", help).action(run);
}

function formatOptions(): Option[] {
  return [
    new Option("--format <format>", "default: what the file's name ends in; stdin: csv").choices([
      "csv",
      "tsv",
      "copy",
      "jsonl",
    ]),
    new Option(
      "--delimiter <character>",
      "what separates values in CSV and TSV (default: comma, tab)",
    ).argParser(delimiter),
    new Option("--encoding <name>", "of the text: windows-1252, utf-16le … (default: UTF-8)").argParser(
      nonEmpty,
    ),
    new Option("--header", "the first record is the names of the columns (default, except for copy)"),
    new Option(
      "--no-header",
      "the first record is a row; without --columns in the order of the table's columns",
    ),
    new Option("--columns <names>", "the columns in the file's order: a,b,c").argParser(names),
    new Option("--null <text>", "what stands for NULL in CSV and TSV, unless it is quoted").default(""),
    new Option("--quoted-null", "it does so in quotes too, as where every value is quoted").default(false),
  ];
}

function tableOptions(): Option[] {
  return [
    new Option("--create", "make the table if it is not there; types from the first 1,000 rows").default(
      false,
    ),
    new Option("--types <types>", "of columns of a table that is made: id=uuid,note=text").argParser(
      columnTypes,
    ),
    new Option("--primary-key <names>", "of a table that is made: a,b").argParser(names),
    new Option("--on-conflict <action>", "a row whose key is there already: reject it, skip it, overwrite")
      .choices(["error", "skip", "update"])
      .default("error"),
  ];
}

function pace(): Option[] {
  return [
    new Option("--connections <number>", "at a time; they begin with two and double")
      .argParser(positiveNumber)
      .default(bulkLoadDefaults.connections),
    new Option("--rows-per-transaction <number>", "500 to 1,000 are best, 3,000 the most")
      .argParser(positiveNumber)
      .default(bulkLoadDefaults.rowsPerTransaction),
  ];
}

function resuming(): Option[] {
  return [
    new Option("--manifest <file>", "go on there if a load is cut off: the same command again").argParser(
      nonEmpty,
    ),
    new Option(
      "--ledger <table>",
      "where the cluster keeps which parts are loaded (default: bulk_load_ledger beside the table)",
    ).argParser(nonEmpty),
    new Option(
      "--rejected <file>",
      "write the rejected rows' lines and reasons there, as JSON Lines",
    ).argParser(nonEmpty),
    new Option("--rejected-max <number>", "rows that may be rejected before the load ends")
      .argParser(positiveNumber)
      .default(bulkLoadDefaults.rejectedMax),
    new Option(
      "--dry-run",
      "write nothing: show the columns' types, and which of the first 1,000 rows would be rejected",
    ).default(false),
    new Option("--verify", "compare the table's number of rows before and after").default(false),
  ];
}

const help = `
Others see the table fill: a load is many transactions. Ctrl-C ends it after those under way; with --manifest the same
command goes on. Make secondary indexes afterwards: CREATE INDEX ASYNC.

Exit codes: 0 all rows loaded; 1 the load ended early, or rows were rejected; 2 wrong usage; 130 interrupted.

Examples:
  $ npx dsql load accounts.csv --into account --create --dry-run
  $ npx dsql load accounts.csv --into account
  $ npx dsql load events.jsonl.gz --into event --create --primary-key id --manifest events.manifest
  $ npx dsql load export.csv --into owner --delimiter ';' --encoding windows-1252
  $ psql -h old.example.com -c '\\copy owner to stdout' | npx dsql load - --format copy --into owner
  $ npx dsql load prices.csv --into price --on-conflict update --rejected rejected.jsonl --json
`;

async function run(file: string, options: LoadOptions): Promise<void> {
  const interruption = interruptible();
  const pool = await targetPool(options, { max: options.connections + 1 });
  const progress = loadProgress(process.stderr);
  const dryRun = async () => {
    const report = await bulkLoadDryRun(pool, loadOptions(file, options));
    return { report, text: dryRunAsText(report) };
  };
  const load = async () => {
    const report = await bulkLoad(pool, {
      ...loadOptions(file, options),
      onProgress: options.json ? undefined : (made) => progress.show(made),
      signal: interruption.signal,
    });
    return { report, text: loadReportAsText(report) };
  };
  try {
    // Before anything is loaded: what is rejected has to be written somewhere.
    if (options.rejected !== undefined) await writeRejected(options.rejected, []);
    const { report, text } = options.dryRun ? await dryRun() : await load();
    progress.end();
    if (options.rejected !== undefined) await writeRejected(options.rejected, report.rejected);
    process.stdout.write(`${options.json ? JSON.stringify(report) : text}\n`);
    if (report.rejected.length > 0) process.exitCode = exitCodes.failed;
  } catch (error) {
    progress.end();
    if (error instanceof BulkLoadError && options.rejected !== undefined)
      await writeRejected(options.rejected, error.rejected);
    if (interruption.signal.aborted) process.exitCode = 130;
    else throw failureOf(error, file, options);
    process.stderr.write(`interrupted.${goOn(options)}\n`);
  } finally {
    interruption.end();
    await pool.end();
  }
}

function loadOptions(file: string, options: LoadOptions): BulkLoadOptions {
  return {
    input: file === "-" ? process.stdin : file,
    table: options.into.split("."),
    format: options.format,
    delimiter: options.delimiter,
    encoding: options.encoding,
    header: options.header,
    columns: options.columns,
    nullText: options.null,
    quotedNull: options.quotedNull,
    createTable: options.create,
    types: options.types,
    primaryKey: options.primaryKey,
    onConflict: options.onConflict === "skip" ? "ignore" : options.onConflict,
    connections: options.connections,
    rowsPerTransaction: options.rowsPerTransaction,
    manifest: options.manifest,
    ledgerTable: options.ledger,
    rejectedMax: options.rejectedMax,
    verify: options.verify ? "count" : "none",
  };
}

async function writeRejected(file: string, rejected: readonly object[]): Promise<void> {
  await writeFile(file, rejected.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

/** Of the input, by Node's codes. */
const inputProblems: Readonly<Record<string, string>> = {
  ENOENT: "there is no file",
  EACCES: "this user may not read",
  EISDIR: "this is a directory:",
  Z_BUF_ERROR: "the gzip data ends too early, as of a file that was not copied as a whole:",
  Z_DATA_ERROR: "the gzip data is damaged:",
};

function failureOf(error: unknown, file: string, options: LoadOptions): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  const problem = inputProblems[code ?? ""];
  // Without a path it is the input's stream that has failed.
  if (problem !== undefined && (path === undefined || path === file)) {
    const input = file === "-" ? "stdin" : file;
    return new Failure(`${problem} ${input}`, { exitCode: exitCodes.usage, cause: error });
  }
  if (path !== undefined) {
    return new Failure(`${path} cannot be written (${code})`, {
      remedy: "Name a file in a folder that is there and yours.",
      exitCode: exitCodes.usage,
      cause: error,
    });
  }
  if (!(error instanceof BulkLoadError)) return error;
  const lines = error.rejected.slice(0, 5).map(rejectedLine).join("\n");
  const remedy = `${lines}${lines === "" ? "" : "\n"}${whatStays(error, options)}`;
  return new Failure(error.message, { remedy, cause: error });
}

function whatStays({ rowsLoaded }: BulkLoadError, options: LoadOptions): string {
  if (rowsLoaded === 0) return "Nothing was loaded.";
  const loaded = rowsLoaded === 1 ? "1 row is" : `${rowsLoaded.toLocaleString("en-US")} rows are`;
  return `${loaded} loaded and stay${rowsLoaded === 1 ? "s" : ""}.${goOn(options)}`;
}

function goOn({ manifest }: LoadOptions): string {
  return manifest === undefined
    ? " With --manifest <file> a load can go on where it ended."
    : " The same command goes on where it ended.";
}

/** A shell makes a tab hard to type. */
function delimiter(text: string): string {
  const character = text === "\\t" ? "\t" : text;
  if (character.length !== 1) throw new InvalidArgumentError("It is one character, or \\t for a tab.");
  return character;
}

/** Commas within parentheses belong to a type: numeric(10,2). */
function columnTypes(text: string): Record<string, string> {
  const types: Record<string, string> = {};
  for (const part of text.split(/,(?![^(]*\))/)) {
    const [, column = "", type = ""] = /^\s*([^=]+?)\s*=\s*(.+?)\s*$/.exec(part) ?? [];
    if (type === "") throw new InvalidArgumentError("Types look like id=uuid,price=numeric(10,2).");
    types[column] = type;
  }
  return types;
}
