import assert from "node:assert/strict";
import { test } from "node:test";
import { textArray, quoteLiteral, quoteName, quotePortableLiteral } from "./quote.ts";

test("a name and a literal double their own quotes", () => {
  assert.equal(quoteName('a"b'), '"a""b"');
  assert.equal(quoteLiteral("a'b\\"), "'a''b\\'");
});

test("a literal with backslashes is one everywhere as an E string", () => {
  assert.equal(quotePortableLiteral("a'b"), "'a''b'");
  assert.equal(quotePortableLiteral("a'\\"), "E'a''\\\\'");
});

test("an array quotes each value and tells NULL from its name", () => {
  assert.equal(
    textArray(["a", null, undefined, "NULL", 'q"\\,', ""]),
    '{"a",NULL,NULL,"NULL","q\\"\\\\,",""}',
  );
});
