import type { MigrateEvent } from "dsql-toolkit";
import { type Painter, withoutControl } from "../terminal.ts";
import { sqlOf } from "./plan-text.ts";

const sqlShown = 90;

/** @returns a line without its end */
export function eventLine(event: MigrateEvent, paint: Painter): string {
  switch (event.type) {
    case "wait":
      return `waiting for another run: ${withoutControl(event.holder)}`;
    case "adopt":
      return `${paint.green("adopted")} ${event.id}, which its own tool had applied`;
    case "migration":
      return `${paint.bold(event.id)}${event.done > 0 ? ` goes on after step ${event.done} of ${event.steps}` : ""}`;
    case "step":
      return `  ${paint.cyan(String(event.number))} ${firstLine(sqlOf(event.step))}`;
    case "rows":
      return `    ${event.rows.toLocaleString("en-US")} rows`;
    case "applied":
      return `${paint.green("applied")} ${event.id} in ${(event.durationMs / 1_000).toFixed(1)} s`;
  }
}

function firstLine(sql: string): string {
  const line = withoutControl(sql.replace(/\s+/g, " "));
  return line.length > sqlShown ? `${line.slice(0, sqlShown - 1)}…` : line;
}
