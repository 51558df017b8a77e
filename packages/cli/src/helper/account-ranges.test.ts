import assert from "node:assert/strict";
import { test } from "node:test";
import { batches, divide } from "./account-ranges.ts";

test("the parts follow each other without a gap, and none is longer than another by more than one", () => {
  const parts = divide({ first: 1_001, last: 1_000_000 }, 128);
  assert.equal(parts.length, 128);
  assert.equal(parts[0]?.first, 1_001);
  assert.equal(parts.at(-1)?.last, 1_000_000);
  for (const [index, part] of parts.entries()) {
    if (index > 0) assert.equal(part.first, parts[index - 1]!.last + 1);
    assert.ok([7_804, 7_805].includes(part.last - part.first + 1));
  }
});

test("fewer ids than parts make a part each", () => {
  assert.deepEqual(divide({ first: 5, last: 6 }, 128), [
    { first: 5, last: 5 },
    { first: 6, last: 6 },
  ]);
  assert.deepEqual(divide({ first: 7, last: 6 }, 128), []);
});

test("no batch exceeds its bound", () => {
  const found = batches({ first: 1_001, last: 8_805 }, 3_000);
  assert.deepEqual(
    found.map(({ first, last }) => last - first + 1),
    [2_601, 2_602, 2_602],
  );
});
