/**
 * Runs one step so that it is done once, whenever the process, the connection or the lease ends.
 *
 * - What reads or changes rows commits together with the ledger's word that it is done.
 * - A DDL statement is entered as begun, run, and entered as done. One that is found begun may or may not have been done:
 *   the catalog is asked where it can tell, else the statement runs again, and "that exists" or "that is gone" then means
 *   done. The same answer to a step that nobody began is an error.
 *
 * Tests: test/migrate.test.ts; test/migrate-kill.test.ts ends the process at every step.
 */
import { isConnectionLost, sqlstateOf } from "../errors.ts";
import { KeyRanges, type RangeRow } from "./batched.ts";
import { autocommit } from "./database.ts";
import { partsOf } from "./change-type/index.ts";
import { runComparison } from "./run-comparison.ts";
import { MigrationError } from "./errors.ts";
import { interrupted } from "./lease.ts";
import { dropAbandoned, settle, stateOf } from "./settle.ts";
import { primaryKey, type StepOf, type StepRun } from "./step-run.ts";
import type { Settlement, Step } from "./types.ts";

/** @throws {MigrationError} step: refused, and recorded so in the ledger; lease; interrupted */
export async function runStep(run: StepRun): Promise<void> {
  if (run.signal?.aborted === true) throw interrupted();
  try {
    await runKind(run, run.entry.step);
  } catch (error) {
    if (error instanceof MigrationError && error.reason !== "step") throw error;
    // Nobody has refused anything: a later run finds the step begun, and looks.
    if (!(error instanceof MigrationError) && (sqlstateOf(error) === undefined || isConnectionLost(error)))
      throw error;
    await recordFailure(run, error as Error);
    throw refused(run, error as Error);
  }
}

/** A ledger may hold the plan of another version, whose steps must not be passed over. */
const kinds: ReadonlySet<string> = new Set<Step["kind"]>(["ddl", "data", "batches", "changeType", "compare"]);

async function runKind(run: StepRun, step: Step): Promise<void> {
  if (!kinds.has(step.kind)) {
    throw new MigrationError(
      "history",
      `step ${run.entry.number} of ${run.id} is of a kind that is not known`,
      {
        remedy: "Go on with the version of dsql that has begun the migration.",
      },
    );
  }
  switch (step.kind) {
    case "ddl":
      return runDdl(run, step);
    case "data":
      return runData(run, step.statements);
    case "batches":
      return runBatches(run, step);
    case "changeType":
      return takeApart(run, step);
    case "compare":
      return runComparison(run, step);
  }
}

async function takeApart(run: StepRun, step: StepOf<"changeType">): Promise<void> {
  const parts = await partsOf(run.pool, step);
  run.lease.check();
  await run.replace(parts);
}

async function runDdl(run: StepRun, step: StepOf<"ddl">): Promise<void> {
  const { pool, lease, entry } = run;
  const isInDoubt = entry.status === "begun";
  if (isInDoubt && (await wasDone(run, step))) {
    await mark(run, "done");
    return;
  }
  await mark(run, "begun");
  lease.check();
  let jobId: string | undefined;
  try {
    const [row] = await autocommit<{ job_id?: string }>(pool, step.sql);
    jobId = row?.job_id;
  } catch (error) {
    const isDone = isInDoubt && step.doneCodes.includes(sqlstateOf(error) ?? "");
    if (!isDone) throw error;
  }
  if (step.settlement !== undefined) await settleOrClean(run, step.settlement, jobId);
  await mark(run, "done");
}

/** What the catalog says of a step that was begun by a run that did not live to tell. */
async function wasDone(run: StepRun, { settlement, makes }: StepOf<"ddl">): Promise<boolean> {
  const { pool } = run;
  if (makes !== undefined) {
    const sql = "SELECT FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $2";
    return (await autocommit(pool, sql, [makes.table, makes.constraint])).length > 0;
  }
  if (settlement === undefined) return false;
  const { settled } = await stateOf(pool, settlement);
  if (settled === "underWay") await settleOrClean(run, settlement, undefined);
  if (settled === "abandoned") await dropAbandoned(pool, settlement);
  return settled === "valid" || settled === "underWay";
}

async function settleOrClean(run: StepRun, settlement: Settlement, jobId: string | undefined): Promise<void> {
  const { pool, lease, signal } = run;
  try {
    await settle(pool, settlement, { jobId, signal, check: () => lease.check() });
  } catch (error) {
    if (error instanceof MigrationError && error.reason === "step") await dropAbandoned(pool, settlement);
    throw error;
  }
}

async function runData(run: StepRun, statements: readonly string[]): Promise<void> {
  await run.lease.transaction(async (tx) => {
    for (const statement of statements) await tx.query(statement);
    await run.ledger.markStep(tx, { id: run.id, number: run.entry.number }, { status: "done" });
  });
}

/** The cursor commits with the rows, so no range is changed twice, not even after a COMMIT that nobody answered. */
async function runBatches(run: StepRun, { batched }: StepOf<"batches">): Promise<void> {
  const key = await primaryKey(run.pool, batched.table);
  if (key.length === 0 || key.some((column) => batched.changes.includes(column))) {
    await runData(run, [batched.sql]);
    return;
  }
  const ranges = new KeyRanges(batched, key, run.rowsPerTransaction);
  let { cursor } = run.entry;
  for (let rows = 0; ;) {
    if (run.signal?.aborted === true) throw interrupted();
    const range = await runRange(run, ranges, cursor);
    rows += range.rows;
    run.onRows(rows);
    if (range.isLast) return;
    ({ cursor } = range);
  }
}

async function runRange(
  run: StepRun,
  ranges: KeyRanges,
  afterKey: readonly string[],
): Promise<{ rows: number; cursor: readonly string[]; isLast: boolean }> {
  return await run.lease.transaction(async (tx) => {
    const { rows } = await tx.query<RangeRow>(ranges.find(afterKey));
    const found = Number(rows[0]?.found ?? 0);
    const cursor = rows[0]?.last_key ?? afterKey;
    if (found > 0) await tx.query(ranges.change(afterKey, cursor));
    const isLast = found < run.rowsPerTransaction;
    const step = { id: run.id, number: run.entry.number };
    await run.ledger.markStep(tx, step, { status: isLast ? "done" : "begun", cursor });
    return { rows: found, cursor, isLast };
  });
}

async function mark(run: StepRun, status: "begun" | "done"): Promise<void> {
  const { ledger, id, entry } = run;
  await run.lease.transaction((tx) => ledger.markStep(tx, { id, number: entry.number }, { status }));
}

async function recordFailure({ lease, ledger, id, entry }: StepRun, error: Error): Promise<void> {
  const sqlstate = sqlstateOf(error);
  const text = sqlstate === undefined ? error.message : `${sqlstate} ${error.message}`;
  await lease.transaction(async (tx) => {
    await ledger.markStep(tx, { id, number: entry.number }, { status: "failed", error: text });
    await ledger.markMigration(tx, id, "failed");
  });
}

function refused({ id, entry }: StepRun, error: Error): MigrationError {
  const place = `${id}, step ${entry.number} (line ${entry.step.line})`;
  const remedy = entry.step.remedy ?? remedyOf(error, entry.step);
  return new MigrationError("step", `${place}: ${error.message}`, { remedy, cause: error });
}

const transactionLimitExceeded = "54000";

function remedyOf(error: Error, { kind }: Step): string {
  if (error instanceof MigrationError) return error.remedy;
  return sqlstateOf(error) === transactionLimitExceeded && kind === "data"
    ? "The statement changes more than one transaction takes: write it as an UPDATE or DELETE of one table with a primary key, which runs in batches."
    : "Correct the statement in the file and run dsql migrate up again: the steps before it stay done.";
}
