import assert from "node:assert/strict";
import { test } from "node:test";
import { displayedInText, parseTextPlan, printTextPlan } from "./text-plan.ts";

const lines = [
  "Sort  (cost=1.08..1.09 rows=2 width=4) (actual time=0.1..0.2 rows=2 loops=1)",
  "  Sort Key: a.n",
  "  InitPlan 1 (returns $0)",
  "    ->  Result  (cost=0.00..0.01 rows=1 width=4) (never executed)",
  '  ->  Seq Scan on "a table" a  (cost=0.00..1.07 rows=2 width=4) (actual time=0.1..0.2 rows=2 loops=3)',
  "        Filter: (a.t = 'first",
  "second: line'::text)",
  "        Rows Removed by Filter: 4",
  "Planning Time: 0.1 ms",
  "Execution Time: 0.2 ms",
];

test("PostgreSQL's lines are told apart into nodes, their properties and the tail", () => {
  const { nodes, tail } = parseTextPlan(lines);
  assert.deepEqual(
    nodes.map(({ title }) => title),
    ["Sort", "Result", 'Seq Scan on "a table" a'],
  );
  assert.deepEqual(tail, ["Planning Time: 0.1 ms", "Execution Time: 0.2 ms"]);
  assert.deepEqual(nodes.map(displayedInText).at(-1), {
    indexCond: undefined,
    filter: "(a.t = 'first\nsecond: line'::text)",
    removedByFilter: 4,
    actual: { rows: 2, loops: 3 },
    insertedRows: undefined,
  });
  assert.deepEqual(nodes.map(displayedInText)[1]?.actual, { rows: 0, loops: 0 });
});

test("costs that are left out and times that are not taken are no part of a node's name", () => {
  const { nodes } = parseTextPlan(["Seq Scan on t (actual rows=1 loops=1)"]);
  assert.deepEqual([nodes[0]?.title, nodes[0]?.estimate], ["Seq Scan on t", undefined]);
});

test("a plan of another shape is not printed", () => {
  const plan = { nodes: [], accesses: new Map(), costs: new Map() };
  assert.equal(printTextPlan(parseTextPlan(lines), plan), undefined);
});
