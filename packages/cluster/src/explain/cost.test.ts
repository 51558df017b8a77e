import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCost, recost, storageCost, type StorageWork } from "./cost.ts";
import type { PlanNode } from "./postgres-plan.ts";

const whole = (rows: number, work: Partial<StorageWork> = {}): StorageWork => ({
  tableRows: rows,
  scannedRows: rows,
  entryBytes: 36,
  returnedRows: rows,
  indexConditions: 0,
  filters: 0,
  isFullScan: false,
  ...work,
});

function shown(work: StorageWork): string {
  const { start, total } = storageCost(work);
  return `${formatCost(start)}..${formatCost(total)}`;
}

test("the talk's full scan of 6 rows costs what it cost there", () => {
  assert.equal(shown(whole(6, { filters: 1, isFullScan: true })), "100.76..104.84");
});

test("the guide's scans of a million rows cost what they cost there", () => {
  assert.equal(shown(whole(1_000_000)), "125100.05..171100.05");
  const filtered = { filters: 1, isFullScan: true, returnedRows: 333_333 };
  assert.equal(shown(whole(1_000_000, filtered)), "125100.05..177933.38");
});

test("a key of a table with one row costs what it was published to cost", () => {
  assert.equal(shown(whole(1, { indexConditions: 1 })), "100.12..104.13");
});

test("keys and ranges of a table with 16,413 rows cost what they were published to cost", () => {
  const range = (rows: number, indexConditions: number): string =>
    shown(whole(rows, { tableRows: 16_413, indexConditions }));
  assert.equal(range(1, 6), "100.16..104.18");
  assert.equal(range(869, 5), "208.66..260.74");
});

test("the talk's index scan with look-ups costs within 0.02 of what it cost there", () => {
  const { start, total } = storageCost(
    whole(2, { tableRows: 1_000_000, indexConditions: 1, lookedUpRows: 2 }),
  );
  assert.ok(Math.abs(start - 100.54) < 0.02, String(start));
  assert.ok(Math.abs(total - 208.56) < 0.02, String(total));
});

test("halves of a cent are written as C writes them", () => {
  assert.deepEqual([100.125, 100.375, 0.005, 12.3449].map(formatCost), ["100.12", "100.38", "0.01", "12.34"]);
});

test("what PostgreSQL adds in a node stands on top of the new costs below it", () => {
  const scan: PlanNode = {
    "Node Type": "Seq Scan",
    "Startup Cost": 0,
    "Total Cost": 10,
    "Parent Relationship": "Outer",
  };
  const sort: PlanNode = {
    "Node Type": "Sort",
    "Startup Cost": 10.5,
    "Total Cost": 11,
    "Parent Relationship": "Outer",
    Plans: [scan],
  };
  const limit: PlanNode = { "Node Type": "Limit", "Startup Cost": 10.5, "Total Cost": 10.75, Plans: [sort] };
  const costs = recost(limit, (node) => (node === scan ? { start: 100, total: 104 } : undefined));
  assert.deepEqual(costs.get(sort), { start: 104.5, total: 105 });
  assert.deepEqual(costs.get(limit), { start: 104.5, total: 104.75 });
});

test("a sort in memory is costed to the digits that PostgreSQL's plan leaves out", () => {
  const scan: PlanNode = {
    "Node Type": "Seq Scan",
    "Total Cost": 1.07,
    "Plan Rows": 6,
    "Parent Relationship": "Outer",
  };
  const sort: PlanNode = { "Node Type": "Sort", "Startup Cost": 1.15, "Total Cost": 1.17, Plans: [scan] };
  const talk = storageCost(whole(6, { filters: 1, isFullScan: true }));
  const cost = recost(sort, (node) => (node === scan ? talk : undefined)).get(sort);
  assert.deepEqual(
    [cost?.start, cost?.total].map((value) => formatCost(value ?? 0)),
    ["104.92", "104.93"],
  );
});
