import assert from "node:assert/strict";
import { test } from "node:test";

import { AdaptiveLimit } from "./adaptive-limit.ts";

/** A round: everybody enters who may, and leaves again. @returns how many did */
function round(limit: AdaptiveLimit): number {
  let entered = 0;
  while (limit.tryEnter()) entered++;
  for (let left = 0; left < entered; left++) limit.leave();
  return entered;
}

test("until the first refusal the limit grows with every round of answers, up to its maximum", () => {
  const limit = new AdaptiveLimit({ initial: 10, max: 40 });
  assert.equal(round(limit), 10);
  assert.ok(round(limit) > 10);
  for (let more = 0; more < 100; more++) round(limit);
  assert.equal(limit.limit, 40);
});

test("a refusal lowers the limit at once, and the refusals of one moment count as one", () => {
  let now = 0;
  const limit = new AdaptiveLimit({ initial: 100, max: 100, now: () => now });
  for (let refused = 0; refused < 50; refused++) limit.refused();
  assert.equal(limit.limit, 75);
  now = 1_000;
  limit.refused();
  assert.equal(limit.limit, 56);
});

test("after a refusal the limit grows by no more than one a round", () => {
  const limit = new AdaptiveLimit({ initial: 100, max: 1_000 });
  limit.refused();
  const before = limit.limit;
  for (let more = 0; more < 10; more++) round(limit);
  assert.ok(limit.limit > before && limit.limit <= before + 10);
});

test("a limit of which not even half is used does not grow", () => {
  const limit = new AdaptiveLimit({ initial: 10, max: 100 });
  for (let call = 0; call < 1_000; call++) {
    assert.ok(limit.tryEnter());
    limit.leave();
  }
  assert.equal(limit.limit, 10);
});

test("those who wait are served in their order, and never more at a time than the limit", async () => {
  const limit = new AdaptiveLimit({ initial: 2, max: 2 });
  const served: number[] = [];
  let underWay = 0;
  const caller = async (number: number): Promise<void> => {
    await limit.enter();
    served.push(number);
    underWay++;
    assert.ok(underWay <= 2);
    await new Promise(setImmediate);
    underWay--;
    limit.leave();
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map(caller));
  assert.deepEqual(served, [0, 1, 2, 3, 4, 5]);
  assert.equal(limit.underWay, 0);
});
