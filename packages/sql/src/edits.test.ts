import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEdits, applyEditsWithin, originalOffset, overwrite } from "./edits.ts";

const text = "select a from t";
const column = { start: 7, end: 8, text: "long_name" };
const table = { start: 14, end: 15, text: "u" };

test("edits are of the original's places, in whatever order they are given", () => {
  assert.equal(applyEdits(text, [table, column]), "select long_name from u");
  assert.equal(applyEdits(text, []), text);
});

test("at one place insertions keep their order and come before what is replaced", () => {
  const insert = (inserted: string) => ({ start: 7, end: 7, text: inserted });
  assert.equal(applyEdits(text, [column, insert("x, "), insert("y, ")]), "select x, y, long_name from t");
});

test("within a range only the edits that lie in it count", () => {
  assert.equal(applyEditsWithin(text, { start: 7, end: 13 }, [column, table]), "long_name from");
});

test("a place of the edited text leads back to the original", () => {
  const edited = applyEdits(text, [column, table]);
  const back = (word: string) => originalOffset([column, table], edited.indexOf(word));
  assert.deepEqual([back("select"), back("name"), back("from"), back("u")], [0, 7, 9, 14]);
});

test("what is overwritten keeps its length", () => {
  assert.equal(
    overwrite(
      "a ASYNC b ASYNC",
      [
        { start: 2, end: 7 },
        { start: 10, end: 15 },
      ],
      "x",
    ),
    "a x     b x    ",
  );
});
