/** Holds the folder against the ledger: what is applied, what is to come, and where the two disagree. Tests: test/migrate.test.ts. */
import { essenceOf } from "./change-type/index.ts";
import { MigrationError } from "./errors.ts";
import type { LedgerEntry, MigrationStatus } from "./ledger.ts";
import type { MigrationFile, PlannedMigration, Step } from "./types.ts";

/** A migration as folder and ledger see it together. */
export interface MigrationState {
  readonly id: string;
  /** `pending`: not begun; `missing`: in the ledger only; `edited`: applied with another text. */
  readonly state: MigrationStatus | "pending" | "missing" | "edited";
  readonly file: MigrationFile | undefined;
  readonly entry: LedgerEntry | undefined;
}

const isOver = (entry: LedgerEntry | undefined): boolean =>
  entry?.status === "applied" || entry?.status === "baseline";

/** @returns the files in their order, then what only the ledger knows */
export function compare(
  files: readonly MigrationFile[],
  entries: ReadonlyMap<string, LedgerEntry>,
): MigrationState[] {
  const states = files.map((file): MigrationState => {
    const entry = entries.get(file.id);
    const isEdited = isOver(entry) && entry?.checksum !== file.checksum;
    return { id: file.id, state: isEdited ? "edited" : (entry?.status ?? "pending"), file, entry };
  });
  const known = new Set(files.map(({ id }) => id));
  const missing = [...entries.values()].filter(({ id }) => !known.has(id));
  return [
    ...states,
    ...missing.map((entry): MigrationState => ({ id: entry.id, state: "missing", file: undefined, entry })),
  ];
}

/**
 * @param options - `to`: the last one to run; `outOfOrder`: also those before one that is applied
 * @returns what is to be run, in its order
 * @throws {MigrationError} history
 */
export function pendingOf(
  states: readonly MigrationState[],
  options: { readonly to?: string | undefined; readonly outOfOrder?: boolean | undefined },
): MigrationFile[] {
  for (const { id, state } of states) {
    if (state === "edited") throw edited(id);
    if (state === "missing") throw missingFile(id);
  }
  const isDone = ({ state }: MigrationState): boolean => state === "applied" || state === "baseline";
  const lastApplied = states.findLastIndex(isDone);
  const skipped = states.find(
    (state, index) => index < lastApplied && !isDone(state) && state.entry === undefined,
  );
  if (skipped !== undefined && options.outOfOrder !== true)
    throw late(skipped.id, states[lastApplied]?.id ?? "");
  const end = options.to === undefined ? states.length - 1 : indexOfMigration(states, options.to);
  return states.flatMap((state, index) =>
    !isDone(state) && state.file !== undefined && index <= end ? [state.file] : [],
  );
}

/** @throws {MigrationError} history: there is no such migration in the folder */
export function indexOfMigration(states: readonly MigrationState[], id: string): number {
  const index = states.findIndex((state) => state.id === id);
  if (index >= 0) return index;
  throw new MigrationError("history", `there is no migration ${id}`, {
    remedy: "dsql migrate status lists them by their full names.",
  });
}

/** The plan with the parts of a step that a run has taken apart, as the ledger has them, in that step's place. */
export function withParts(planned: PlannedMigration, { steps }: LedgerEntry): PlannedMigration {
  const all: Step[] = [];
  for (const step of planned.steps) {
    const parts: Step[] = [];
    const at = (index: number): Step | undefined => steps[all.length + index]?.step;
    if (step.kind === "changeType")
      for (let part = at(0); part?.partOf === essence(step); part = at(parts.length)) parts.push(part);
    all.push(...(parts.length === 0 ? [step] : parts));
  }
  return { ...planned, steps: all };
}

/**
 * How many of a migration's steps stay as the ledger has them, after its file was edited while it was not finished.
 *
 * @throws {MigrationError} history: a step that was done, or begun, is another one now
 */
export function keptSteps(entry: LedgerEntry, planned: PlannedMigration): number {
  const kept = entry.steps.filter(
    ({ status, cursor }) => status === "done" || status === "begun" || cursor.length > 0,
  );
  for (const { number, step } of kept) {
    const now = planned.steps[number - 1];
    if (now !== undefined && essence(now) === essence(step)) continue;
    throw new MigrationError(
      "history",
      `${planned.id} was edited in step ${number}, which has already been run`,
      {
        remedy:
          "Restore that statement and correct only what follows it, or put what the database has right by hand and say so: " +
          `dsql migrate repair --mark-applied ${planned.id}, or --forget ${planned.id} to begin it anew.`,
      },
    );
  }
  return kept.length;
}

function essence(step: Step): string {
  switch (step.kind) {
    case "ddl":
      return step.sql;
    case "data":
      return JSON.stringify(step.statements);
    case "batches":
      return step.batched.sql;
    case "changeType":
      return essenceOf(step);
    case "compare":
      return step.comparison.same.sql;
  }
}

const edited = (id: string): MigrationError =>
  new MigrationError("history", `${id} was edited after it had been applied`, {
    remedy:
      "Restore its text and put the change into a new migration. If the edit changes nothing in the database (a comment, say): " +
      `dsql migrate repair --accept ${id}.`,
  });

const missingFile = (id: string): MigrationError =>
  new MigrationError("history", `${id} is in the ledger, but its file is not in the folder`, {
    remedy: `Restore the file. If the migration was withdrawn: dsql migrate repair --forget ${id}.`,
  });

const late = (id: string, applied: string): MigrationError =>
  new MigrationError("history", `${id} comes before ${applied}, which is already applied`, {
    remedy:
      "Give it a later number, or run it all the same with --out-of-order if the two are about different things.",
  });
