import type { PendingPlan, PlannedMigration, PlanProblem, Step } from "dsql-toolkit";
import { type Painter, withoutControl } from "../terminal.ts";

/** Every transaction in its order, with what was rewritten to come to it. */
export function planAsText(plan: PendingPlan, paint: Painter): string {
  const parts = plan.migrations.map((migration) =>
    migrationText(migration, plan.done.get(migration.id) ?? 0, paint),
  );
  if (parts.length === 0) parts.push("Nothing is pending.");
  return [...parts, ...plan.problems.map((problem) => problemText(problem, paint))].join("\n\n");
}

function migrationText({ id, steps }: PlannedMigration, done: number, paint: Painter): string {
  const count = `${steps.length} ${steps.length === 1 ? "step" : "steps"}`;
  const head = `${paint.bold(id)}  ${paint.dim(done > 0 ? `${count}, ${done} done by an earlier run` : count)}`;
  const lines = steps.map((step, index) =>
    stepText(step, index + 1, { isDone: index < done, before: steps[index - 1], paint }),
  );
  return [head, ...lines].join("\n");
}

interface Place {
  readonly isDone: boolean;
  /** What several steps have in common is said once. */
  readonly before: Step | undefined;
  readonly paint: Painter;
}

function stepText(step: Step, number: number, { isDone, before, paint }: Place): string {
  const isSame = before?.line === step.line && before.changes[0] === step.changes[0];
  const changes = isSame ? step.changes.slice(1) : step.changes;
  const notes = [
    ...changes.map((change) => `      ${paint.yellow("rewritten:")} ${withoutControl(change)}`),
    ...wayOf(step).map((way) => `      ${paint.dim(way)}`),
  ];
  const sql = withoutControl(sqlOf(step))
    .split("\n")
    .map((line, index) => (index === 0 ? line : `      ${line.trim()}`))
    .join("\n");
  const mark = isDone ? paint.dim("done") : paint.cyan(String(number).padStart(4));
  return [`${mark}  ${isDone ? paint.dim(sql) : sql}`, ...notes].join("\n");
}

export function sqlOf(step: Step): string {
  switch (step.kind) {
    case "ddl":
      return step.sql;
    case "data":
      return step.statements.join(";\n");
    case "batches":
      return step.batched.sql;
    case "changeType": {
      const using = step.using === undefined ? "" : ` USING ${step.using}`;
      return `ALTER TABLE ${step.table} ALTER COLUMN "${step.column}" TYPE ${step.type}${using}`;
    }
    case "compare":
      return `compare ${step.comparison.target} with ${step.comparison.source}, row by row`;
  }
}

function wayOf(step: Step): string[] {
  switch (step.kind) {
    case "ddl":
      return step.settlement === undefined
        ? []
        : [`waits for its job, until the ${step.settlement.object} is valid`];
    case "data":
      return step.statements.length > 1 ? ["in one transaction"] : [];
    case "batches":
    case "compare":
      return ["in batches by the primary key, a transaction each"];
    case "changeType":
      return [
        "taken apart when its turn comes: a second column if nothing holds on to this one, else a copy of the table",
      ];
  }
}

function problemText({ file, line, message, remedy }: PlanProblem, paint: Painter): string {
  return `${paint.red("cannot be run:")} ${file}:${line}: ${withoutControl(message)}\n  ${withoutControl(remedy)}`;
}
