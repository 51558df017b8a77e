import assert from "node:assert/strict";
import { test } from "node:test";

import { TimeHistogram } from "./histogram.ts";

test("the ends and the mean are exact, the percentiles right to four digits", () => {
  const histogram = new TimeHistogram();
  for (let timeMs = 1; timeMs <= 1_000; timeMs++) histogram.record(timeMs);
  const { count, min, max, mean, p50, p99, p999 } = histogram.times();
  assert.deepEqual({ count, min, max, mean }, { count: 1_000, min: 1, max: 1_000, mean: 500.5 });
  for (const [actual, expected] of [
    [p50, 500],
    [p99, 990],
    [p999, 999],
  ] as const) {
    assert.ok(Math.abs(actual - expected) <= expected / 10_000, `${actual} is not ${expected}`);
  }
});

test("no percentile is greater than the greatest time", () => {
  const histogram = new TimeHistogram();
  histogram.record(123.457);
  const { max, p50, p999 } = histogram.times();
  assert.ok(p50 <= max && p999 <= max);
});

test("an empty histogram is all zero", () => {
  assert.deepEqual(Object.values(new TimeHistogram().times()), new Array(8).fill(0));
});

test("a time that no call can take counts as the longest that is kept", () => {
  const histogram = new TimeHistogram();
  histogram.record(1e12);
  histogram.record(-1);
  const { min, max } = histogram.times();
  assert.deepEqual({ min, max }, { min: 0, max: 3_600_000 });
});

test("two histograms merged have the percentiles of all their times", () => {
  const [low, high, all] = [new TimeHistogram(), new TimeHistogram(), new TimeHistogram()];
  for (let timeMs = 1; timeMs <= 1_000; timeMs++) {
    (timeMs <= 990 ? low : high).record(timeMs);
    all.record(timeMs);
  }
  low.merge(high.state());
  assert.deepEqual(low.times(), all.times());
  low.merge(new TimeHistogram().state());
  assert.deepEqual(low.times(), all.times());
});
