import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "./random.ts";

const draw = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.integer(1, 1_000));
};

test("the same seed gives the same numbers", () => {
  assert.deepEqual(draw(4711, 100), draw(4711, 100));
});

test("neighbouring seeds and seeds that differ above 32 bits give different numbers", () => {
  assert.notDeepEqual(draw(1, 20), draw(2, 20));
  assert.notDeepEqual(draw(1, 20), draw(2 ** 32 + 1, 20));
});

test("the numbers stay in their range and reach both ends of it", () => {
  const random = seededRandom(1);
  const drawn = new Set(Array.from({ length: 1_000 }, () => random.integer(-1, 2)));
  assert.deepEqual([...drawn].sort(), [-1, 0, 1, 2]);
});

test("the numbers are spread evenly", () => {
  const counts = new Array<number>(10).fill(0);
  const random = seededRandom(7);
  for (let drawn = 0; drawn < 100_000; drawn++) counts[random.integer(0, 9)]!++;
  // 10,000 each are expected, with a standard deviation of 95; the seed is fixed, so the outcome is too.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${count}`);
});
