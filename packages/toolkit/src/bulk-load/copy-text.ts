/**
 * Rows in the text format of PostgreSQL's COPY, as `\copy` and pg_dump write it: separated by tabs, `\N` for NULL, and
 * backslashes before what would be taken for one of these.
 *
 * Source: https://www.postgresql.org/docs/16/sql-copy.html, "Text Format".
 */
import type { Row } from "./csv.ts";
import { BulkLoadError } from "./options.ts";

/** By the letter that stands for them after a backslash. */
const controlCharacters: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Ends the rows in a dump; what follows are statements. */
const endOfData = "\\.";

/**
 * @param lines - empty ones too: they are rows of a single, empty text
 * @throws {BulkLoadError} bytes that are written by their numbers are not text
 */
export async function* copyRows(
  lines: AsyncIterable<string>,
  linesBefore = 0,
): AsyncGenerator<Row, void, undefined> {
  let line = linesBefore;
  for await (const text of lines) {
    line++;
    const record = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (record === endOfData) return;
    yield { line, values: record.split("\t").map((field) => valueOf(field, line)) };
  }
}

function valueOf(field: string, line: number): string | null {
  if (field === "\\N") return null;
  if (!field.includes("\\")) return field;
  return field.replace(escaped, (_, bytes: string | undefined, character: string | undefined = "") =>
    bytes === undefined ? (controlCharacters[character] ?? character) : textOfBytes(bytes, line),
  );
}

/** Bytes by their numbers, several of which may be one character; or a character that stands for itself, unless for another. */
const escaped = /((?:\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}))+)|\\(.)/gs;

/** @param escapes - `\101` in octal, `\x41` in hexadecimal */
function textOfBytes(escapes: string, line: number): string {
  const numbers = escapes.slice(1).split("\\");
  const bytes = numbers.map((number) =>
    number.startsWith("x") ? Number.parseInt(number.slice(1), 16) : Number.parseInt(number, 8),
  );
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw new BulkLoadError(`line ${line} has bytes by their numbers that are not text in utf-8`, { cause });
  }
}
