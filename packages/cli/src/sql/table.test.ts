import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth, formatTable } from "./table.ts";

const text = (name: string) => ({ name, isNumber: false });
const number = (name: string) => ({ name, isNumber: true });

test("a table looks like psql's: heads centred, text left, numbers right, rows counted", () => {
  const table = formatTable(
    [number("id"), text("owner"), number("balance")],
    [
      ["1", "ana", "100"],
      ["2", "benedict", null],
    ],
  );
  assert.equal(
    table,
    [
      " id |  owner   | balance",
      "----+----------+---------",
      "  1 | ana      |     100",
      "  2 | benedict |",
      "(2 rows)",
    ].join("\n"),
  );
});

test("one row is counted in the singular, none in the plural", () => {
  assert.match(formatTable([text("a")], [["x"]]), /\(1 row\)$/);
  assert.match(formatTable([text("a")], []), /\(0 rows\)$/);
});

test("a value with line breaks goes on below, marked as psql marks it", () => {
  const table = formatTable([text("plan"), number("n")], [["first\nsecond", "1"]]);
  assert.equal(table, ["  plan  | n", "--------+---", " first +| 1", " second |", "(1 row)"].join("\n"));
});

test("control characters are shown, not sent to the terminal", () => {
  assert.match(formatTable([text("a")], [["\u001b[31mred"]]), /\\x1b\[31mred/);
});

test("wide characters take two columns, combining marks none", () => {
  assert.equal(displayWidth("日本"), 4);
  assert.equal(displayWidth("e\u0301"), 1);
  assert.equal(displayWidth("🙂"), 2);
});
