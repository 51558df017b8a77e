import assert from "node:assert/strict";
import { test } from "node:test";
import { changedRowsOf } from "./changed-rows.ts";

const tags: readonly (readonly [string, number])[] = [
  ["INSERT 0 3", 3],
  ["UPDATE 3001", 3_001],
  ["DELETE 0", 0],
  ["COPY 12", 12],
  ["SELECT 500", 0],
  ["CREATE TABLE", 0],
  ["", 0],
];

for (const [tag, rows] of tags) {
  test(`"${tag}" reports ${rows} changed rows`, () => {
    assert.equal(changedRowsOf(tag), rows);
  });
}
