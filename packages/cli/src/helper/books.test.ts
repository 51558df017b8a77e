import assert from "node:assert/strict";
import { test } from "node:test";
import { type Books, judgeBooks } from "./books.ts";

const before: Books = { accounts: 1_000n, balance: 100_000n, least: 100n, transfers: 5n };
const after: Books = { ...before, least: 0n, transfers: 10_005n };
const told = { successes: 10_000, unknownOutcomes: 0 };

const holds = (findings: ReturnType<typeof judgeBooks>): boolean =>
  findings.every((finding) => finding.holds);

test("books hold when no money was made or lost and every success has its row", () => {
  const findings = judgeBooks(before, after, told);
  assert.ok(holds(findings));
  assert.deepEqual(
    findings.map((finding) => finding.text),
    [
      "The sum of 1,000 balances was 100,000 and is 100,000",
      "The smallest balance is 0",
      "The history has 10,000 new rows for 10,000 successful transfers",
    ],
  );
});

test("money made or lost, an account more, a row too many or too few: the books do not hold", () => {
  assert.ok(!holds(judgeBooks(before, { ...after, balance: 99_999n }, told)));
  assert.ok(!holds(judgeBooks(before, { ...after, accounts: 1_001n }, told)));
  assert.ok(!holds(judgeBooks(before, { ...after, least: -1n }, told)));
  assert.ok(!holds(judgeBooks(before, { ...after, transfers: 10_006n }, told)));
  assert.ok(!holds(judgeBooks(before, { ...after, transfers: 10_004n }, told)));
});

test("a call of unknown outcome may or may not have left a row", () => {
  const unsure = { successes: 9_998, unknownOutcomes: 2 };
  assert.ok(holds(judgeBooks(before, { ...after, transfers: 10_003n }, unsure)));
  assert.ok(holds(judgeBooks(before, { ...after, transfers: 10_005n }, unsure)));
  assert.ok(!holds(judgeBooks(before, { ...after, transfers: 10_006n }, unsure)));
});

test("without a history the balances alone are judged", () => {
  const early = { ...before, transfers: undefined };
  assert.equal(judgeBooks(early, early, told).length, 2);
});
