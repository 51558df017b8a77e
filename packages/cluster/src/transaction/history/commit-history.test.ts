import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../base/index.ts";
import type { Table } from "../../catalog/table.ts";
import { CommitHistory, type KeyShare } from "./commit-history.ts";

const account: Table = {
  oid: 1,
  schema: "public",
  name: "account",
  columns: [],
  primaryKey: ["id"],
  uniqueKeys: [],
  hasOtherUniqueIndex: false,
  indexes: [],
  checks: [],
  foreignKeys: [],
  cascadesOn: { delete: false, update: false },
};

class HandClock implements Clock {
  ms = 0;
  nowMs(): number {
    return 0;
  }
  monotonicMs(): number {
    return this.ms;
  }
  setTimer(): () => void {
    return () => undefined;
  }
}

const share = (...rows: string[]): KeyShare => ({ table: account, rows });
const nothing: ReadonlySet<string> = new Set();
const any = (): boolean => true;

function shared(history: CommitHistory, ...shares: KeyShare[]): void {
  history.announce({ freed: nothing, released: nothing, shares }).settle();
}

function freed(history: CommitHistory, ...names: string[]): void {
  history.announce({ freed: new Set(names), released: nothing, shares: [] }).settle();
}

const rows = (history: CommitHistory, since: number): string[] =>
  history.keySharesSince(since, (name) => name === "account").flatMap((one) => one.rows);

test("shares committed after a snapshot are found, earlier ones are not", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  shared(history, share("1"));
  const snapshot = history.sequence;
  shared(history, share("2"), share("3"));
  assert.deepEqual(rows(history, snapshot), ["2", "3"]);
});

test("shares of other relations are not found", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  shared(history, share("1"));
  assert.deepEqual(
    history.keySharesSince(0, (name) => name === "entry"),
    [],
  );
});

test("a commit whose answer has not come counts for everybody", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  history.announce({ freed: new Set(["account"]), released: nothing, shares: [share("1")] });
  assert.deepEqual(rows(history, history.sequence), ["1"]);
  assert.equal(history.hasFreedKeys("account", history.sequence), true);
});

test("a commit that was refused counts for nobody", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  const announced = history.announce({
    freed: new Set(["account"]),
    released: nothing,
    shares: [share("1")],
  });
  announced.takeBack();
  announced.settle();
  assert.deepEqual(rows(history, 0), []);
  assert.equal(history.hasFreedKeys("account", 0), false);
});

test("who has taken its place before the answer meets the commit, who takes it after does not", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  const announced = history.announce({
    freed: new Set(["account"]),
    released: nothing,
    shares: [share("1")],
  });
  const before = history.sequence;
  announced.settle();
  assert.deepEqual([rows(history, before), rows(history, history.sequence)], [["1"], []]);
  assert.equal(history.hasFreedKeys("account", before), true);
  assert.equal(history.hasFreedKeys("account", history.sequence), false);
});

test("a share that no open transaction can be older than is forgotten", () => {
  const clock = new HandClock();
  const history = new CommitHistory(clock, 1_000);
  shared(history, share("1"));
  clock.ms = 1_000;
  shared(history, share("2"));
  assert.deepEqual(rows(history, 0), ["1", "2"]);
  clock.ms = 1_001;
  shared(history, share("3"));
  assert.deepEqual(rows(history, 0), ["2", "3"]);
  assert.equal(history.hasForgottenShares(0, any), false);
});

test("at the bound the oldest share is forgotten, and older snapshots are told that there was one", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  const before = history.sequence;
  shared(history, share(...Array.from({ length: 60_000 }, () => "1")));
  const between = history.sequence;
  assert.equal(history.hasForgottenShares(before, any), false);
  shared(history, share(...Array.from({ length: 60_000 }, () => "2")));
  assert.equal(rows(history, before).length, 60_000);
  assert.equal(history.hasForgottenShares(before, any), true);
  assert.equal(
    history.hasForgottenShares(before, (name) => name === "entry"),
    false,
  );
  assert.equal(history.hasForgottenShares(between, any), false);
});

test("freed keys concern snapshots from before", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  const before = history.sequence;
  freed(history, "account");
  assert.equal(history.hasFreedKeys("account", before), true);
  assert.equal(history.hasFreedKeys("entry", before), false);
  assert.equal(history.hasFreedKeys("account", history.sequence), false);
});

test("a commit that frees nothing does not move the order", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  freed(history);
  assert.equal(history.sequence, 0);
});

test("released references concern snapshots from before, and are no freed keys", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  const before = history.sequence;
  const announced = history.announce({ freed: nothing, released: new Set(["entry"]), shares: [] });
  assert.equal(history.hasReleased("entry", history.sequence), true);
  announced.settle();
  assert.equal(history.hasReleased("entry", before), true);
  assert.equal(history.hasReleased("entry", history.sequence), false);
  assert.equal(history.hasFreedKeys("entry", before), false);
});
