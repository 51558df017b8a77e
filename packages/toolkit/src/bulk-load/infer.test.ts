import assert from "node:assert/strict";
import { test } from "node:test";
import { inferTypes } from "./infer.ts";

function typeOf(...values: (string | null)[]): string | undefined {
  const sample = values.map((value, line) => ({ line, values: [value] }));
  return inferTypes(["column"], sample)[0];
}

test("the narrowest type that all values fit is chosen", () => {
  assert.equal(typeOf("1", "-20", null), "bigint");
  assert.equal(typeOf("1", "2.50"), "numeric(38,6)");
  assert.equal(typeOf("1", "2.5e-3"), "double precision");
  assert.equal(typeOf("true", "FALSE"), "boolean");
  assert.equal(typeOf("6f1c1a53-7f0e-4b1c-9f53-0a1b2c3d4e5f"), "uuid");
  assert.equal(typeOf("2026-01-31"), "date");
  assert.equal(typeOf("2026-01-31 10:00:00"), "timestamp");
  assert.equal(typeOf("2026-01-31T10:00:00.123456Z", "2026-01-31T10:00:00+02:00"), "timestamptz");
});

test("what only looks like a number stays text", () => {
  assert.equal(typeOf("007"), "text");
  assert.equal(typeOf("1", "one"), "text");
  assert.equal(typeOf("1,5"), "text");
  assert.equal(typeOf(null, null), "text");
  assert.equal(typeOf(), "text");
});

test("a whole number with 19 digits, which bigint may not hold, is numeric", () => {
  assert.equal(typeOf("9999999999999999999"), "numeric(38,6)");
});

test("a numeric keeps every digit of the sample: a bare one is numeric(18,6)", () => {
  assert.equal(typeOf("0.123456789"), "numeric(38,9)");
  assert.equal(typeOf("9".repeat(40), "-1.5"), "numeric(46,6)");
  assert.equal(typeOf("9".repeat(1_000)), "text");
});
