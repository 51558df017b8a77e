import assert from "node:assert/strict";
import { test } from "node:test";
import { isOneMoreDue, type Standing } from "./environment-growth.ts";
import { environmentWaitMsMax, releaseExpectedMs, stuckAfterMs } from "./limits.ts";

const nowMs = 100_000;

/** One has come free just now, and there is time left. */
const served: Standing = {
  waitingSinceMs: nowMs - 10,
  releasedMs: nowMs - 1,
  madeMs: nowMs - 10_000,
  isSaturated: () => false,
};
const isSaturated = (): boolean => true;
const noneComesFree = { ...served, releasedMs: nowMs - releaseExpectedMs };
const waitsLong = { ...served, waitingSinceMs: nowMs - environmentWaitMsMax };

test("while environments come free, an invocation waits for one of them", () => {
  assert.equal(isOneMoreDue(nowMs, served), false);
});

test("one more is made when none comes free, or the wait grows long", () => {
  assert.equal(isOneMoreDue(nowMs, noneComesFree), true);
  assert.equal(isOneMoreDue(nowMs, waitsLong), true);
});

test("none is made that would only wait for a processor", () => {
  assert.equal(isOneMoreDue(nowMs, { ...noneComesFree, isSaturated }), false);
  assert.equal(isOneMoreDue(nowMs, { ...waitsLong, isSaturated }), false);
});

test("one a second is made even so when none comes free at all", () => {
  const stuck = { ...served, releasedMs: nowMs - stuckAfterMs - 1, isSaturated };
  assert.equal(isOneMoreDue(nowMs, stuck), true);
  assert.equal(isOneMoreDue(nowMs, { ...stuck, madeMs: nowMs - 10 }), false);
});
