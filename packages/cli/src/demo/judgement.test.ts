import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeBooks } from "./judgement.ts";

const before = { accounts: 1_000, balance: 100_000, transfers: 1 };
const after = { ...before, transfers: 10_001 };

test("books that agree with what the callers were told are proven", () => {
  const { findings, isProven } = judgeBooks({ before, after, calls: 10_000, successes: 10_000 });
  assert.ok(isProven);
  assert.equal(findings[1]?.text, "the sum of 1,000 balances was 100,000 and is 100,000");
});

test("money made or lost, a row too many or too few, a failed call: none is proven", () => {
  const calls = 10_000;
  for (const told of [
    { before, after: { ...after, balance: 99_999 }, calls, successes: calls },
    { before, after: { ...after, accounts: 999 }, calls, successes: calls },
    { before, after: { ...after, transfers: 10_002 }, calls, successes: calls },
    { before, after: { ...after, transfers: 10_000 }, calls, successes: calls },
    { before, after: { ...after, transfers: 10_000 }, calls, successes: calls - 1 },
  ]) {
    assert.ok(!judgeBooks(told).isProven);
  }
});
