/**
 * Records of CSV, TSV and JSON Lines, each with the line it begins at. A record of the wrong shape is reported and left out;
 * the others follow undisturbed.
 */
import type { Readable } from "node:stream";
import { UsageError } from "../errors.ts";
import { copyRows } from "./copy-text.ts";
import { csvRows, type Row } from "./csv.ts";
import { copyTextOf } from "./dump.ts";
import { linesOf } from "./lines.ts";
import type { Format, RejectedRow } from "./options.ts";

export type { Row } from "./csv.ts";

export interface RecordsOptions {
  /** What is loaded, which a file of pg_dump has among others. */
  readonly table: string | readonly string[];
  readonly format: Format;
  /** One character; by default the format's. */
  readonly delimiter?: string | undefined;
  /** Label of an encoding; by default UTF-8, or what a byte order mark says. */
  readonly encoding?: string | undefined;
  readonly header: boolean;
  readonly columns: readonly string[] | undefined;
  readonly nullText: string;
  /** Whether `nullText` in quotes is NULL too. */
  readonly quotedNull: boolean;
  readonly onReject: (rejected: RejectedRow) => void;
}

export interface Records {
  readonly columns: readonly string[];
  /** They are what the first record says. */
  readonly hasHeaderNames: boolean;
  /** The rows after those that were read to find the columns, these first. */
  readonly rows: AsyncGenerator<Row, void, undefined>;
}

/** JSON Lines whose fields make up the columns: a field that appears later only is not known. */
const linesForColumns = 1_000;

export async function readRecords(source: Readable, options: RecordsOptions): Promise<Records> {
  const { delimiter, encoding } = options;
  const lines = linesOf(source, encoding);
  switch (options.format) {
    case "csv":
      return await namedRecords(csvRows(lines, { ...options, delimiter: delimiter ?? "," }), options);
    case "tsv":
      return await namedRecords(tabbedRows(lines, { ...options, delimiter: delimiter ?? "\t" }), options);
    case "copy": {
      const copy = await copyTextOf(lines, options.table);
      const columns = copy.columns ?? options.columns;
      return await namedRecords(copyRows(copy.lines, copy.linesBefore), { ...options, columns });
    }
    case "jsonl":
      return await jsonRecords(lines, options);
  }
}

/** Takes the header off, if there is one. */
async function namedRecords(
  records: AsyncGenerator<Row, void, undefined>,
  options: RecordsOptions,
): Promise<Records> {
  const first = await records.next();
  const found = first.done === true ? undefined : first.value;
  if (options.header) {
    const columns = options.columns ?? namesIn(found, options);
    const hasHeaderNames = options.columns === undefined;
    return { columns, hasHeaderNames, rows: ofWidth(records, columns.length, options) };
  }
  const columns = options.columns ?? (found?.values ?? []).map((_, index) => `column_${index + 1}`);
  const rows = found === undefined ? records : startingWith([found], records);
  return { columns, hasHeaderNames: false, rows: ofWidth(rows, columns.length, options) };
}

/** A quote means nothing here, and what separates cannot be part of a value. */
async function* tabbedRows(
  lines: AsyncIterable<string>,
  { delimiter, nullText }: RecordsOptions & { readonly delimiter: string },
): AsyncGenerator<Row, void, undefined> {
  let line = 0;
  for await (const text of lines) {
    line++;
    const record = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (record === "") continue;
    yield { line, values: record.split(delimiter).map((value) => (value === nullText ? null : value)) };
  }
}

/** What other programs separate by where this one was not told so. */
const otherDelimiters = /[;|\t]/;

/** @throws {UsageError} names are missing or double, or one name looks like several */
function namesIn(header: Row | undefined, { delimiter }: RecordsOptions): string[] {
  const names = (header?.values ?? []).map((name) => name ?? "");
  const other = otherDelimiters.exec(names.join(""))?.[0];
  if (names.length === 1 && other !== undefined && delimiter === undefined) {
    throw new UsageError(
      `the header is a single name with ${JSON.stringify(other)} in it: if that separates the columns, give it as delimiter`,
    );
  }
  const wrong = names.findIndex((name, index) => name === "" || names.indexOf(name) !== index);
  if (wrong >= 0) {
    const problem = names[wrong] === "" ? "has no name" : "has the name of an earlier one";
    throw new UsageError(`column ${wrong + 1} of the header ${problem}: give columns instead of the header`);
  }
  return names;
}

async function* ofWidth(
  rows: AsyncGenerator<Row, void, undefined>,
  width: number,
  { onReject }: RecordsOptions,
): AsyncGenerator<Row, void, undefined> {
  for await (const row of rows) {
    if (row.values.length === width) yield row;
    else onReject({ line: row.line, reason: `has ${fields(row.values.length)} instead of ${width}` });
  }
}

function fields(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

interface JsonLine {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function jsonRecords(texts: AsyncIterable<string>, options: RecordsOptions): Promise<Records> {
  const lines = jsonLines(texts, options);
  const first: JsonLine[] = [];
  while (options.columns === undefined && first.length < linesForColumns) {
    const next = await lines.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  const columns = options.columns ?? [...new Set(first.flatMap(({ fields }) => Object.keys(fields)))];
  return { columns, hasHeaderNames: false, rows: jsonRows(startingWith(first, lines), columns, options) };
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
  lines: AsyncIterable<string>,
  { onReject }: RecordsOptions,
): AsyncGenerator<JsonLine, void, undefined> {
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    const fields = parsedObject(text);
    if (fields === undefined) onReject({ line, reason: "is no JSON object" });
    else yield { line, fields };
  }
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
