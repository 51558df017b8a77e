/** The runs: up, status, plan, baseline, repair. */
import { limits } from "@dsql-local/spec";
import type { Pool } from "pg";
import { checkedBounds } from "../batch.ts";
import { MigrationError } from "./errors.ts";
import { type MigrationFolder, readFolder } from "./folder.ts";
import {
  compare,
  indexOfMigration,
  keptSteps,
  type MigrationState,
  pendingOf,
  withParts,
} from "./history.ts";
import { breakLease, Lease } from "./lease.ts";
import { Ledger, type LedgerEntry, type LedgerStep, reachingLedger } from "./ledger.ts";
import { type Plan, planMigrations } from "./plan.ts";
import { runStep } from "./run-step.ts";
import { type ToolLedger, toolLedger } from "./tool-ledger.ts";
import type { FolderFormat, MigrationFile, PlannedMigration, PlanProblem, Step } from "./types.ts";

/** Which migrations, and where their ledger is. */
export interface MigrateOptions {
  /** The folder of migrations. */
  readonly folder: string;
  /** Where the ledger's tables are; `public` by default. */
  readonly schema?: string | undefined;
  /** Where Drizzle's own table is, for its folders: `migrations.schema` in drizzle.config.ts; `drizzle` by default. */
  readonly drizzleSchema?: string | undefined;
}

/** How {@link migrateUp} runs. */
export interface MigrateUpOptions extends MigrateOptions {
  /** Id of the last migration to run; all by default. */
  readonly to?: string | undefined;
  /** Also runs migrations that come before one that is applied already. */
  readonly outOfOrder?: boolean | undefined;
  /** Rows of a batch; 1,000 by default, 3,000 at most. */
  readonly rowsPerTransaction?: number | undefined;
  /** How long another run is waited for; 60,000 by default. */
  readonly waitMs?: number | undefined;
  /** How long a run that dies keeps others waiting; 30,000 by default. */
  readonly leaseMs?: number | undefined;
  /** Ends the run between two steps or batches, or while it waits. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: MigrateEvent) => void) | undefined;
}

/** How a run goes on; the first two come before any step. */
export type MigrateEvent =
  | { readonly type: "wait"; readonly holder: string }
  | { readonly type: "adopt"; readonly id: string }
  | { readonly type: "migration"; readonly id: string; readonly steps: number; readonly done: number }
  | { readonly type: "step"; readonly id: string; readonly number: number; readonly step: Step }
  | { readonly type: "rows"; readonly id: string; readonly number: number; readonly rows: number }
  | { readonly type: "applied"; readonly id: string; readonly durationMs: number };

/** What a run has done. */
export interface MigrateResult {
  /** Ids, in the order in which they were applied by this run. */
  readonly applied: readonly string[];
  /** Ids that the folder's own tool had applied before. */
  readonly adopted: readonly string[];
}

/** What `up` would run. */
export interface PendingPlan extends Plan {
  readonly format: FolderFormat;
  /** Steps that are done, of migrations that a run has begun. */
  readonly done: ReadonlyMap<string, number>;
}

/**
 * What {@link migrateUp} would run, without running it.
 *
 * @param pool - without one every migration in the folder is planned, as on an empty database
 * @throws {MigrationError} folder, history
 */
export async function planUp(
  pool: Pool | undefined,
  options: MigrateOptions & Pick<MigrateUpOptions, "to" | "outOfOrder">,
): Promise<PendingPlan> {
  const folder = await readFolder(options.folder);
  const entries =
    pool === undefined ? new Map<string, LedgerEntry>() : await entriesOf(pool, options, folder);
  const pending = pendingOf(compare(folder.migrations, entries), options);
  const plan = await planMigrations(pending);
  const done = new Map<string, number>();
  const migrations = plan.migrations.map((planned) => {
    const entry = entries.get(planned.id);
    if (entry === undefined) return planned;
    const isSame = entry.checksum === planned.checksum;
    const now = isSame
      ? { ...planned, steps: entry.steps.map(({ step }) => step) }
      : withParts(planned, entry);
    done.set(planned.id, isSame ? doneSteps(entry) : keptSteps(entry, now));
    return now;
  });
  return { problems: plan.problems, migrations, format: folder.format, done };
}

const doneSteps = ({ steps }: LedgerEntry): number => steps.filter(({ status }) => status === "done").length;

/**
 * The state of each migration in the folder and in the ledger. Writes nothing.
 *
 * @throws {MigrationError} folder
 */
export async function migrationStatus(
  pool: Pool,
  options: MigrateOptions,
): Promise<{ format: FolderFormat; migrations: MigrationState[] }> {
  const folder = await readFolder(options.folder);
  const entries = await entriesOf(pool, options, folder);
  return { format: folder.format, migrations: compare(folder.migrations, entries) };
}

/**
 * Applies what is pending. Nothing is run if anything in it cannot be planned. Run it again after whatever ended it.
 *
 * @throws {MigrationError} of every kind
 * @throws {UsageError} rowsPerTransaction is not between 1 and 3,000
 * @throws what the pool throws
 */
export async function migrateUp(pool: Pool, options: MigrateUpOptions): Promise<MigrateResult> {
  rowsOf(options);
  const folder = await readFolder(options.folder);
  // Before anything is written: what cannot be planned leaves no trace.
  requirePlan(await planUp(pool, options));
  return await withLease(pool, { options, folder }, async (run) => {
    const adopted = await adopt(run);
    const pending = pendingOf(compare(folder.migrations, await run.ledger.read()), options);
    const { migrations, problems } = await planMigrations(pending);
    requirePlan({ problems });
    for (const planned of migrations) await applyOne(run, planned);
    return { applied: migrations.map(({ id }) => id), adopted };
  });
}

/**
 * Enters migrations as applied without running them: for a database that has had their schema before the ledger.
 *
 * @param options - `to`: the last of them
 * @returns the ids that were entered
 */
export async function baselineMigrations(
  pool: Pool,
  options: MigrateOptions & { readonly to: string },
): Promise<string[]> {
  const folder = await readFolder(options.folder);
  return await withLease(pool, { options, folder }, async ({ ledger, lease, tool }) => {
    const states = compare(folder.migrations, await ledger.read());
    const upTo = states.slice(0, indexOfMigration(states, options.to) + 1);
    const files = upTo.flatMap(({ state, file }) =>
      state === "pending" && file !== undefined ? [file] : [],
    );
    await lease.transaction(async (tx) => {
      for (const file of files) {
        await ledger.declare(tx, file);
        await tool?.enter(tx, file, 0);
      }
    });
    return files.map(({ id }) => id);
  });
}

/** One thing that is put right in the ledger; the rest of the database stays as it is. */
export type Repair =
  /** The file's present text is the one that was applied. */
  | { readonly accept: string }
  /** The migration has been completed by hand. */
  | { readonly markApplied: string }
  /** Its entry goes: a file that is there runs anew, from its first step. */
  | { readonly forget: string }
  /** The run that holds the lease is known to be gone. */
  | { readonly breakLease: true };

/**
 * Puts the ledger right. Runs no migration.
 *
 * @throws {MigrationError} history: there is nothing like that to repair
 */
export async function repairMigrations(pool: Pool, options: MigrateOptions, repair: Repair): Promise<void> {
  const folder = await readFolder(options.folder);
  const schema = options.schema ?? "public";
  if ("breakLease" in repair) {
    if (await new Ledger(pool, schema).exists()) await breakLease(pool, schema);
    return;
  }
  await withLease(pool, { options, folder }, async ({ ledger, lease, tool }) => {
    const states = compare(folder.migrations, await ledger.read());
    const id = Object.values(repair)[0] as string;
    const found = states[indexOfMigration(states, id)];
    if (found?.entry === undefined && !("markApplied" in repair)) throw notInLedger(id);
    await lease.transaction(async (tx) => {
      if ("forget" in repair) return await ledger.forget(tx, id);
      if (found?.file === undefined) throw noFile(id);
      if ("accept" in repair) return await ledger.accept(tx, found.file);
      await ledger.finish(tx, found.file);
      await tool?.enter(tx, found.file, 0);
    });
  });
}

/** The lease and the ledger change a row each in every transaction. */
const rowsOfOurs = 2;

function rowsOf({ rowsPerTransaction }: MigrateUpOptions): number {
  const { rowsMax } = checkedBounds({ rowsMax: rowsPerTransaction });
  return Math.min(rowsMax, limits.rowsPerTransactionMax.value - rowsOfOurs);
}

interface Run {
  readonly pool: Pool;
  readonly options: MigrateUpOptions;
  readonly folder: MigrationFolder;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly tool: ToolLedger | undefined;
}

async function withLease<Result>(
  pool: Pool,
  { options, folder }: Pick<Run, "options" | "folder">,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const ledger = new Ledger(pool, options.schema ?? "public");
  const tool = toolLedger(folder.format, options.drizzleSchema);
  const lease = await reachingLedger(ledger.schema, async () => {
    await ledger.create();
    await tool?.create(pool);
    return await Lease.take(pool, {
      schema: ledger.schema,
      durationMs: options.leaseMs,
      waitMs: options.waitMs,
      signal: options.signal,
      onWait: (holder) => options.onEvent?.({ type: "wait", holder }),
    });
  });
  try {
    return await work({ pool, options, folder, ledger, lease, tool });
  } finally {
    await lease.release();
  }
}

/** The ledger's entries and, as a baseline, what the folder's own tool has applied. */
async function entriesOf(
  pool: Pool,
  options: MigrateOptions,
  folder: MigrationFolder,
): Promise<Map<string, LedgerEntry>> {
  const ledger = new Ledger(pool, options.schema ?? "public");
  const tool = toolLedger(folder.format, options.drizzleSchema);
  const { entries, files } = await reachingLedger(ledger.schema, async () => {
    const known = await ledger.read();
    return { entries: known, files: await foreign(pool, { folder, tool, entries: known }) };
  });
  for (const file of files) {
    const now = new Date();
    const { id, checksum } = file;
    entries.set(id, { id, checksum, status: "baseline", startedAt: now, finishedAt: now, steps: [] });
  }
  return entries;
}

/** What the folder's own tool has applied and the ledger does not know. */
async function foreign(
  pool: Pool,
  known: Pick<Run, "folder" | "tool"> & { readonly entries: ReadonlyMap<string, LedgerEntry> },
): Promise<MigrationFile[]> {
  const { migrations } = known.folder;
  const applied = (await known.tool?.applied(pool, migrations)) ?? new Set();
  return migrations.filter(({ id }) => applied.has(id) && !known.entries.has(id));
}

async function adopt({ pool, options, folder, ledger, lease, tool }: Run): Promise<string[]> {
  const files = await foreign(pool, { folder, tool, entries: await ledger.read() });
  if (files.length === 0) return [];
  await lease.transaction(async (tx) => {
    for (const file of files) await ledger.declare(tx, file);
  });
  for (const { id } of files) options.onEvent?.({ type: "adopt", id });
  return files.map(({ id }) => id);
}

async function applyOne(run: Run, planned: PlannedMigration): Promise<void> {
  const { options, ledger, lease, tool, folder } = run;
  const { id, checksum } = planned;
  const startedMs = performance.now();
  const file = folder.migrations.find((migration) => migration.id === id);
  if (file === undefined) throw new TypeError("what is planned lies in the folder");
  await begin(run, planned);
  let steps = await stepsOf(ledger, id);
  const done = steps.filter(({ status }) => status === "done").length;
  options.onEvent?.({ type: "migration", id, steps: steps.length, done });
  for (let index = 0; ; index++) {
    const entry = steps[index];
    if (entry === undefined) break;
    if (entry.status === "done") continue;
    const { number, step } = entry;
    options.onEvent?.({ type: "step", id, number, step });
    let isReplaced = false;
    await runStep({
      ...{ pool: run.pool, lease, ledger, id, entry, signal: options.signal },
      rowsPerTransaction: rowsOf(options),
      onRows: (rows) => options.onEvent?.({ type: "rows", id, number, rows }),
      replace: async (parts) => {
        const now = steps.map((one) => one.step).toSpliced(index, 1, ...parts);
        await lease.transaction((tx) => ledger.begin(tx, { ...planned, checksum, steps: now }, index));
        isReplaced = true;
      },
    });
    if (!isReplaced) continue;
    steps = await stepsOf(ledger, id);
    index--;
  }
  await lease.transaction(async (tx) => {
    await ledger.finish(tx, file);
    await tool?.enter(tx, file, steps.length);
  });
  options.onEvent?.({ type: "applied", id, durationMs: performance.now() - startedMs });
}

const stepsOf = async (ledger: Ledger, id: string): Promise<readonly LedgerStep[]> =>
  (await ledger.read()).get(id)?.steps ?? [];

/** Writes the plan into the ledger, or goes on with the one that is there. */
async function begin({ ledger, lease }: Run, planned: PlannedMigration): Promise<void> {
  const begun = (await ledger.read()).get(planned.id);
  if (begun?.checksum === planned.checksum)
    return await lease.transaction((tx) => ledger.markMigration(tx, planned.id, "running"));
  const now = begun === undefined ? planned : withParts(planned, begun);
  const kept = begun === undefined ? 0 : keptSteps(begun, now);
  await lease.transaction((tx) => ledger.begin(tx, now, kept));
}

/** @throws {MigrationError} plan: with the first problem, and how many there are */
function requirePlan({ problems }: { readonly problems: readonly PlanProblem[] }): void {
  const [first] = problems;
  if (first === undefined) return;
  const others =
    problems.length > 1 ? ` (and ${problems.length - 1} more: dsql migrate plan shows them)` : "";
  throw new MigrationError("plan", `${first.file}:${first.line}: ${first.message}${others}`, {
    remedy: `${first.remedy} Nothing has been run.`,
  });
}

const notInLedger = (id: string): MigrationError =>
  new MigrationError("history", `${id} is not in the ledger`, {
    remedy:
      "There is nothing to repair: dsql migrate up runs it, dsql migrate baseline enters it without running.",
  });

const noFile = (id: string): MigrationError =>
  new MigrationError("history", `${id} has no file in the folder`, {
    remedy: `Restore the file, or take its entry out: dsql migrate repair --forget ${id}.`,
  });
