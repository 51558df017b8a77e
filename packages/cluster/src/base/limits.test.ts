import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@dsql-local/spec";
import { lowerLimits, serviceLimits } from "./limits.ts";

test("without options every limit is the service's", () => {
  assert.deepEqual(lowerLimits(), serviceLimits);
  assert.equal(lowerLimits().rowsPerTransactionMax, limits.rowsPerTransactionMax.value);
});

test("a limit is lowered and the others stay", () => {
  const lowered = lowerLimits({ rowsPerTransactionMax: 10, transactionSecondsMax: 0.3 });
  assert.equal(lowered.rowsPerTransactionMax, 10);
  assert.equal(lowered.transactionSecondsMax, 0.3);
  assert.equal(lowered.tablesMax, 1_000);
});

const refused: readonly (readonly [Record<string, number>, RegExp])[] = [
  [{ rowsPerTransaction: 10 }, /no limit "rowsPerTransaction".*rowsPerTransactionMax/],
  [{ toString: 1 }, /no limit "toString"/],
  [{ sequenceCacheMin: 1 }, /no limit "sequenceCacheMin"/],
  [{ rowsPerTransactionMax: 3_001 }, /whole number of rows above 0 and up to 3000, not 3001/],
  [{ rowsPerTransactionMax: 0 }, /above 0/],
  [{ rowsPerTransactionMax: 1.5 }, /whole number/],
  [{ transactionSecondsMax: Number.NaN }, /a number of seconds/],
];
for (const [lowered, message] of refused) {
  test(`refused: ${JSON.stringify(lowered)}`, () => {
    assert.throws(() => lowerLimits(lowered), { name: "RangeError", message });
  });
}
