import process from "node:process";
import { text } from "node:stream/consumers";
import {
  fixFiles,
  type FixedFile,
  fixInput,
  lint,
  type LintInput,
  type LintOptions,
  type LintReport,
  lintReportAsJson,
  lintReportAsSarif,
  lintReportAsText,
  lintTexts,
  summarize,
  UsageError,
} from "dsql-toolkit";
import { Command, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { ruleDate } from "../service-options.ts";
import { type Painter, painter, withoutControl } from "../terminal.ts";

interface LintCommandOptions {
  readonly asOf: string;
  readonly rule: readonly string[];
  readonly ignore: readonly string[];
  readonly transactions: NonNullable<LintOptions["transactions"]>;
  readonly format: "pretty" | "json" | "sarif";
  readonly fix: boolean;
  readonly dryRun: boolean;
  readonly stdinName: string;
}

export function lintCommand(): Command {
  return new Command("lint")
    .description(
      "Reads SQL files and the SQL in TypeScript and JavaScript (tagged templates, query calls).\n" +
        "Says of each statement what Aurora DSQL would refuse (error) and what works but will hurt (advice):\n" +
        "where, why, and what to do. Knows the migrations of drizzle-kit, Prisma and TypeORM. Runs nothing.",
    )
    .argument("[paths...]", "files and folders, or - for stdin", ["."])
    .addOption(
      new Option("--as-of <date>", "the service's rules of a month (2025-11), a day (2026-06-08) or latest")
        .argParser(ruleDate)
        .default("latest"),
    )
    .option("--fix", "rewrite what has one right answer, and show the changes", false)
    .option("--dry-run", "with --fix: only show the changes", false)
    .addOption(repeatable("--rule <name>", "look for this rule, topic or severity only", "all"))
    .addOption(repeatable("--ignore <name>", "do not look for this rule, topic or severity", "none"))
    .addOption(
      new Option(
        "--transactions <scope>",
        "what shares a transaction: the way of the tool that owns the file, or",
      )
        .choices(["auto", "statement", "file"])
        .default("auto"),
    )
    .addOption(
      new Option("--format <format>", "how to report").choices(["pretty", "json", "sarif"]).default("pretty"),
    )
    .option("--stdin-name <file>", "what stdin holds, by its name", "stdin.sql")
    .addHelpText("after", helpAfter)
    .action(runLint);
}

const helpAfter = `
Exit codes: 0 no errors; 1 errors (or, with --dry-run, changes to make); 2 wrong usage, or a file that cannot be read.

A comment with its reason puts a finding aside (in programs // does too):
  -- dsql-lint-disable-next-line rule-id: why it does not hold here
  -- dsql-lint-disable-line rule-id: why
  -- dsql-lint-disable-file rule-id: why

Examples:
  $ npx dsql lint
  $ npx dsql lint drizzle src --ignore advice
  $ npx dsql lint --fix --dry-run schema.sql
  $ npx dsql lint --as-of 2025-11 --rule indexes migrations
  $ npx dsql lint --format sarif > lint.sarif
  $ pg_dump --schema-only shop | npx dsql lint --fix - > shop.sql

\`dsql rules\` lists what the service refuses; the guide is docs/guides/lint.md.
`;

const repeatable = (flags: string, description: string, shownDefault: string): Option =>
  new Option(flags, `${description}; may be repeated`)
    .argParser((value: string, before: readonly string[] = []) => [...before, value])
    .default([], shownDefault);

async function runLint(paths: readonly string[], options: LintCommandOptions): Promise<void> {
  if (options.dryRun && !options.fix) {
    throw new Failure("--dry-run is about --fix: say both", { exitCode: exitCodes.usage });
  }
  if (paths.includes("-") && paths.length > 1) {
    throw new Failure("stdin (-) is linted alone, without other paths", { exitCode: exitCodes.usage });
  }
  try {
    process.exitCode = paths.includes("-") ? await lintStdin(options) : await lintPaths(paths, options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new Failure(error.message, { exitCode: exitCodes.usage, cause: error });
  }
}

async function lintPaths(paths: readonly string[], options: LintCommandOptions): Promise<number> {
  const fixed = options.fix
    ? await fixFiles(paths, { ...lintOptions(options), isDryRun: options.dryRun })
    : [];
  showFixes(fixed, options);
  const report = await lint(paths, lintOptions(options));
  if (report.files.length === 0) {
    throw new Failure(`there are no SQL files and no programs in ${paths.join(", ")}`, {
      remedy: "Name the files, or the folder that holds them.",
      exitCode: exitCodes.usage,
    });
  }
  return print(report, options, { hasChangesLeft: options.dryRun && fixed.length > 0 });
}

/** With --fix stdout is the fixed text, so that the command stands in a pipe; the report goes to stderr. */
async function lintStdin(options: LintCommandOptions): Promise<number> {
  const input: LintInput = { file: options.stdinName, text: await text(process.stdin) };
  const fixed = options.fix ? await fixInput(input, lintOptions(options)) : undefined;
  if (fixed !== undefined) showFixes([fixed], options, process.stderr);
  if (options.fix && !options.dryRun) process.stdout.write(fixed?.text ?? input.text);
  const now = fixed === undefined || options.dryRun ? input : { ...input, text: fixed.text };
  const report = await lintTexts([now], lintOptions(options));
  return print(report, options, {
    hasChangesLeft: options.dryRun && fixed !== undefined,
    stream: options.fix ? process.stderr : process.stdout,
  });
}

function lintOptions({ asOf, rule, ignore, transactions }: LintCommandOptions): LintOptions {
  return { asOf, rules: rule, ignore, transactions };
}

/** @returns the exit code */
function print(
  report: LintReport,
  { format }: LintCommandOptions,
  {
    hasChangesLeft,
    stream = process.stdout,
  }: { readonly hasChangesLeft: boolean; readonly stream?: NodeJS.WriteStream },
): number {
  stream.write(`${formatted(report, format, painter(stream))}\n`);
  const { errors, unreadable } = summarize(report);
  if (unreadable > 0) return exitCodes.usage;
  return errors > 0 || hasChangesLeft ? exitCodes.failed : 0;
}

function formatted(report: LintReport, format: LintCommandOptions["format"], paint: Painter): string {
  switch (format) {
    case "json":
      return lintReportAsJson(report);
    case "sarif":
      return lintReportAsSarif(report);
    case "pretty":
      return lintReportAsText(report, paint).trimEnd();
  }
}

/** What a machine reads from stdout stays whole: then the changes are shown on stderr. */
function showFixes(
  fixed: readonly FixedFile[],
  { format }: LintCommandOptions,
  stream = format === "pretty" ? process.stdout : process.stderr,
): void {
  const paint = painter(stream);
  for (const { diff, changes } of fixed) {
    stream.write(
      `${withoutControl(diff)
        .split("\n")
        .map((line) => paintDiff(line, paint))
        .join("\n")}`,
    );
    for (const warning of new Set(changes.flatMap((change) => change.warning ?? []))) {
      stream.write(`${paint.yellow("mind:")} ${warning}\n`);
    }
    stream.write("\n");
  }
}

function paintDiff(line: string, paint: Painter): string {
  if (line.startsWith("+++") || line.startsWith("---")) return paint.bold(line);
  if (line.startsWith("+")) return paint.green(line);
  if (line.startsWith("-")) return paint.red(line);
  return line.startsWith("@@") ? paint.cyan(line) : line;
}
