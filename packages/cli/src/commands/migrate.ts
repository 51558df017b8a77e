import path from "node:path";
import process from "node:process";
import {
  baselineMigrations,
  type MigrateEvent,
  type MigrateOptions,
  MigrationError,
  migrateUp,
  migrationStatus,
  newMigration,
  planUp,
  type Repair,
  repairMigrations,
} from "dsql-toolkit";
import { Command, InvalidArgumentError, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { interruptible } from "../interruptible.ts";
import { eventLine, planAsText, statusAsText } from "../migrate/index.ts";
import { nonEmpty, positiveNumber } from "../options.ts";
import { targetOptions, targetPool, type TargetOptions } from "../stack/index.ts";
import { painter } from "../terminal.ts";

interface FolderOptions {
  readonly dir: string;
}

interface CommonOptions extends TargetOptions, FolderOptions {
  readonly schema: string;
  readonly drizzleSchema: string;
  readonly json: boolean;
}

interface UpOptions extends CommonOptions {
  readonly to?: string;
  readonly outOfOrder: boolean;
  readonly wait: number;
  readonly rowsPerTransaction: number;
}

interface PlanOptions extends UpOptions {
  readonly offline: boolean;
}

interface RepairOptions extends CommonOptions {
  readonly accept?: string;
  readonly markApplied?: string;
  readonly forget?: string;
  readonly breakLease: boolean;
}

export function migrateCommand(): Command {
  const command = new Command("migrate")
    .description(
      "Applies a folder of migrations as Aurora DSQL takes them: one DDL statement a transaction, jobs awaited, large changes of\n" +
        "rows in batches, conflicts repeated. A run that ends early goes on where it was; two runs do not mix.\n" +
        "The folders of drizzle-kit and Prisma are run as they are.",
    )
    .addHelpText("after", help);
  const parts = [
    newCommand(),
    planCommand(),
    upCommand(),
    statusCommand(),
    repairCommand(),
    baselineCommand(),
  ];
  for (const part of parts) {
    part.exitOverride().showHelpAfterError(`(dsql migrate ${part.name()} --help shows what it takes)`);
    command.addCommand(part);
  }
  return command;
}

const help = `
A first migration:
  $ npx dsql migrate new "add owner"       # migrations/<time>_add_owner.sql: write SQL into it
  $ npx dsql migrate plan                  # every transaction that would run, and what was rewritten
  $ npx dsql migrate up

The guide is docs/guides/migrations.md.
`;

const folderOption = (): Option =>
  new Option("--dir <folder>", "the folder of migrations")
    .env("DSQL_MIGRATIONS")
    .default("migrations")
    .argParser(nonEmpty);

function onDatabase(command: Command): Command {
  command
    .addOption(folderOption())
    .addOption(
      new Option("--schema <schema>", "where the ledger's tables are").default("public").argParser(nonEmpty),
    )
    .addOption(
      new Option("--drizzle-schema <schema>", "where Drizzle's own table is, for its folders")
        .default("drizzle")
        .argParser(nonEmpty),
    );
  for (const option of targetOptions()) command.addOption(option);
  return command.option("--json", "print one line of JSON", false);
}

const placeOf = ({ dir, schema, drizzleSchema }: CommonOptions): MigrateOptions => ({
  folder: dir,
  schema,
  drizzleSchema,
});

function pendingOptions(command: Command): Command {
  return command
    .addOption(new Option("--to <migration>", "the last one to run (default: all)").argParser(nonEmpty))
    .option("--out-of-order", "also those that come before one that is applied", false);
}

function newCommand(): Command {
  return new Command("new")
    .summary("make an empty migration")
    .argument("<name>", 'what it does: "add owner"')
    .addOption(folderOption())
    .action(async (name: string, { dir }: FolderOptions) => {
      const file = await explained(newMigration(dir, name));
      process.stdout.write(`${path.normalize(file)}\n`);
    });
}

function planCommand(): Command {
  return pendingOptions(onDatabase(new Command("plan")))
    .summary("show what up would run, and run nothing")
    .option("--offline", "plan the whole folder, as for an empty database, without connecting", false)
    .addHelpText("after", "\nExit codes: 0 everything can be run; 1 something cannot.\n")
    .action(async (options: PlanOptions) => {
      const wanted = { ...placeOf(options), to: options.to, outOfOrder: options.outOfOrder };
      const plan = options.offline
        ? await explained(planUp(undefined, wanted))
        : await withPool(options, (pool) => planUp(pool, wanted));
      const json = { ...plan, done: Object.fromEntries(plan.done) };
      print(options, json, () => planAsText(plan, painter(process.stdout)));
      if (plan.problems.length > 0) process.exitCode = exitCodes.failed;
    });
}

function upCommand(): Command {
  return pendingOptions(onDatabase(new Command("up")))
    .summary("apply what is pending")
    .addOption(
      new Option("--wait <seconds>", "how long another run is waited for")
        .argParser(positiveNumber)
        .default(60),
    )
    .addOption(
      new Option("--rows-per-transaction <number>", "of batches, 3,000 the most")
        .argParser(batchRows)
        .default(1_000),
    )
    .addHelpText(
      "after",
      "\nCtrl-C ends it between two steps or batches; the same command goes on. Exit codes: 0 done; 1 not; 130 interrupted.\n",
    )
    .action(runUp);
}

async function runUp(options: UpOptions): Promise<void> {
  const interruption = interruptible();
  const paint = painter(process.stderr);
  const isDue = atIntervals();
  try {
    const result = await withPool(options, (pool) =>
      migrateUp(pool, {
        ...placeOf(options),
        to: options.to,
        outOfOrder: options.outOfOrder,
        rowsPerTransaction: options.rowsPerTransaction,
        waitMs: options.wait * 1_000,
        signal: interruption.signal,
        onEvent: (event) => {
          if (!options.json && isDue(event)) process.stderr.write(`${eventLine(event, paint)}\n`);
        },
      }),
    );
    const count = result.applied.length;
    const text =
      count === 0 ? "Nothing was pending." : `${count} ${count === 1 ? "migration" : "migrations"} applied.`;
    print(options, result, () => text);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.exitCode = 130;
    process.stderr.write("interrupted. dsql migrate up goes on from there.\n");
  } finally {
    interruption.end();
  }
}

const rowsIntervalMs = 1_000;

/** Batches are many: their rows are told once a second, everything else at once. */
function atIntervals(): (event: MigrateEvent) => boolean {
  let toldAtMs = performance.now();
  return ({ type }) => {
    if (type !== "rows") return true;
    if (performance.now() - toldAtMs < rowsIntervalMs) return false;
    toldAtMs = performance.now();
    return true;
  };
}

function batchRows(text: string): number {
  const rows = positiveNumber(text);
  if (rows > 3_000) throw new InvalidArgumentError("A transaction takes 3,000 rows at most.");
  return rows;
}

function statusCommand(): Command {
  return onDatabase(new Command("status"))
    .summary("which migrations are applied, pending, failed, edited or missing")
    .addHelpText("after", "\nExit codes: 0 all are applied; 1 something is to be done.\n")
    .action(async (options: CommonOptions) => {
      const { format, migrations } = await withPool(options, (pool) =>
        migrationStatus(pool, placeOf(options)),
      );
      const json = migrations.map(({ id, state, entry }) => ({
        ...{ id, state, startedAt: entry?.startedAt, finishedAt: entry?.finishedAt },
        steps: entry?.steps.map(({ number, status, error }) => ({ number, status, error })),
      }));
      print(options, { format, migrations: json }, () => statusAsText(migrations, painter(process.stdout)));
      const isDone = migrations.every(({ state }) => state === "applied" || state === "baseline");
      if (!isDone) process.exitCode = exitCodes.failed;
    });
}

function repairCommand(): Command {
  return onDatabase(new Command("repair"))
    .summary("put the ledger right; nothing else is changed")
    .addOption(
      new Option(
        "--accept <migration>",
        "the text that its file has now is the one that was applied",
      ).argParser(nonEmpty),
    )
    .addOption(new Option("--mark-applied <migration>", "it has been completed by hand").argParser(nonEmpty))
    .addOption(
      new Option("--forget <migration>", "take its entry out: a file that is there runs anew").argParser(
        nonEmpty,
      ),
    )
    .option("--break-lease", "the run that holds the lease is known to be gone", false)
    .addHelpText(
      "after",
      "\nA step that failed needs no repair: correct the file, and dsql migrate up goes on with it.\n",
    )
    .action(async (options: RepairOptions) => {
      const repair = repairOf(options);
      await withPool(options, (pool) => repairMigrations(pool, placeOf(options), repair));
      print(options, repair, () => "Repaired.");
    });
}

function repairOf({ accept, markApplied, forget, breakLease }: RepairOptions): Repair {
  const repairs: Repair[] = [
    ...(accept === undefined ? [] : [{ accept }]),
    ...(markApplied === undefined ? [] : [{ markApplied }]),
    ...(forget === undefined ? [] : [{ forget }]),
    ...(breakLease ? [{ breakLease } as const] : []),
  ];
  const [repair] = repairs;
  if (repair !== undefined && repairs.length === 1) return repair;
  throw new Failure("say one thing to repair: --accept, --mark-applied, --forget or --break-lease", {
    remedy: "dsql migrate status shows what is not as it should be.",
    exitCode: exitCodes.usage,
  });
}

function baselineCommand(): Command {
  return onDatabase(new Command("baseline"))
    .summary("enter migrations as applied without running them")
    .addOption(
      new Option("--to <migration>", "the last of them: the database has its schema already")
        .argParser(nonEmpty)
        .makeOptionMandatory(),
    )
    .action(async (options: CommonOptions & { readonly to: string }) => {
      const { to } = options;
      const baseline = await withPool(options, (pool) =>
        baselineMigrations(pool, { ...placeOf(options), to }),
      );
      print(options, { baseline }, () => `${baseline.length} entered as applied.`);
    });
}

async function withPool<Result>(
  options: TargetOptions,
  work: (pool: Awaited<ReturnType<typeof targetPool>>) => Promise<Result>,
): Promise<Result> {
  const pool = await targetPool(options, { min: 0 });
  try {
    return await explained(work(pool));
  } finally {
    await pool.end();
  }
}

/** What the folder's files cause is wrong usage; what the database says is a failure. */
async function explained<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    const exitCode = error.reason === "folder" ? exitCodes.usage : exitCodes.failed;
    throw new Failure(error.message, { remedy: error.remedy, exitCode, cause: error });
  }
}

function print({ json }: { readonly json: boolean }, value: unknown, text: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text()}\n`);
}
