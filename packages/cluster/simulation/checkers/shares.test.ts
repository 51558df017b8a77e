import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyTransaction } from "../workloads/keys.ts";
import { findMetShare } from "./shares.ts";

const sharer: KeyTransaction = {
  name: "S",
  snapshot: { from: 0, until: 1 },
  commit: { from: 4, until: 5 },
  outcome: "committed",
  shared: ["row"],
  told: [],
  removed: [],
};
const remover: KeyTransaction = { ...sharer, name: "R", shared: [], removed: ["row"] };

test("a share and a removal of one row that were open together have not both committed", () => {
  assert.match(findMetShare([sharer, remover]) ?? "", /S has shared row, R has removed it/);
  assert.equal(findMetShare([sharer, { ...remover, outcome: "conflicted" }]), undefined);
  assert.equal(findMetShare([sharer, { ...remover, removed: ["other"] }]), undefined);
});

test("one that may have begun when the other was over is not blamed", () => {
  assert.equal(findMetShare([sharer, { ...remover, snapshot: { from: 3, until: 4.5 } }]), undefined);
});

test("one that shares a row and then removes it has met itself only", () => {
  assert.equal(findMetShare([{ ...sharer, removed: ["row"] }]), undefined);
});
