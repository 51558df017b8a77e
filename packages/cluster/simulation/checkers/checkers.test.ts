import assert from "node:assert/strict";
import { test } from "node:test";
import type { Interval, ListTransaction } from "../workloads/lists.ts";
import { findListProblem } from "./list-history.ts";
import { ServerChosen, SnapshotModel } from "./snapshot-model.ts";

const row = (id: number, val: number): { id: number; grp: number; val: number } => ({ id, grp: 0, val });
const modelOfOneRow = (): SnapshotModel => new SnapshotModel([["plain", row(1, 100)]]);

test("a transaction reads its snapshot and its own writes, whatever others commit", () => {
  const model = modelOfOneRow();
  const reader = model.begin();
  const writer = model.begin();
  writer.put("plain", row(1, 60));
  writer.put("plain", row(2, 20));
  model.commit(writer);
  assert.deepEqual(reader.rows("plain"), [row(1, 100)]);
  reader.put("plain", row(3, 3));
  assert.deepEqual(reader.rows("plain"), [row(1, 100), row(3, 3)]);
  assert.deepEqual(model.begin().rows("plain"), [row(1, 60), row(2, 20)]);
});

test("the later COMMIT of two writers of one row conflicts; a reader's does not", () => {
  const model = modelOfOneRow();
  const [first, second, reader] = [model.begin(), model.begin(), model.begin()];
  for (const writer of [first, second]) writer.put("plain", row(1, 60));
  assert.deepEqual(reader.rows("plain"), [row(1, 100)]);
  assert.equal(model.verdict(second), "commits");
  model.commit(second);
  assert.equal(model.verdict(first), "conflicts");
  assert.equal(model.verdict(reader), "commits");
});

test("FOR UPDATE is a write on both sides", () => {
  const model = modelOfOneRow();
  const [locker, writer] = [model.begin(), model.begin()];
  locker.lock("plain", 1);
  writer.put("plain", row(1, 60));
  model.commit(locker);
  assert.equal(model.verdict(writer), "conflicts");
});

test("rows inserted and deleted again leave the verdict open", () => {
  const model = modelOfOneRow();
  const [brief, other] = [model.begin(), model.begin()];
  brief.put("plain", row(9, 9));
  brief.remove("plain", 9);
  other.put("plain", row(9, 1));
  model.commit(other);
  assert.equal(model.verdict(brief), "either");
});

test("a value that the server chose is what it was when first seen", () => {
  const value = new ServerChosen();
  assert.ok(value.matches("a"));
  assert.ok(value.matches("a"));
  assert.ok(!value.matches("b"));
});

const at = (from: number, until = from): Interval => ({ from, until });

function transaction(
  name: string,
  snapshot: Interval,
  commit: Interval,
  more: Partial<ListTransaction> & { list?: number },
): ListTransaction {
  const appends = new Map(more.list === undefined ? [] : [[more.list, [name]]]);
  return { name, snapshot, commit, outcome: "committed", reads: [], appends, ...more };
}

const final = (...elements: string[]): Map<number, string[]> => new Map([[1, elements]]);

test("a serial history of appends is explained", () => {
  const history = [
    transaction("A", at(1), at(2), { list: 1 }),
    transaction("B", at(3), at(4), { list: 1, reads: [{ list: 1, elements: ["A"] }] }),
  ];
  assert.equal(findListProblem(history, final("A", "B")), undefined);
});

test("two overlapping writers of one list that both committed are found", () => {
  const history = [transaction("A", at(1), at(3), { list: 1 }), transaction("B", at(2), at(4), { list: 1 })];
  assert.match(
    findListProblem(history, final("A", "B")) ?? "",
    /snapshot of B was over before what it must follow/,
  );
});

test("a lost append is found", () => {
  const history = [transaction("A", at(1), at(2), { list: 1 })];
  assert.match(findListProblem(history, final()) ?? "", /lost A/);
});

test("a read of what was committed later is found, and so is a stale one", () => {
  const writer = transaction("A", at(1), at(5), { list: 1 });
  const early = transaction("B", at(2), at(3), { reads: [{ list: 1, elements: ["A"] }] });
  const stale = transaction("C", at(8), at(9), { reads: [{ list: 1, elements: [] }] });
  assert.match(findListProblem([writer, early], final("A")) ?? "", /snapshot of B/);
  assert.match(findListProblem([writer, stale], final("A")) ?? "", /commit of A/);
});

test("two reads that fit no common snapshot are found", () => {
  const history = [
    transaction("A", at(1), at(2, 9), { list: 1 }),
    transaction("B", at(1), at(2, 9), { list: 2 }),
    transaction("R", at(1, 9), at(10), {
      reads: [
        { list: 1, elements: ["A"] },
        { list: 2, elements: [] },
      ],
    }),
    transaction("S", at(1, 9), at(10), {
      reads: [
        { list: 1, elements: [] },
        { list: 2, elements: ["B"] },
      ],
    }),
  ];
  const lists = new Map([
    [1, ["A"]],
    [2, ["B"]],
  ]);
  assert.match(findListProblem(history, lists) ?? "", /circle/);
});

test("a conflict with nobody is found", () => {
  const loser = transaction("A", at(3), at(4), { list: 1, outcome: "conflicted" });
  const before = transaction("B", at(1), at(2), { list: 1 });
  assert.match(findListProblem([before, loser], final("B")) ?? "", /A lost although/);
});

test("FOR KEY SHARE and a removal of the row conflict in both orders; with an update of other columns it does not", () => {
  for (const sharerIsFirst of [true, false]) {
    const model = modelOfOneRow();
    const [sharer, remover, writer] = [model.begin(), model.begin(), model.begin()];
    sharer.share("plain", 1);
    remover.remove("plain", 1);
    writer.put("plain", row(1, 60));
    const [first, second] = sharerIsFirst ? [sharer, remover] : [remover, sharer];
    model.commit(first);
    assert.equal(model.verdict(second), "conflicts");
    assert.equal(model.verdict(writer), sharerIsFirst ? "commits" : "conflicts");
  }
});
