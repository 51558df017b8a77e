import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { RejectedRow } from "./options.ts";
import { readRecords, type RecordsOptions, type Row } from "./records.ts";

async function read(
  text: string,
  options: Partial<RecordsOptions> = {},
): Promise<{ columns: readonly string[]; rows: Row[]; rejected: RejectedRow[] }> {
  const rejected: RejectedRow[] = [];
  const source = Readable.from([Buffer.from(text)]);
  const records = await readRecords(source, {
    format: "csv",
    header: true,
    columns: undefined,
    nullText: "",
    onReject: (row) => rejected.push(row),
    ...options,
  });
  const rows: Row[] = [];
  for await (const row of records.rows) rows.push(row);
  return { columns: records.columns, rows, rejected };
}

test("a record knows the line at which it begins, also after one of several lines", async () => {
  const { columns, rows } = await read('\uFEFFid,text\r\n1,"two\r\nlines"\r\n2,b\r\n3,c\r\n');
  assert.deepEqual(columns, ["id", "text"]);
  assert.deepEqual(
    rows.map(({ line, values }) => [line, ...values]),
    [
      [2, "1", "two\r\nlines"],
      [4, "2", "b"],
      [5, "3", "c"],
    ],
  );
});

test("a record with too few or too many fields is refused, the others are read", async () => {
  const { rows, rejected } = await read("a,b\n1,2\n1\n1,2,3\n4,5\n");
  assert.deepEqual(
    rows.map(({ values }) => values),
    [
      ["1", "2"],
      ["4", "5"],
    ],
  );
  assert.deepEqual(rejected, [
    { line: 3, reason: "has 1 fields instead of 2" },
    { line: 4, reason: "has 3 fields instead of 2" },
  ]);
});

test("a quote in the wrong place ends the reading with its line, and without the value", async () => {
  await assert.rejects(read('a,b\n1,2\n3,"x"secret\n5,6\n'), (error: Error) => {
    assert.match(error.message, /line 3 \(CSV_INVALID_CLOSING_QUOTE\)/);
    return !error.message.includes("secret");
  });
});

test("without header and names, columns are numbered", async () => {
  const { columns, rows } = await read("1,2\n3,4\n", { header: false });
  assert.deepEqual([columns, rows.length], [["column_1", "column_2"], 2]);
});

test("an empty file has no columns and no rows", async () => {
  for (const format of ["csv", "tsv", "jsonl"] as const) {
    assert.deepEqual(await read("", { format }), { columns: [], rows: [], rejected: [] });
  }
});

test("fields of JSON Lines are found wherever they appear first, and may be missing", async () => {
  const { columns, rows } = await read('{"a":1}\n\n{"b":false,"a":null}\n{"c', { format: "jsonl" });
  assert.deepEqual(columns, ["a", "b"]);
  assert.deepEqual(rows, [
    { line: 1, values: ["1", null] },
    { line: 3, values: [null, "false"] },
  ]);
});
