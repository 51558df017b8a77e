/**
 * How a statement with FOR UPDATE or FOR KEY SHARE is sent, so that the rows it locks are known afterwards.
 *
 * Rows locked by the outermost SELECT show their marks (`lockMark`) in further result columns, which the client never sees.
 * Rows locked by a subquery do not; PostgreSQL marks them, and they are looked for by that mark.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL" (conflict matrix).
 */
import { lex, type TextEdit } from "@dsql-local/sql";
import { type Analysis, type RelationRef, type Statement } from "../../sql/index.ts";
import { quoteName, type StatementTables, type Table } from "../../catalog/index.ts";
import { lockMark } from "./lock-marks.ts";
import { updatesWhatItLocks } from "./queue-pattern.ts";

export type LockStrength = "update" | "keyShare";

export interface LockingPlan {
  readonly strength: LockStrength;
  /** Takes out NOWAIT and SKIP LOCKED, since in DSQL nothing waits and nothing is skipped, and adds marks. */
  readonly edits: readonly TextEdit[];
  /** Tables whose locked rows show their marks, in the order of the added columns. */
  readonly shown: readonly Table[];
  /** Tables in which a subquery locks rows. */
  readonly hidden: readonly Table[];
  /** Tables in which it writes all that it locks. */
  readonly written: readonly Table[];
}

/** @returns undefined when the statement locks nothing */
export function planLocking(statement: Statement, tables: StatementTables): LockingPlan | undefined {
  if (statement.kind !== "read" && statement.kind !== "write") return undefined;
  const { analysis, text } = statement;
  if (analysis.lockingClause === "none") return undefined;
  const strength = analysis.lockingClause === "forUpdate" ? "update" : "keyShare";
  const { selectListEnd, isListEmpty, ignored } = landmarks(text);
  const edits: TextEdit[] = ignored.map((range) => ({ ...range, text: "" }));
  const shown: Table[] = [];
  const hidden = new Set<Table>();
  const written = new Set<Table>();
  for (const relation of lockedRelations(analysis)) {
    const table = tables.of(relation);
    if (table === undefined) continue;
    if (analysis.command === "select" && selectListEnd !== undefined && isOutermost(relation, text)) {
      const comma = isListEmpty && shown.length === 0 ? "" : ", ";
      const mark = `${comma}${lockMark(correlationName(relation), table)} `;
      shown.push(table);
      edits.push({ start: selectListEnd, end: selectListEnd, text: mark });
    } else if (updatesWhatItLocks(analysis, table)) written.add(table);
    else hidden.add(table);
  }
  return { strength, edits, shown, hidden: [...hidden], written: [...written] };
}

function lockedRelations(analysis: Analysis): readonly RelationRef[] {
  return analysis.relations.filter(
    ({ locked, role }) => role === "source" && (locked || analysis.lockingClause === "forKeyShare"),
  );
}

function isOutermost(relation: RelationRef, text: string): boolean {
  return lex(text).some((lexeme) => lexeme.start === relation.start && lexeme.depth === 0);
}

export function correlationName(relation: RelationRef): string {
  return quoteName(relation.alias ?? relation.name);
}

interface Landmarks {
  /** Where the select list of the outermost SELECT ends, before its FROM. */
  readonly selectListEnd: number | undefined;
  /** `SELECT FROM …`: rows without columns. */
  readonly isListEmpty: boolean;
  /** NOWAIT and SKIP LOCKED. */
  readonly ignored: readonly { start: number; end: number }[];
}

function landmarks(text: string): Landmarks {
  let seenSelect = false;
  let seenFor = false;
  let selectListEnd: number | undefined;
  let isListEmpty = false;
  const ignored: { start: number; end: number }[] = [];
  let before = "";
  let beforeStart = 0;
  for (const lexeme of lex(text)) {
    const word = lexeme.kind === "word" ? text.slice(lexeme.start, lexeme.end).toLowerCase() : "";
    if (lexeme.depth === 0 && word === "select") seenSelect = true;
    if (lexeme.depth === 0 && word === "from" && seenSelect && selectListEnd === undefined) {
      selectListEnd = lexeme.start;
      isListEmpty = before === "select" || before === "all";
    }
    if (before === "for" && (word === "update" || word === "key")) seenFor = true;
    if (seenFor && word === "nowait") ignored.push({ start: lexeme.start, end: lexeme.end });
    if (seenFor && word === "locked" && before === "skip")
      ignored.push({ start: beforeStart, end: lexeme.end });
    before = word;
    beforeStart = lexeme.start;
  }
  return { selectListEnd, isListEmpty, ignored };
}
