import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../base/index.ts";
import type { Table } from "../catalog/table.ts";
import { CommitHistory } from "./commit-history.ts";

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

const share = (image: string): { table: Table; images: string[] } => ({ table: account, images: [image] });
const images = (history: CommitHistory, since: number): string[] =>
  history.keySharesSince(since, new Set(["account"])).flatMap((one) => one.images);

test("shares committed after a snapshot are found, earlier ones are not", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  history.shared([share("(1)")]);
  const snapshot = history.sequence;
  history.shared([share("(2)"), share("(3)")]);
  assert.deepEqual(images(history, snapshot), ["(2)", "(3)"]);
});

test("shares of other relations are not found", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  history.shared([share("(1)")]);
  assert.deepEqual(history.keySharesSince(0, new Set(["entry"])), []);
});

test("a share that no open transaction can be older than is forgotten", () => {
  const clock = new HandClock();
  const history = new CommitHistory(clock, 1_000);
  history.shared([share("(1)")]);
  clock.ms = 1_000;
  history.shared([share("(2)")]);
  assert.deepEqual(images(history, 0), ["(1)", "(2)"]);
  clock.ms = 1_001;
  history.shared([]);
  assert.deepEqual(images(history, 0), ["(2)"]);
});

test("at the bound the oldest share is forgotten", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  history.shared(Array.from({ length: 10_001 }, (_, number) => share(`(${number})`)));
  const kept = images(history, 0);
  assert.equal(kept.length, 10_000);
  assert.equal(kept[0], "(1)");
});

test("freed keys concern snapshots from before", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  const before = history.sequence;
  history.freed(new Set(["account"]));
  assert.equal(history.hasFreedKeys("account", before), true);
  assert.equal(history.hasFreedKeys("entry", before), false);
  assert.equal(history.hasFreedKeys("account", history.sequence), false);
});

test("a commit that frees nothing does not move the order", () => {
  const history = new CommitHistory(new HandClock(), 1_000);
  history.freed(new Set());
  assert.equal(history.sequence, 0);
});
