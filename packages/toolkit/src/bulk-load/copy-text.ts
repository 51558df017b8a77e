/**
 * Rows in the text format of PostgreSQL's COPY, as `\copy` and pg_dump write it: separated by tabs, `\N` for NULL, and
 * backslashes before what would be taken for one of these.
 *
 * Source: https://www.postgresql.org/docs/16/sql-copy.html, "Text Format".
 */
import type { Row } from "./csv.ts";

/** What stands for a character after a backslash; any other character stands for itself. */
const escapes: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Ends the rows in a dump; what follows are statements. */
const endOfData = "\\.";

/** @param lines - empty ones too: they are rows of a single, empty text */
export async function* copyRows(lines: AsyncIterable<string>): AsyncGenerator<Row, void, undefined> {
  let line = 0;
  for await (const text of lines) {
    line++;
    const record = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (record === endOfData) return;
    yield { line, values: record.split("\t").map(valueOf) };
  }
}

function valueOf(field: string): string | null {
  if (field === "\\N") return null;
  if (!field.includes("\\")) return field;
  return field.replace(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
}
