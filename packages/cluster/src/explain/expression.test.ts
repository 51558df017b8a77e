import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsIn, conjunction, conjuncts, isPushable, keyBound } from "./expression.ts";

const columns = [
  { name: "id", type: "uuid" },
  { name: "amount", type: "integer" },
  { name: "balance", type: "numeric" },
  { name: "name", type: "character varying" },
  { name: "paid", type: "boolean" },
  { name: '"Due at"', type: "timestamp without time zone" },
];

test("a condition is cut at its outermost ANDs", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["(a = 1)", ["(a = 1)"]],
    ["((a = 1) AND (b = 'x AND y'::text))", ["(a = 1)", "(b = 'x AND y'::text)"]],
    ["(ok AND (a = 1) AND (b > 2))", ["ok", "(a = 1)", "(b > 2)"]],
    ["((a = 1) OR ((b = 2) AND (c = 3)))", ["((a = 1) OR ((b = 2) AND (c = 3)))"]],
    ["paid", ["paid"]],
  ];
  for (const [expression, parts] of cases) {
    assert.deepEqual(conjuncts(expression), parts);
    assert.equal(conjunction(parts), expression);
  }
  assert.equal(conjunction([]), undefined);
});

test("comparisons of columns with constants go to storage", () => {
  for (const condition of [
    "(amount = 1)",
    "(t.amount <> '-1'::integer)",
    "((name)::text = 'x'::text)",
    "((t.name)::text >= $1)",
    `("Due at" > '2025-01-01 00:00:00'::timestamp without time zone)`,
    "(amount = ANY ('{1,2,3}'::integer[]))",
    "((name)::text = ANY ('{a,b}'::text[]))",
    "(amount IS NOT NULL)",
    "paid",
    "(NOT paid)",
    "((amount = 1) OR (paid AND (amount > 2)))",
    "(id = other.id)",
  ]) {
    assert.equal(isPushable(condition, "t", columns), true, condition);
  }
});

test("functions, LIKE, arithmetic, numeric and subplans stay in the query processor", () => {
  for (const condition of [
    "(lower((name)::text) = 'x'::text)",
    "((name)::text ~~ '%x%'::text)",
    "((amount + 1) = 2)",
    "(balance > '100'::numeric)",
    "(id = gen_random_uuid())",
    "(SubPlan 1)",
    "(hashed SubPlan 1)",
    "((amount = 1) OR (lower((name)::text) = 'x'::text))",
    "(ROW(amount, id) > ROW(1, $1))",
  ]) {
    assert.equal(isPushable(condition, "t", columns), false, condition);
  }
});

test("a key is bound by equality or a range, and by nothing else", () => {
  assert.deepEqual(keyBound("(amount = 1)", "t", columns), { column: "amount", kind: "equal" });
  assert.deepEqual(keyBound(`(t."Due at" < $1)`, "t", columns), { column: '"Due at"', kind: "range" });
  assert.equal(keyBound("(amount <> 1)", "t", columns), undefined);
  assert.equal(keyBound("(lower(name) = 'x'::text)", "t", columns), undefined);
});

test("columns are told from functions, constants, types and other tables' columns", () => {
  const text = `(t.amount, id, 'name', "Due at", name(u.paid), (u.balance)::numeric)`;
  assert.deepEqual([...columnsIn(text, "t", columns)], ["amount", "id", '"Due at"']);
  assert.deepEqual([...columnsIn('("a ""t"".x".amount)', 'a "t".x', columns)], ["amount"]);
});
