/**
 * Row images of statements that would give other rows when they are run again.
 *
 * Such a statement is sent with one result column more: the whole row as text. The client never sees that column; the
 * redo log keeps it.
 */
import type { DmlShape, Statement } from "../../sql/index.ts";
import { calledBy, imageOf, quoteName, type StatementTables, type Table } from "../../catalog/index.ts";

/** How a statement's rows are recorded. */
export interface RecordingPlan {
  /** The image, for the RETURNING list. */
  readonly expression: string;
  readonly table: Table;
  readonly command: "insert" | "update" | "delete";
  /** ON CONFLICT may have updated a row instead: the first character of its image says so. */
  readonly mayUpdate: boolean;
  /** Redo writes the images instead of running the statement again, which might give other rows. */
  readonly forRedo: boolean;
}

/**
 * @param volatile - names of the functions that may answer differently
 * @param always - record also what gives the same rows when it is run again
 * @returns undefined when there is no need, or the statement's rows cannot be told from outside
 */
export function planRecording(
  statement: Statement,
  tables: StatementTables,
  volatile: ReadonlySet<string>,
  always = false,
): RecordingPlan | undefined {
  if (statement.kind !== "write" || statement.analysis.hasDataModifyingCte) return undefined;
  const { dml, command } = statement.analysis;
  if (dml === undefined || (command !== "insert" && command !== "update" && command !== "delete"))
    return undefined;
  const table = tables.of(dml.target);
  if (table === undefined) return undefined;
  // INSERT … ON CONFLICT has left some rows alone, and must not stumble over them when it is run again.
  const differs = dml.onConflict !== undefined || mayDiffer(statement, table, volatile);
  if (!always && !differs) return undefined;
  // An image says nothing of the row that it was under another key; then the statement itself is the better guess.
  const forRedo = differs && !(command === "update" && setsKey(dml.set, table));
  const alias = quoteName(dml.target.alias ?? dml.target.name);
  const image = imageOf(table, `${alias}.*`);
  const mayUpdate = dml.onConflict !== undefined;
  const expression = mayUpdate ? `${updatedMark(alias)} || ${image}` : image;
  return { expression, table, command, mayUpdate, forRedo };
}

/** PostgreSQL has locked a row that it updates, and leaves none of that on one that it inserts. */
function updatedMark(alias: string): string {
  return `CASE WHEN ${alias}.xmax = 0 THEN '${insertedMark}' ELSE '=' END`;
}

export const insertedMark = "+";

/** An UPDATE may change a unique key. */
export function setsKey(set: DmlShape["set"], table: Table): boolean {
  if (set === undefined || set === "complex" || table.hasOtherUniqueIndex) return true;
  return set.some((item) => isKeyColumn(table, item.column));
}

export function isKeyColumn(table: Table, column: string): boolean {
  return table.uniqueKeys.some((key) => key.columns.includes(column));
}

/**
 * Whether a statement may write other values when it is run again.
 *
 * @param table - its target, where that is an ordinary table
 */
export function mayDiffer(
  { analysis, text }: Extract<Statement, { kind: "write" }>,
  table: Table | undefined,
  volatileFunctions: ReadonlySet<string>,
): boolean {
  if (calledBy(analysis).some((name) => volatileFunctions.has(name))) return true;
  if (table === undefined) return false;
  const { dml, command } = analysis;
  if (command === "update") {
    return dml?.set === "complex" || (dml?.set?.some((item) => item.value === "default") ?? false)
      ? table.columns.some((column) => column.hasVolatileDefault)
      : false;
  }
  if (command !== "insert" && command !== "copyIn") return false;
  const source = dml?.insertSource;
  const named = dml?.insertColumns;
  // DEFAULT inside VALUES may stand for any column.
  const usesDefault =
    named === undefined || source === undefined || /\bdefault\b/i.test(text.slice(source.start, source.end));
  return table.columns.some(
    (column) => column.hasVolatileDefault && (usesDefault || !named.includes(column.name)),
  );
}
