import assert from "node:assert/strict";
import { test } from "node:test";

import { meetsCondition, parseCondition } from "./condition.ts";

/** Whether a request with these values of the key `k` (or none) meets the condition. */
function meets(
  operator: string,
  expected: string | string[],
  actual: string | string[] | undefined,
): boolean {
  const condition = parseCondition(operator, "K", [expected].flat());
  assert.ok(condition !== undefined, operator);
  const context = new Map(actual === undefined ? [] : [["k", [actual].flat()]]);
  return meetsCondition(condition, context, (key) => context.get(key)?.[0]);
}

test("operators hold as IAM documents them", () => {
  const cases: [string, string | string[], string, boolean][] = [
    ["StringEquals", "a", "a", true],
    ["StringEquals", "a", "A", false],
    ["StringEquals", "a*", "ab", false],
    ["StringEquals", ["a", "b"], "b", true],
    ["StringEqualsIgnoreCase", "a", "A", true],
    ["StringNotEquals", ["a", "b"], "b", false],
    ["StringNotEquals", ["a", "b"], "c", true],
    ["StringLike", "a*", "ab", true],
    ["StringNotLike", "a*", "ab", false],
    ["NumericLessThanEquals", "10", "9.5", true],
    ["NumericGreaterThan", "10", "ten", false],
    ["NumericNotEquals", "1", "1.0", false],
    ["DateGreaterThan", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", true],
    ["DateLessThan", "1767225600", "2025-06-01T00:00:00Z", true],
    ["Bool", "true", "TRUE", true],
    ["IpAddress", "10.0.0.0/8", "10.1.2.3", true],
    ["IpAddress", "10.0.0.0/8", "11.1.2.3", false],
    ["IpAddress", "2001:db8::/32", "2001:db8::1", true],
    ["IpAddress", "10.0.0.1", "10.0.0.1", true],
    ["IpAddress", "nonsense/99", "10.0.0.1", false],
    ["NotIpAddress", "10.0.0.0/8", "11.1.2.3", true],
    ["ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", true],
    ["ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a", false],
    ["BinaryEquals", "QUE=", "QUE=", true],
  ];
  for (const [operator, expected, actual, result] of cases) {
    assert.equal(meets(operator, expected, actual), result, `${operator} ${String(expected)} ${actual}`);
  }
});

test("a key that the request lacks meets negated operators and IfExists only", () => {
  assert.equal(meets("StringEquals", "a", undefined), false);
  assert.equal(meets("StringEqualsIfExists", "a", undefined), true);
  assert.equal(meets("StringEqualsIfExists", "a", "b"), false);
  assert.equal(meets("StringNotEquals", "a", undefined), true);
  assert.equal(meets("NumericLessThan", "1", undefined), false);
});

test("Null asks whether the key is there", () => {
  assert.equal(meets("Null", "true", undefined), true);
  assert.equal(meets("Null", "false", undefined), false);
  assert.equal(meets("Null", "false", "x"), true);
  assert.equal(meets("Null", "true", "x"), false);
});

test("ForAllValues and ForAnyValue look at every value of the request", () => {
  assert.equal(meets("ForAllValues:StringEquals", ["a", "b"], ["a", "b", "a"]), true);
  assert.equal(meets("ForAllValues:StringEquals", ["a", "b"], ["a", "c"]), false);
  assert.equal(meets("ForAllValues:StringEquals", "a", undefined), true);
  assert.equal(meets("ForAnyValue:StringLike", "a*", ["x", "ab"]), true);
  assert.equal(meets("ForAnyValue:StringLike", "a*", ["x"]), false);
  assert.equal(meets("ForAnyValue:StringNotEquals", "a", undefined), false);
});

test("operators that IAM does not have are not taken", () => {
  for (const name of ["Equals", "stringEquals", "NullIfExists", "ForEachValue:StringEquals", ""]) {
    assert.equal(parseCondition(name, "k", ["v"]), undefined, name);
  }
});
