import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "./random.ts";
import { randomTransfers } from "./workload.ts";

test("payer and payee differ, and every pair of accounts occurs", () => {
  const next = randomTransfers({ random: seededRandom(1), accounts: 3, amount: 1 });
  const pairs = new Set(Array.from({ length: 500 }, () => next()).map((t) => `${t.payer_id}>${t.payee_id}`));
  assert.deepEqual([...pairs].sort(), ["1>2", "1>3", "2>1", "2>3", "3>1", "3>2"]);
});

test("every transfer has the given amount", () => {
  const next = randomTransfers({ random: seededRandom(1), accounts: 1_000, amount: 10 });
  assert.equal(next().amount, 10);
});

test("a transfer among fewer than two accounts is refused", () => {
  assert.throws(() => randomTransfers({ random: seededRandom(1), accounts: 1, amount: 1 }), RangeError);
});
