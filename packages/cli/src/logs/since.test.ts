import assert from "node:assert/strict";
import { test } from "node:test";
import { sinceMs } from "./since.ts";

const nowMs = Date.parse("2026-11-21T09:30:00Z");

test("a time ago is counted back from now", () => {
  assert.equal(sinceMs("30s", nowMs), nowMs - 30_000);
  assert.equal(sinceMs("5m", nowMs), nowMs - 300_000);
  assert.equal(sinceMs("2h", nowMs), nowMs - 7_200_000);
  assert.equal(sinceMs("1d", nowMs), nowMs - 86_400_000);
});

test("a point in time is taken as it is", () => {
  assert.equal(sinceMs("2026-11-21T09:00:00Z", nowMs), nowMs - 1_800_000);
});

test("anything else is refused with what it may be", () => {
  for (const text of ["", "5", "5 m", "yesterday", "-1m", "1w", "2026"]) {
    assert.throws(() => sinceMs(text, nowMs), /30s, 5m, 2h or 1d/, text);
  }
});
