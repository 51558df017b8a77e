import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionDpu } from "./prices.ts";

const about = (value: number, expected: number): void => {
  assert.ok(Math.abs(value - expected) < 0.000_05, `${value} is not about ${expected}`);
};

test("a point read of 3 ms costs what AWS's example says", () => {
  about(transactionDpu({ computeMs: 3, bytesRead: 100, entryBytesWritten: [] }).total, 0.006_75);
});

test("a single insert of 8 ms costs what AWS's example says", () => {
  const { write, total } = transactionDpu({ computeMs: 8, bytesRead: 2_048, entryBytesWritten: [100] });
  about(write, 0.05);
  about(total, 0.061_75);
});

test("eight smallest entries cost as much as one", () => {
  const one = transactionDpu({ computeMs: 0, bytesRead: 0, entryBytesWritten: [10] });
  const eight = transactionDpu({ computeMs: 0, bytesRead: 0, entryBytesWritten: Array<number>(8).fill(10) });
  const nine = transactionDpu({ computeMs: 0, bytesRead: 0, entryBytesWritten: Array<number>(9).fill(10) });
  assert.equal(eight.total, one.total);
  assert.ok(nine.total > one.total);
});

test("a second Region pays for the writes again, and not for the reads", () => {
  const work = { computeMs: 1, bytesRead: 5_000, entryBytesWritten: [2_000] };
  const single = transactionDpu(work);
  const double = transactionDpu({ ...work, isMultiRegion: true });
  about(double.total - single.total, single.write);
});
