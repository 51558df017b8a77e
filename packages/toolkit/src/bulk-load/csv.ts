/**
 * Records of comma-separated values, RFC 4180, with the line that each begins at.
 *
 * Promises
 * - A value in quotes is told from one without: only the latter is NULL, as for PostgreSQL's COPY.
 * - A quote out of place costs its line and no other: the record is rejected, and the next begins at the next line. Where
 *   the record has gone on over several lines by then, nobody can tell which of them begin a record, and reading ends.
 * - No value gets into an error.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc4180 and https://www.postgresql.org/docs/16/sql-copy.html, "CSV Format".
 */
import { recordLengthMax } from "./lines.ts";
import { BulkLoadError, type RejectedRow } from "./options.ts";

/** A record: its values in the order of the file, null for NULL. */
export interface Row {
  readonly line: number;
  readonly values: readonly (string | null)[];
}

export interface CsvOptions {
  /** One character. */
  readonly delimiter: string;
  readonly nullText: string;
  /** Whether `nullText` in quotes is NULL too. */
  readonly quotedNull: boolean;
  readonly onReject: (rejected: RejectedRow) => void;
}

/** @throws {BulkLoadError} a quote that is never closed, or out of place after a line end within quotes */
export async function* csvRows(
  lines: AsyncIterable<string>,
  options: CsvOptions,
): AsyncGenerator<Row, void, undefined> {
  let line = 0;
  let begin = 1;
  let record: QuotedRecord | undefined;
  for await (const text of lines) {
    line++;
    if (record === undefined) {
      begin = line;
      if (text === "" || text === "\r") continue;
      // Most lines have no quote, and need no more than this.
      if (!text.includes('"')) {
        yield { line, values: unquoted(text, options) };
        continue;
      }
      record = new QuotedRecord(options);
    }
    const outcome = record.add(text);
    if (outcome === "open") {
      if (record.quotedLength > recordLengthMax) throw neverClosed(begin);
      continue;
    }
    if (outcome === "complete") yield { line: begin, values: record.values };
    else if (line > begin) throw misplacedFarAway(begin, line);
    else options.onReject({ line, reason: `a quote in field ${record.field} is out of place` });
    record = undefined;
  }
  if (record !== undefined) throw neverClosed(begin);
}

function neverClosed(line: number): BulkLoadError {
  return new BulkLoadError(`the record at line ${line} opens a quote that is never closed`);
}

function misplacedFarAway(begin: number, line: number): BulkLoadError {
  return new BulkLoadError(
    `the record at line ${begin} opens a quote, and line ${line} has one out of place: where the next record begins cannot be known`,
  );
}

function unquoted(text: string, { delimiter, nullText }: CsvOptions): (string | null)[] {
  const fields: (string | null)[] = (text.endsWith("\r") ? text.slice(0, -1) : text).split(delimiter);
  for (let index = 0; index < fields.length; index++) if (fields[index] === nullText) fields[index] = null;
  return fields;
}

/** A record with a quote in it, read line by line until its last quote is closed. */
class QuotedRecord {
  readonly values: (string | null)[] = [];
  readonly #options: CsvOptions;
  /** Of the field whose quote is open: its lines so far. */
  #open: string[] | undefined;
  #quotedLength = 0;

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  /** Of the field that is being read, from 1. */
  get field(): number {
    return this.values.length + 1;
  }

  /** Characters within quotes so far. */
  get quotedLength(): number {
    return this.#quotedLength;
  }

  add(line: string): "complete" | "open" | "misplaced" {
    // Within quotes a carriage return belongs to the value; elsewhere it is half of the line end.
    const end = line.endsWith("\r") ? line.length - 1 : line.length;
    for (let at = 0; ;) {
      const isQuoted = this.#open !== undefined || line[at] === '"';
      const next = isQuoted ? this.#addQuoted(line, at, end) : this.#addUnquoted(line, at, end);
      if (next === "open" || next === "misplaced") return next;
      if (next === end) return "complete";
      at = next + 1;
    }
  }

  /** @returns where the field ends */
  #addUnquoted(line: string, start: number, lineEnd: number): number | "misplaced" {
    const { delimiter, nullText } = this.#options;
    const next = line.indexOf(delimiter, start);
    const end = next < 0 ? lineEnd : next;
    const value = line.slice(start, end);
    if (value.includes('"')) return "misplaced";
    this.values.push(value === nullText ? null : value);
    return end;
  }

  /** @returns where the field ends, behind its closing quote */
  #addQuoted(line: string, at: number, lineEnd: number): number | "open" | "misplaced" {
    const { delimiter, nullText, quotedNull } = this.#options;
    const start = this.#open === undefined ? at + 1 : at;
    this.#open ??= [];
    let quote = line.indexOf('"', start);
    while (quote >= 0 && line[quote + 1] === '"') quote = line.indexOf('"', quote + 2);
    const part = line.slice(start, quote < 0 ? line.length : quote);
    this.#open.push(part);
    this.#quotedLength += part.length + 1;
    if (quote < 0) return "open";
    const end = quote + 1;
    if (end !== lineEnd && line[end] !== delimiter) return "misplaced";
    const value = this.#open.join("\n").replaceAll('""', '"');
    this.values.push(quotedNull && value === nullText ? null : value);
    this.#open = undefined;
    return end;
  }
}
