import assert from "node:assert/strict";
import { test } from "node:test";
import { copiedBytes, hasLongLine } from "./sent-bytes.ts";

function copy(...texts: string[]): { frames: Buffer[]; end: Buffer } {
  return { frames: texts.map((text) => Buffer.from(`d....${text}`)), end: Buffer.alloc(0) };
}

test("the data of a COPY counts without the headers of its messages", () => {
  assert.equal(copiedBytes(copy("1\tana\n", "2\tben\n")), 12);
});

test("a line counts over the messages that hold it", () => {
  assert.equal(hasLongLine(copy("1234", "5678\n", "12\n"), 8), false);
  assert.equal(hasLongLine(copy("1234", "56789\n"), 8), true);
  assert.equal(hasLongLine(copy("12\n34\n", "123456789"), 8), true);
  assert.equal(hasLongLine(copy("1234567\n1234567\n"), 8), false);
});
