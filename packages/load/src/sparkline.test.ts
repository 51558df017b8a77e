import assert from "node:assert/strict";
import { test } from "node:test";

import { Sparkline } from "./sparkline.ts";

function drawn(values: readonly number[], valuesMax = 10): string {
  const sparkline = new Sparkline(valuesMax);
  for (const value of values) sparkline.add(value);
  return sparkline.draw();
}

test("the greatest value has the tallest bar, zero the lowest", () => {
  assert.equal(drawn([0, 4, 8]), "▁▅█");
});

test("only zeros are a flat line, and nothing is nothing", () => {
  assert.equal(drawn([0, 0]), "▁▁");
  assert.equal(drawn([]), "");
});

test("the oldest value goes first", () => {
  assert.equal(drawn([100, 1, 1], 2), "██");
});

test("where there is room for fewer bars, the latest are shown", () => {
  const sparkline = new Sparkline(10);
  for (const value of [100, 4, 8]) sparkline.add(value);
  assert.equal(sparkline.draw(2), "▅█");
  assert.equal(sparkline.draw(0), "");
});
