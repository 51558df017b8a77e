import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

test("a burst goes at once, the rest at the rate, and quiet times fill the burst and no more", () => {
  let nowMs = 0;
  const pace = new Pace({ connectionsPerSecond: 10, burst: 3, nowMs: () => nowMs });
  const take = (count: number): number[] => Array.from({ length: count }, () => Math.round(pace.reserveMs()));
  assert.deepEqual(take(5), [0, 0, 0, 100, 200]);
  nowMs = 10_000;
  assert.deepEqual(take(4), [0, 0, 0, 100]);
});

test("a pace at or beyond the service's is refused", () => {
  assert.throws(() => new Pace({ connectionsPerSecond: 100 }), /fewer than 100/);
  assert.throws(() => new Pace({ connectionsPerSecond: 0 }));
});
