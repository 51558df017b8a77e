import type { MigrationState } from "dsql-toolkit";
import { type Painter, withoutControl } from "../terminal.ts";

/** A line for each migration, and for one that was begun how far it has come. */
export function statusAsText(migrations: readonly MigrationState[], paint: Painter): string {
  if (migrations.length === 0) return "The folder holds no migrations.";
  return migrations.flatMap((migration) => linesOf(migration, paint)).join("\n");
}

function linesOf({ id, state, entry }: MigrationState, paint: Painter): string[] {
  const finished = entry?.finishedAt?.toISOString().replace("T", " ").slice(0, 19) ?? "";
  const line =
    `${painted(state, paint)}${" ".repeat(10 - state.length)}${id}  ${paint.dim(finished)}`.trimEnd();
  const steps = entry?.steps ?? [];
  if (steps.length === 0) return [line];
  const done = steps.filter(({ status }) => status === "done").length;
  const failed = steps.find(({ error }) => error !== undefined);
  return [
    `${line}  ${done} of ${steps.length} steps done`,
    ...(failed === undefined
      ? []
      : [`          step ${failed.number}: ${withoutControl(failed.error ?? "")}`]),
  ];
}

function painted(state: MigrationState["state"], paint: Painter): string {
  switch (state) {
    case "applied":
    case "baseline":
      return paint.green(state);
    case "pending":
    case "running":
      return paint.yellow(state);
    case "failed":
    case "missing":
    case "edited":
      return paint.red(state);
  }
}
