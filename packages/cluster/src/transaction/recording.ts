/**
 * Row images of volatile statements.
 *
 * A statement that would give other rows when it is run again is sent with one result column more: the whole row as
 * text. The client never sees that column; the redo log keeps it.
 */
import type { Analysis, DmlShape, Statement } from "../sql/index.ts";
import {
  backendType,
  bodyOf,
  decodeDataRow,
  encodeBackend,
  joinRowDescription,
  splitRowDescription,
} from "../wire/index.ts";
import { type Catalog, quoteName, type Table } from "./catalog.ts";
import type { RowImages } from "./redo-log.ts";

/** How a statement's rows are recorded. */
export interface RecordingPlan {
  /** The statement with the image as its last result column. */
  readonly text: string;
  readonly table: Table;
  readonly command: "insert" | "update" | "delete";
  /** The client asked for rows of its own. */
  readonly hasReturning: boolean;
  /** Redo writes the images instead of running the statement again, which might give other rows. */
  readonly forRedo: boolean;
}

/**
 * @param always - record also what gives the same rows when it is run again
 * @returns undefined when there is no need, or the statement's rows cannot be told from outside
 */
export async function planRecording(
  statement: Statement,
  catalog: Catalog,
  searchPath: readonly string[],
  always = false,
): Promise<RecordingPlan | undefined> {
  if (statement.kind !== "write" || statement.analysis.hasDataModifyingCte) return undefined;
  const { dml, command } = statement.analysis;
  if (dml === undefined || (command !== "insert" && command !== "update" && command !== "delete"))
    return undefined;
  const table = await catalog.table(dml.target, searchPath);
  if (table === undefined) return undefined;
  const volatile = await catalog.volatileFunctions();
  // INSERT … ON CONFLICT has left some rows alone, and must not stumble over them when it is run again.
  const differs =
    dml.onConflict !== undefined || isVolatile(statement.analysis, statement.text, table, volatile);
  if (!always && !differs) return undefined;
  // An image says nothing of the row that it was under another key; then the statement itself is the better guess.
  const forRedo = differs && !(command === "update" && setsKey(dml.set, table));
  const row = `(${quoteName(dml.target.alias ?? dml.target.name)}.*)::text`;
  return {
    text: withImage(statement.text, dml.returning, row),
    table,
    command,
    hasReturning: dml.returning !== undefined,
    forRedo,
  };
}

/** An UPDATE may change a unique key. */
export function setsKey(set: DmlShape["set"], table: Table): boolean {
  if (set === undefined || set === "complex" || table.hasOtherUniqueIndex) return true;
  return set.some((item) => table.uniqueKeys.some((key) => key.columns.includes(item.column)));
}

function isVolatile(
  analysis: Analysis,
  text: string,
  table: Table,
  volatileFunctions: ReadonlySet<string>,
): boolean {
  if (analysis.functions.some((name) => volatileFunctions.has(name))) return true;
  const { dml } = analysis;
  if (analysis.command === "update") {
    return dml?.set === "complex" || (dml?.set?.some((item) => item.value === "default") ?? false)
      ? table.columns.some((column) => column.hasVolatileDefault)
      : false;
  }
  if (analysis.command !== "insert") return false;
  const source = dml?.insertSource;
  const named = dml?.insertColumns;
  // DEFAULT inside VALUES may stand for any column.
  const usesDefault =
    named === undefined || source === undefined || /\bdefault\b/i.test(text.slice(source.start, source.end));
  return table.columns.some(
    (column) => column.hasVolatileDefault && (usesDefault || !named.includes(column.name)),
  );
}

function withImage(text: string, returning: { end: number } | undefined, row: string): string {
  if (returning !== undefined) return `${text.slice(0, returning.end)}, ${row}${text.slice(returning.end)}`;
  // A comment at the end of the text must not swallow what is added.
  return `${text}\nRETURNING ${row}`;
}

/** Takes the images out of the answer on its way to the client. */
export class Recorder {
  readonly #plan: RecordingPlan;
  readonly #rows: string[] = [];

  constructor(plan: RecordingPlan) {
    this.#plan = plan;
  }

  get images(): RowImages {
    return { table: this.#plan.table, command: this.#plan.command, rows: this.#rows };
  }

  /** As `ExchangeOptions.transform`. */
  transform(type: number, frame: Buffer): Buffer | undefined {
    if (type === backendType.rowDescription) {
      return this.#plan.hasReturning
        ? joinRowDescription(splitRowDescription(frame).slice(0, -1))
        : encodeBackend.noData();
    }
    if (type !== backendType.dataRow) return frame;
    const image = decodeDataRow(frame).at(-1);
    this.#rows.push(image?.toString("utf8") ?? "");
    return this.#plan.hasReturning ? withoutLastValue(frame, image?.length ?? 0) : undefined;
  }
}

function withoutLastValue(frame: Buffer, lastBytes: number): Buffer {
  const shorter = Buffer.from(frame.subarray(0, frame.length - 4 - lastBytes));
  shorter.writeInt32BE(shorter.length - 1, 1);
  shorter.writeUInt16BE(bodyOf(frame).readUInt16BE(0) - 1, 5);
  return shorter;
}
