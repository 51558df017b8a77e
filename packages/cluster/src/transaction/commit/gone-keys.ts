/**
 * Keys that an older snapshot still shows as taken, while PostgreSQL's unique indexes, which know the present only, have
 * them free: an INSERT of such a key must be answered from the snapshot.
 */
import type { Statement } from "../../sql/index.ts";
import type { StatementTables } from "../catalog/catalog.ts";
import type { Hold, Sent } from "../hold.ts";
import { ShadowTable } from "../shadow/shadow-table.ts";
import type { CommitHistory } from "./commit-history.ts";

/** @param sequence - where the transaction's snapshot stands in the order of commits */
export function mayMeetGoneKey(statement: Statement, history: CommitHistory, sequence: number): boolean {
  if (statement.kind !== "write") return false;
  return statement.analysis.relations.some(
    ({ role, name }) => role === "target" && history.hasFreedKeys(name, sequence),
  );
}

/** @param sent - the statement's answer, with its rows recorded where they can be told from outside */
export async function meetsGoneKey(
  hold: Hold,
  { images }: Sent,
  statement: Statement,
  tables: StatementTables,
): Promise<boolean> {
  if (images !== undefined) {
    for (const { table, command, rows } of images) {
      if (command === "delete" || rows.length === 0) continue;
      if ((await new ShadowTable(table).duplicate(hold, rows)) !== undefined) return true;
    }
    return false;
  }
  // A data-modifying CTE: its rows cannot be told from outside, so every key of its tables is looked at.
  if (statement.kind !== "write") return false;
  for (const relation of statement.analysis.relations.filter(({ role }) => role === "target")) {
    const table = tables.of(relation);
    if (table !== undefined && (await new ShadowTable(table).duplicate(hold)) !== undefined) return true;
  }
  return false;
}
