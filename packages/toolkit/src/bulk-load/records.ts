/**
 * Records of CSV, TSV and JSON Lines, each with the line it begins at. A record of the wrong shape is reported and left out;
 * the others follow undisturbed.
 */
import { pipeline, type Readable } from "node:stream";
import { parse } from "csv-parse";
import { limits } from "@dsql-local/spec";
import { BulkLoadError, type Format, type RejectedRow } from "./options.ts";

export interface Row {
  readonly line: number;
  /** In the order of the columns; null for NULL. */
  readonly values: readonly (string | null)[];
}

export interface RecordsOptions {
  readonly format: Format;
  readonly header: boolean;
  readonly columns: readonly string[] | undefined;
  readonly nullText: string;
  readonly onReject: (rejected: RejectedRow) => void;
}

export interface Records {
  readonly columns: readonly string[];
  /** The rows after those that were read to find the columns, these first. */
  readonly rows: AsyncGenerator<Row, void, undefined>;
}

/** A record must fit into a message of the protocol, so nothing longer is worth keeping in memory. */
const recordBytesMax = limits.messageBytesMax.value;

/** JSON Lines whose fields make up the columns: a field that appears later only is not known. */
const linesForColumns = 1_000;

export async function readRecords(source: Readable, options: RecordsOptions): Promise<Records> {
  return options.format === "jsonl"
    ? await jsonRecords(source, options)
    : await separatedRecords(source, options);
}

async function separatedRecords(source: Readable, options: RecordsOptions): Promise<Records> {
  const records = separated(source, options);
  let { columns } = options;
  if (options.header) {
    const first = await records.next();
    columns ??= first.done === true ? [] : first.value.values.map((name) => name ?? "");
  }
  if (columns !== undefined) return { columns, rows: ofWidth(records, columns.length, options) };
  const first = await records.next();
  const width = first.done === true ? 0 : first.value.values.length;
  const rows = ofWidth(startingWith(first.done === true ? [] : [first.value], records), width, options);
  return { columns: Array.from({ length: width }, (_, index) => `column_${index + 1}`), rows };
}

/** What csv-parse gives with its option `info`. */
interface Parsed {
  readonly info: { readonly lines: number };
  readonly record: string[];
}

async function* separated(source: Readable, options: RecordsOptions): AsyncGenerator<Row, void, undefined> {
  const parser = parse({
    delimiter: options.format === "tsv" ? "\t" : ",",
    // A quote means nothing in TSV, where a tab cannot be part of a value.
    quote: options.format === "tsv" ? null : '"',
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: recordBytesMax,
  });
  pipeline(source, parser, () => undefined);
  let line = 1;
  let counted = 0;
  try {
    for await (const { info, record } of parser as AsyncIterable<Parsed>) {
      yield { line, values: record.map((value) => (value === options.nullText ? null : value)) };
      line += info.lines - counted - (info.lines - counted > 1 ? pairsIn(record) : 0);
      counted = info.lines;
    }
  } catch (error) {
    throw isCsvError(error) ? unreadable(error, options.format) : error;
  }
}

/** Line ends of two characters within quotes, which csv-parse counts as two lines. */
function pairsIn(record: readonly string[]): number {
  return record.reduce((pairs, value) => pairs + value.split("\r\n").length - 1, 0);
}

interface CsvError extends Error {
  readonly code: string;
  readonly lines?: number;
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && "code" in error && String(error.code).startsWith("CSV_");
}

/** Where a quote is out of place nobody can tell at which line the next record begins, so nothing is skipped. */
function unreadable(error: CsvError, format: Format): BulkLoadError {
  return new BulkLoadError(
    `the ${format.toUpperCase()} cannot be read at line ${error.lines ?? "?"} (${error.code})`,
  );
}

async function* ofWidth(
  rows: AsyncGenerator<Row, void, undefined>,
  width: number,
  { onReject }: RecordsOptions,
): AsyncGenerator<Row, void, undefined> {
  for await (const row of rows) {
    if (row.values.length === width) yield row;
    else onReject({ line: row.line, reason: `has ${row.values.length} fields instead of ${width}` });
  }
}

interface JsonLine {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function jsonRecords(source: Readable, options: RecordsOptions): Promise<Records> {
  const lines = jsonLines(source, options);
  const first: JsonLine[] = [];
  while (options.columns === undefined && first.length < linesForColumns) {
    const next = await lines.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  const columns = options.columns ?? [...new Set(first.flatMap(({ fields }) => Object.keys(fields)))];
  return { columns, rows: jsonRows(startingWith(first, lines), columns, options) };
}

async function* jsonRows(
  lines: AsyncIterable<JsonLine>,
  columns: readonly string[],
  { onReject }: RecordsOptions,
): AsyncGenerator<Row, void, undefined> {
  for await (const { line, fields } of lines) {
    const rounded = columns.find((column) => isRounded(fields[column]));
    if (rounded === undefined) yield { line, values: columns.map((column) => textOf(fields[column])) };
    else
      onReject({
        line,
        reason: `the number in ${rounded} is beyond 2^53 and would be rounded: write it as text`,
      });
  }
}

async function* jsonLines(
  source: Readable,
  { onReject }: RecordsOptions,
): AsyncGenerator<JsonLine, void, undefined> {
  let line = 0;
  for await (const text of linesOf(source)) {
    line++;
    if (text.trim() === "") continue;
    const fields = parsedObject(text);
    if (fields === undefined) onReject({ line, reason: "is no JSON object" });
    else yield { line, fields };
  }
}

async function* linesOf(source: Readable): AsyncGenerator<string, void, undefined> {
  let rest = "";
  source.setEncoding("utf8");
  for await (const part of source as AsyncIterable<string>) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > recordBytesMax) throw new Error(`a line is longer than ${recordBytesMax} characters`);
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isRounded(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Puts back what was read ahead. */
export async function* startingWith<Item>(
  first: readonly Item[],
  rest: AsyncGenerator<Item, void, undefined>,
): AsyncGenerator<Item, void, undefined> {
  yield* first;
  yield* rest;
}
