/**
 * The rows of a table as PostgreSQL's COPY writes them, so that psql, `dsql load` and a person can read them without us.
 *
 * They are read through a portal, a part at a time: memory does not grow with the table.
 *
 * Source: https://www.postgresql.org/docs/16/sql-copy.html, "Text Format".
 */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { PoolClient } from "pg";
import Cursor from "pg-cursor";
import { quoteList } from "../identifiers.ts";
import type { Table } from "./catalog/index.ts";

/** Rows of the first read; then as many as make a good part of memory. */
const rowsFirst = 100;
const rowsMax = 5_000;
const bytesPerRead = 4 * 1024 * 1024;

export interface RowsToWrite {
  readonly table: Table;
  readonly file: string;
  readonly signal: AbortSignal | undefined;
  /** Told how many rows are written so far. */
  readonly onRows: (rows: number) => void;
}

/** @returns how many rows there are */
export async function writeRows(
  client: PoolClient,
  { table, file, signal, onRows }: RowsToWrite,
): Promise<number> {
  let rows = 0;
  const text = async function* (): AsyncGenerator<string, void, undefined> {
    const columns = quoteList(table.columns);
    yield `COPY ${table.name} (${columns}) FROM stdin;\n`;
    for await (const part of readParts(client, `SELECT ${columns} FROM ${table.name}`)) {
      signal?.throwIfAborted();
      rows += part.length;
      onRows(rows);
      yield part.map(copyLine).join("");
    }
    yield "\\.\n";
  };
  // A few bytes more than the best, for a third of the time.
  await pipeline(Readable.from(text()), createGzip({ level: 4 }), createWriteStream(file));
  return rows;
}

type Values = readonly (string | null)[];

async function* readParts(
  client: PoolClient,
  statement: string,
): AsyncGenerator<readonly Values[], void, undefined> {
  const cursor = client.query(
    new Cursor<Values>(statement, [], {
      rowMode: "array",
      // As the server writes them, which is what it reads again.
      types: { getTypeParser: () => (value: unknown) => value },
    }),
  );
  try {
    let count = rowsFirst;
    for (let part = await cursor.read(count); part.length > 0; part = await cursor.read(count)) {
      yield part;
      const bytes = part.reduce((sum, values) => sum + bytesOf(values), 0);
      count = Math.max(1, Math.min(rowsMax, Math.floor((bytesPerRead * part.length) / Math.max(bytes, 1))));
    }
  } finally {
    await cursor.close();
  }
}

/** Roughly: characters, and some bytes for each value. */
function bytesOf(values: Values): number {
  return values.reduce((sum, value) => sum + 8 + (value?.length ?? 0), 0);
}

/** What COPY reads as something else than itself. */
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

export function copyLine(values: Values): string {
  const fields = values.map((value) =>
    value === null
      ? "\\N"
      : value.replace(/[\\\b\f\n\r\t\v]/g, (character) => escapes[character] ?? character),
  );
  return `${fields.join("\t")}\n`;
}
