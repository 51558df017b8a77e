/**
 * SELECT … FOR UPDATE counts as a write: once committed it beats a concurrent writer of the row. FOR KEY SHARE beats
 * whoever removes the row or changes its key.
 *
 * PostgreSQL only locks. So the statement is sent with the places (`ctid`) of the locked rows as further columns, which
 * the client never sees. Rows locked FOR UPDATE are touched by an update of nothing just before COMMIT; rows locked FOR
 * KEY SHARE are remembered for as long as older snapshots may be open.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL" (conflict matrix).
 */
import { lex, type RelationRef, type Statement } from "../sql/index.ts";
import {
  backendType,
  decodeDataRow,
  type ErrorFieldMap,
  bodyOf,
  joinRowDescription,
  splitRowDescription,
} from "../wire/index.ts";
import type { Backend } from "./backend/backend.ts";
import { PostgresError, request, type Requester } from "./backend/request.ts";
import type { KeyShare } from "./commit-history.ts";
import { type Catalog, qualifiedName, quoteName, type Table, textArray } from "./catalog.ts";

export type LockStrength = "update" | "keyShare";

export interface LockingPlan {
  /**
   * The statement with one place for each locked relation as its last columns, and without NOWAIT and SKIP LOCKED: in
   * DSQL nothing waits and nothing is skipped.
   */
  readonly text: string;
  readonly strength: LockStrength;
  /** Empty where the rows cannot be told from outside: a lock in a subquery. */
  readonly tables: readonly Table[];
}

/** Rows locked by one statement. */
export interface LockedRows {
  readonly table: Table;
  readonly strength: LockStrength;
  /** Their `ctid`s, as text. */
  readonly places: readonly string[];
}

/** @returns undefined when the statement locks nothing */
export async function planLocking(
  statement: Statement,
  catalog: Catalog,
  searchPath: readonly string[],
): Promise<LockingPlan | undefined> {
  if (statement.kind !== "read" || statement.analysis.lockingClause === "none") return undefined;
  const strength = statement.analysis.lockingClause === "forUpdate" ? "update" : "keyShare";
  const { end, ignored } = landmarks(statement.text);
  const tables: Table[] = [];
  const columns: string[] = [];
  for (const relation of lockedRelations(statement, end)) {
    const table = await catalog.table(relation, searchPath);
    if (table === undefined) continue;
    tables.push(table);
    columns.push(`, ${correlationName(relation)}.ctid `);
  }
  const edits = [...ignored.map((range) => ({ ...range, text: "" }))];
  if (end !== undefined) edits.unshift({ start: end, end, text: columns.join("") });
  return { text: edited(statement.text, edits), strength, tables };
}

function lockedRelations(
  statement: Extract<Statement, { kind: "read" }>,
  selectListEnd: number | undefined,
): readonly RelationRef[] {
  const { analysis, text } = statement;
  if (selectListEnd === undefined || analysis.command !== "select") return [];
  const isOutermost = (relation: RelationRef): boolean =>
    lex(text).some((lexeme) => lexeme.start === relation.start && lexeme.depth === 0);
  return analysis.relations.filter(
    (relation) => (relation.locked || analysis.lockingClause === "forKeyShare") && isOutermost(relation),
  );
}

export function correlationName(relation: RelationRef): string {
  return quoteName(relation.alias ?? relation.name);
}

/** Where the select list of the outermost SELECT ends, before its FROM; and where NOWAIT and SKIP LOCKED stand. */
function landmarks(text: string): { end: number | undefined; ignored: { start: number; end: number }[] } {
  let seenSelect = false;
  let seenFor = false;
  let end: number | undefined;
  const ignored: { start: number; end: number }[] = [];
  let before = "";
  let beforeStart = 0;
  for (const lexeme of lex(text)) {
    const word = lexeme.kind === "word" ? text.slice(lexeme.start, lexeme.end).toLowerCase() : "";
    if (lexeme.depth === 0 && word === "select") seenSelect = true;
    if (lexeme.depth === 0 && word === "from" && seenSelect) end ??= lexeme.start;
    if (before === "for" && (word === "update" || word === "key")) seenFor = true;
    if (seenFor && word === "nowait") ignored.push(lexeme);
    if (seenFor && word === "locked" && before === "skip")
      ignored.push({ start: beforeStart, end: lexeme.end });
    before = word;
    beforeStart = lexeme.start;
  }
  return { end, ignored };
}

function edited(text: string, edits: readonly { start: number; end: number; text: string }[]): string {
  const fromTheEnd = [...edits].sort((left, right) => right.start - left.start);
  return fromTheEnd.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}

/** Takes the places out of the answer on its way to the client. */
export class LockRecorder {
  readonly #tables: readonly Table[];
  readonly #strength: LockStrength;
  readonly #places: string[][];

  constructor(plan: LockingPlan) {
    this.#tables = plan.tables;
    this.#strength = plan.strength;
    this.#places = plan.tables.map(() => []);
  }

  get rows(): LockedRows[] {
    const strength = this.#strength;
    return this.#tables.map((table, index) => ({ table, strength, places: this.#places[index] ?? [] }));
  }

  /** As `ExchangeOptions.transform`. */
  transform(type: number, frame: Buffer): Buffer {
    const count = this.#tables.length;
    if (count === 0) return frame;
    if (type === backendType.rowDescription) {
      return joinRowDescription(splitRowDescription(frame).slice(0, -count));
    }
    if (type !== backendType.dataRow) return frame;
    const values = decodeDataRow(frame);
    let bytes = 0;
    for (const [index, place] of values.slice(-count).entries()) {
      bytes += 4 + (place?.length ?? 0);
      // A row of the outer side of a join without a partner locks nothing.
      if (place !== null) this.#places[index]?.push(placeText(place));
    }
    const shorter = Buffer.from(frame.subarray(0, frame.length - bytes));
    shorter.writeInt32BE(shorter.length - 1, 1);
    shorter.writeUInt16BE(bodyOf(frame).readUInt16BE(0) - count, 5);
    return shorter;
  }
}

/** A `ctid` in text form; a client that asks for binary results gets it as 4 bytes of block and 2 of offset. */
function placeText(place: Buffer): string {
  return place[0] === 0x28 // "("
    ? place.toString("latin1")
    : `(${place.readUInt32BE(0)},${place.readUInt16BE(4)})`;
}

/** @returns PostgreSQL's error, if the rows cannot be touched */
export async function touchLockedRows(
  backend: Backend,
  locked: readonly LockedRows[],
): Promise<ErrorFieldMap | undefined> {
  for (const { table, strength, places } of locked) {
    if (strength !== "update") continue;
    const column = table.columns.find((one) => !one.isGenerated && !one.isIdentityAlways);
    if (column === undefined || places.length === 0) continue;
    const name = quoteName(column.name);
    const text = `UPDATE ${qualifiedName(table)} SET ${name} = ${name} WHERE ctid = ANY ($1::tid[])`;
    try {
      await request(backend, text, [textArray(places)]);
    } catch (error) {
      if (error instanceof PostgresError) return error.fields;
      throw error;
    }
  }
  return undefined;
}

/** The rows locked FOR KEY SHARE, as images: a place is good only while the transaction is open. */
export async function keySharesOf(hold: Requester, locked: readonly LockedRows[]): Promise<KeyShare[]> {
  const shares: KeyShare[] = [];
  for (const { table, strength, places } of locked) {
    if (strength !== "keyShare" || places.length === 0 || table.primaryKey.length === 0) continue;
    const { rows } = await hold.request(
      `SELECT (seen.*)::text FROM ${qualifiedName(table)} AS seen WHERE ctid = ANY ($1::tid[])`,
      [textArray(places)],
    );
    shares.push({ table, images: rows.map(([image]) => image ?? "") });
  }
  return shares;
}

/**
 * Whether some transaction now removes rows, changes their keys or holds them FOR UPDATE.
 *
 * Asked from outside: PostgreSQL gives a KEY SHARE lock on exactly the rows that nobody holds so.
 */
export async function areHeld(outside: Requester, { table, images }: KeyShare): Promise<boolean> {
  const name = qualifiedName(table);
  const key = table.primaryKey.map(quoteName);
  const wanted = key.map((column) => `(image.text::${name}).${column}`).join(", ");
  const rows = `${name} WHERE (${key.join(", ")}) IN (SELECT ${wanted} FROM unnest($1::text[]) AS image(text))`;
  const { rows: answer } = await outside.request(
    `SELECT (SELECT count(*) FROM ${rows}) - (SELECT count(*) FROM (SELECT FROM ${rows} FOR KEY SHARE SKIP LOCKED) AS free)`,
    [textArray(images)],
  );
  return Number(answer[0]?.[0] ?? 0) > 0;
}
