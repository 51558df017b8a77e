/** The input, opened: how it is to be read, its columns and its first rows. */
import type { Readable } from "node:stream";
import type { Pool } from "pg";
import { UsageError } from "../errors.ts";
import { inferTypes } from "./infer.ts";
import type { BulkLoadOptions, Format, RejectedRow } from "./options.ts";
import { type Records, readRecords, type RecordsOptions, type Row } from "./records.ts";
import { formatOf, openSource } from "./source.ts";
import { columnsOf } from "./target.ts";

/** Rows that types are inferred from, and that tell one file from another. */
export const sampleRows = 1_000;

export interface OpenedInput {
  readonly options: BulkLoadOptions;
  /** Its owner destroys it. */
  readonly source: Readable;
  /** The rows after the sample. */
  readonly records: Records;
  readonly sample: readonly Row[];
}

/**
 * @param onReject - gets records of the wrong shape; what it throws ends the reading
 * @throws {UsageError} the options do not fit the input, or it is empty
 */
export async function openInput(
  pool: Pool,
  options: BulkLoadOptions,
  onReject: (rejected: RejectedRow) => void,
): Promise<OpenedInput> {
  const source = await openSource(options.input);
  try {
    const layout = await layoutOf(pool, options);
    const records = await readRecords(source, { ...layout, onReject });
    // JSON Lines need no header: without a line they are a load of nothing.
    if (records.columns.length === 0 && (layout.format !== "jsonl" || options.createTable === true))
      throw new UsageError("the input is empty: it names no columns");
    return { options, source, records, sample: await taken(records, sampleRows) };
  } catch (error) {
    source.destroy();
    throw error;
  }
}

/** @returns for each column of the input the type that it gets in a table that is made */
export function typesToCreate({
  options,
  records: { columns },
  sample,
}: Pick<OpenedInput, "options" | "records" | "sample">): string[] {
  const inferred = inferTypes(columns, sample);
  return columns.map((column, index) => options.types?.[column] ?? inferred[index] ?? "text");
}

/** How the input is to be read. Where neither a header nor the caller names the columns, the table does. */
async function layoutOf(pool: Pool, options: BulkLoadOptions): Promise<Omit<RecordsOptions, "onReject">> {
  const format = options.format ?? formatOf(options.input);
  const header = options.header ?? format !== "copy";
  const { delimiter, encoding, nullText = "", quotedNull = false } = options;
  if (delimiter !== undefined) checkDelimiter(delimiter, format);
  const isNameless = !header && format !== "jsonl";
  const columns = options.columns ?? (isNameless ? await columnsOf(pool, options.table) : undefined);
  return { table: options.table, format, header, columns, delimiter, encoding, nullText, quotedNull };
}

function checkDelimiter(delimiter: string, format: Format): void {
  if (format !== "csv" && format !== "tsv")
    throw new UsageError(`a delimiter is for csv and tsv, not ${format}`);
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter))
    throw new UsageError("a delimiter is one character, and no quote or line end");
}

/** The first rows, without losing them for the reader that follows. */
async function taken(records: Records, count: number): Promise<Row[]> {
  const rows: Row[] = [];
  while (rows.length < count) {
    const next = await records.rows.next();
    if (next.done === true) break;
    rows.push(next.value);
  }
  return rows;
}
