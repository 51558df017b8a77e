/**
 * Keys that an older snapshot still shows as taken, while PostgreSQL's unique indexes, which know the present only, have
 * them free: who takes such a key must be answered from the snapshot.
 *
 * It is asked after PostgreSQL has answered: a key that the statement has got because another freed it was announced before
 * that (`commit-history.ts`).
 *
 * Tests: test/attack/gone-keys.test.ts, conformance/isolation, simulation.
 */
import type { Statement } from "../../sql/index.ts";
import { PostgresError } from "../../backend/index.ts";
import type { Catalog, RelationName } from "../../catalog/index.ts";
import type { Hold, Sent } from "../hold.ts";
import { ShadowTable } from "../shadow/shadow-table.ts";
import type { CommitHistory } from "../history/commit-history.ts";

export interface KeyTaker {
  readonly history: CommitHistory;
  readonly catalog: Catalog;
  /** Where the transaction's snapshot stands in the order of commits. */
  readonly sequence: number;
  readonly searchPath: readonly string[];
}

/** Whether keys of a table that the statement writes have been freed since, or are being freed. */
export function mayMeetGoneKey(statement: Statement, { history, sequence }: KeyTaker): boolean {
  return targetsOf(statement).some(({ name }) => history.hasFreedKeys(name, sequence));
}

/**
 * @param sent - the statement's answer, with its rows recorded where they can be told from outside
 * @returns `unknown` where the role may not look at the rows
 */
export async function meetsGoneKey(
  hold: Hold,
  sent: Sent,
  statement: Statement,
  taker: KeyTaker,
): Promise<boolean | "unknown"> {
  try {
    return await hasDuplicate(hold, sent, statement, taker);
  } catch (error) {
    if (error instanceof PostgresError && error.sqlstate === "42501") return "unknown";
    throw error;
  }
}

async function hasDuplicate(hold: Hold, sent: Sent, statement: Statement, taker: KeyTaker): Promise<boolean> {
  const { history, sequence, searchPath, catalog } = taker;
  const { images, touched } = sent;
  for (const { table, command, rows } of images ?? []) {
    if (command === "delete" || rows.length === 0) continue;
    if ((await new ShadowTable(table).duplicate(hold, rows)) !== undefined) return true;
  }
  // Rows that cannot be told from outside: COPY, a data-modifying CTE, functions, cascades. Every key of their tables is
  // looked at.
  const whole: readonly RelationName[] = [
    ...(images === undefined ? targetsOf(statement) : []),
    ...touched.filter(({ hasGained }) => hasGained),
  ];
  for (const relation of whole) {
    if (!history.hasFreedKeys(relation.name, sequence)) continue;
    const table = await catalog.table(relation, searchPath);
    if (table !== undefined && (await new ShadowTable(table).duplicate(hold)) !== undefined) return true;
  }
  return false;
}

/** The relations that a statement names as those it writes. */
export function targetsOf(statement: Statement): readonly RelationName[] {
  if (statement.kind !== "write") return [];
  return statement.analysis.relations.filter(({ role }) => role === "target");
}
