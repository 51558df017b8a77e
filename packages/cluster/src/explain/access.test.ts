import assert from "node:assert/strict";
import { test } from "node:test";
import { type Access, accessOf } from "./access.ts";
import type { Displayed, PlanNode } from "./postgres-plan.ts";
import type { TableFacts } from "./table-facts.ts";

// The guide's table, with a primary key of two columns before it.
const account: TableFacts = {
  columns: [
    { name: "tenant", type: "integer", width: 4 },
    { name: "id", type: "integer", width: 4 },
    { name: "customer_id", type: "uuid", width: 16 },
    { name: "balance", type: "numeric", width: 8 },
    { name: "status", type: "character varying", width: 10 },
    { name: "created_at", type: "timestamp without time zone", width: 8 },
  ],
  indexes: [
    {
      name: "account_pkey",
      quotedName: "account_pkey",
      isPrimary: true,
      isUnique: true,
      columns: ["tenant", "id"],
      keyColumns: 2,
    },
    {
      name: "idx1",
      quotedName: "idx1",
      isPrimary: false,
      isUnique: false,
      columns: ["customer_id", "balance", "status"],
      keyColumns: 1,
    },
  ],
  rows: 1_000,
};

function access(
  node: Partial<PlanNode>,
  displayed: Partial<Displayed>,
  used: readonly string[] = [],
): Access {
  return accessOf({
    node: { "Node Type": "Seq Scan", Alias: "account", "Plan Rows": 10, ...node },
    displayed: {
      indexCond: undefined,
      filter: undefined,
      removedByFilter: 0,
      actual: undefined,
      insertedRows: undefined,
      ...displayed,
    },
    table: account,
    used: new Set(used),
  });
}

test("a whole table is an Index Only Scan of its primary key, a filtered one a Full Scan", () => {
  assert.equal(access({ "Plan Rows": 1_000 }, {}).kind, "indexOnlyScan");
  assert.equal(access({}, { filter: "((status)::text = 'open'::text)" }).kind, "fullScan");
  assert.equal(access({}, { filter: "(balance > '100'::numeric)" }).kind, "indexOnlyScan");
});

test("conditions on the leading columns of the primary key bound the scan of a small table", () => {
  const filter = "((tenant = 1) AND (id > 5) AND ((status)::text = 'open'::text))";
  const { kind, indexCond, steps } = access({}, { filter });
  assert.deepEqual([kind, indexCond], ["indexOnlyScan", "((tenant = 1) AND (id > 5))"]);
  assert.equal(steps[0]?.filters, "((status)::text = 'open'::text)");
  assert.equal(access({}, { filter: "(id = 5)" }).kind, "fullScan");
});

test("the guide's Index Only Scan splits its conditions over three layers", () => {
  const { kind, indexCond, filter, steps } = access(
    { "Node Type": "Index Only Scan", "Index Name": "idx1" },
    {
      indexCond: "(customer_id = '4b18a761-5870-4d7c-95ce-0a48eca3fceb'::uuid)",
      filter: "((balance > '100'::numeric) AND ((status)::text = 'pending'::text))",
    },
    ["balance"],
  );
  assert.equal(kind, "indexOnlyScan");
  assert.equal(indexCond, "(customer_id = '4b18a761-5870-4d7c-95ce-0a48eca3fceb'::uuid)");
  assert.equal(filter, "(balance > '100'::numeric)");
  assert.deepEqual(
    [steps[0]?.filters, steps[0]?.projections],
    ["((status)::text = 'pending'::text)", ["balance"]],
  );
});

test("the guide's Index Scan filters again where it looks its rows up", () => {
  const created = "(created_at > '2025-01-01 00:00:00'::timestamp without time zone)";
  const { kind, filter, steps } = access(
    { "Node Type": "Index Scan", "Index Name": "idx1" },
    {
      indexCond: "(customer_id = $1)",
      filter: `((balance > '100'::numeric) AND ((status)::text = 'pending'::text) AND ${created})`,
    },
    ["balance"],
  );
  assert.deepEqual([kind, filter], ["indexScan", "(balance > '100'::numeric)"]);
  assert.deepEqual(
    steps.map((step) => [step.kind, step.projections, step.filters]),
    [
      ["Scan", ["balance"], "((status)::text = 'pending'::text)"],
      ["Lookup", [], created],
    ],
  );
});

test("rows that one layer alone filters are counted there", () => {
  const actual = { rows: 1, loops: 1 };
  const stored = access({}, { filter: "((status)::text = 'open'::text)", removedByFilter: 999, actual });
  assert.deepEqual(stored.steps[0]?.actualRows, { read: 1_000, returned: 1 });
  assert.equal(stored.removedByFilter, 0);
  const processed = access(
    {},
    { filter: "(lower((status)::text) = 'open'::text)", removedByFilter: 999, actual },
  );
  assert.deepEqual(processed.steps[0]?.actualRows, { read: 1_000, returned: 1_000 });
  assert.equal(processed.removedByFilter, 999);
});

test("rows that two layers filter are shared between them, and none is lost", () => {
  const filter = "((balance > '100'::numeric) AND ((status)::text = 'open'::text))";
  const both = access({}, { filter, removedByFilter: 900, actual: { rows: 100, loops: 1 } });
  const [scan] = both.steps;
  assert.equal(scan?.actualRows?.read, 1_000);
  const returned = scan?.actualRows?.returned ?? 0;
  assert.ok(returned > 100 && returned < 1_000, String(returned));
  assert.equal(both.removedByFilter, returned - 100);
});
