import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { BulkLoadError, type RejectedRow } from "./options.ts";
import { readRecords, type RecordsOptions, type Row } from "./records.ts";

async function read(
  input: string | Uint8Array | readonly Uint8Array[],
  options: Partial<RecordsOptions> = {},
): Promise<{ columns: readonly string[]; rows: Row[]; rejected: RejectedRow[] }> {
  const rejected: RejectedRow[] = [];
  const source = Readable.from(Array.isArray(input) ? input : [Buffer.from(input as string)]);
  const records = await readRecords(source, {
    table: "t",
    format: "csv",
    header: true,
    columns: undefined,
    nullText: "",
    quotedNull: false,
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
    { line: 3, reason: "has 1 field instead of 2" },
    { line: 4, reason: "has 3 fields instead of 2" },
  ]);
});

test("a line is counted though it is empty or ends in a carriage return alone", async () => {
  const blank = await read("id\n\n1\n\r\n\n2\n");
  assert.deepEqual(
    blank.rows.map(({ line }) => line),
    [3, 6],
  );
  const ofOldMac = await read("id,name\r1,a\r2,b\r");
  assert.deepEqual(
    ofOldMac.rows.map(({ values }) => values),
    [
      ["1", "a"],
      ["2", "b"],
    ],
  );
});

test("an empty value is NULL, and one in quotes is an empty text unless it is said otherwise", async () => {
  const csv = 'a,b,c\n,"",x\n"",,\n';
  const values = async (options: Partial<RecordsOptions>): Promise<unknown> =>
    (await read(csv, options)).rows.map((row) => row.values);
  assert.deepEqual(await values({}), [
    [null, "", "x"],
    ["", null, null],
  ]);
  assert.deepEqual(await values({ quotedNull: true }), [
    [null, null, "x"],
    [null, null, null],
  ]);
  assert.deepEqual(await values({ nullText: "x" }), [
    ["", "", null],
    ["", "", ""],
  ]);
});

test("quotes hold delimiters, line ends and quotes, as doubled", async () => {
  const { rows } = await read('a;b\n"1;""2""\n\n3";" x"\n"""";"a"""\n', { delimiter: ";" });
  assert.deepEqual(
    rows.map(({ line, values }) => [line, ...values]),
    [
      [2, '1;"2"\n\n3', " x"],
      [5, '"', 'a"'],
    ],
  );
});

test("a quote out of place costs its line, and no value is told", async () => {
  const { rows, rejected } = await read('a,b\n3,"x"secret\n5" secret,6\n1,"said "hi""\n7,8\n');
  assert.deepEqual(
    rows.map(({ values }) => values),
    [["7", "8"]],
  );
  assert.deepEqual(rejected, [
    { line: 2, reason: "a quote in field 2 is out of place" },
    { line: 3, reason: "a quote in field 1 is out of place" },
    { line: 4, reason: "a quote in field 2 is out of place" },
  ]);
});

test("a quote that is never closed, or misplaced some lines on, ends the reading where it opens", async () => {
  await assert.rejects(read('a,b\n1,2\n3,"x\n4,5\n'), /record at line 3 opens a quote that is never closed/);
  await assert.rejects(
    read('a,b\n3,"x\n4,5\n6,y"secret\n'),
    (error: Error) =>
      /record at line 2 opens a quote, and line 4 has one out of place/.test(error.message) &&
      !error.message.includes("secret"),
  );
});

test("records are the same however the bytes are cut", async () => {
  const bytes = Buffer.from('\uFEFFid,text\r\n1,"zwö\r\nlf"\r\n2,ü\r\n');
  const { columns, rows } = await read([...bytes].map((byte) => Buffer.from([byte])));
  assert.deepEqual(columns, ["id", "text"]);
  assert.deepEqual(
    rows.map(({ line, values }) => [line, ...values]),
    [
      [2, "1", "zwö\r\nlf"],
      [4, "2", "ü"],
    ],
  );
});

test("text is read in its encoding; bytes that are not of it end the reading with their line", async () => {
  const latin = Buffer.from("name\na\ncaf\u00e9\n", "latin1");
  await assert.rejects(read(latin), /line 3 is not text in utf-8: name its encoding, as windows-1252/);
  const { rows } = await read(latin, { encoding: "windows-1252" });
  assert.deepEqual(rows[1]?.values, ["caf\u00e9"]);
  const utf16 = Buffer.from("\uFEFFid\tname\r\n1\tcaf\u00e9\r\n", "utf16le");
  assert.deepEqual((await read(utf16, { format: "tsv" })).rows[0]?.values, ["1", "caf\u00e9"]);
  await assert.rejects(read("a\n", { encoding: "klingon" }), /there is no encoding "klingon"/);
});

test("a header that is one name with a semicolon in it is asked about, unless the delimiter is given", async () => {
  await assert.rejects(read("id;name\n1;a\n"), /";" in it: if that separates the columns/);
  assert.deepEqual((await read("id;name\n1\n", { delimiter: "," })).columns, ["id;name"]);
});

test("the text of COPY has backslashes undone and ends where it says so", async () => {
  const text = "1\t\\N\n2\ta\\tb\\nc\\\\N\\.\n3\t\n\\.\nSELECT 1;\n";
  const { rows } = await read(text, { format: "copy", header: false });
  assert.deepEqual(
    rows.map(({ values }) => values),
    [
      ["1", null],
      ["2", "a\tb\nc\\N."],
      ["3", ""],
    ],
  );
});

test("the text of COPY may write bytes by their numbers, octal or hexadecimal", async () => {
  const { rows } = await read("\\101\\x42\\x\tcaf\\303\\xa9\\\\101\n", { format: "copy", header: false });
  assert.deepEqual(rows[0]?.values, ["ABx", "caf\u00e9\\101"]);
  await assert.rejects(
    read("a\n\\303\n", { format: "copy", header: false }),
    new BulkLoadError("line 2 has bytes by their numbers that are not text in utf-8"),
  );
});

test("a byte order mark does not make the first JSON object unreadable", async () => {
  const { rows, rejected } = await read('\uFEFF{"a":{"b":[1]}}\r\n', { format: "jsonl" });
  assert.deepEqual(rows, [{ line: 1, values: ['{"b":[1]}'] }]);
  assert.deepEqual(rejected, []);
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

const dump = [
  "--",
  "-- PostgreSQL database dump",
  "SET statement_timeout = 0;",
  "CREATE TABLE public.other (id integer);",
  "COPY public.other (id) FROM stdin;",
  "7",
  "\\.",
  'COPY shop."Order" (id, "Note, long", n) FROM stdin;',
  "1\tone\t\\N",
  "2\ttwo",
  "\\.",
  "SELECT pg_catalog.setval('shop.s', 2, true);",
  "",
].join("\n");

test("of a whole file of pg_dump the rows of the table are read, in COPY's columns", async () => {
  const copy = { format: "copy", header: false, columns: ["n", "id"] } as const;
  const { columns, rows, rejected } = await read(dump, { ...copy, table: ["shop", "Order"] });
  assert.deepEqual(columns, ["id", "Note, long", "n"]);
  assert.deepEqual(rows, [{ line: 9, values: ["1", "one", null] }]);
  assert.deepEqual(rejected, [{ line: 10, reason: "has 2 fields instead of 3" }]);
  assert.deepEqual((await read(dump, { ...copy, table: "other" })).rows, [{ line: 6, values: ["7"] }]);
  await assert.rejects(
    read(dump, { ...copy, table: "public.Order" }),
    /file of pg_dump that holds no rows of public\.Order: it has those of public\.other, shop\."Order"/,
  );
});

test("the text of COPY alone may begin like a comment", async () => {
  const { rows } = await read("-- note\t1\n", { format: "copy", header: false });
  assert.deepEqual(rows, [{ line: 1, values: ["-- note", "1"] }]);
});
