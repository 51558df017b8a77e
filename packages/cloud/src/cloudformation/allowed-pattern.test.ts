import assert from "node:assert/strict";
import { test } from "node:test";

import { AllowedPatterns } from "./allowed-pattern.ts";

test("the whole value has to match", () => {
  const patterns = new AllowedPatterns();
  assert.equal(patterns.matches("[a-z]+", "abc"), true);
  assert.equal(patterns.matches("[a-z]+", "abc1"), false);
  assert.equal(patterns.matches("a|b", "ab"), false);
  assert.equal(patterns.matches("(?=.*\\d)(.)\\1.*", "xx1"), true, "what a linear engine does not know");
});

test("a pattern that is none is refused", () => {
  assert.throws(() => new AllowedPatterns().matches("(", ""), {
    code: "ValidationError",
    message: /^The AllowedPattern \( is not a regular expression/,
  });
});

for (const pattern of ["(a+)+$", "(a|aa)+", "(a|a)*b", "([a-z]+)*\\d", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)\\d"]) {
  test(`a pattern that would match for ever is stopped: ${pattern}`, () => {
    const patterns = new AllowedPatterns();
    const refusal = { code: "ValidationError", message: /takes too long to be matched/ };
    assert.throws(() => patterns.matches(pattern, `${"a".repeat(2_000)}!`), refusal);
    // What the first has used is gone for all the others of the template.
    assert.throws(() => patterns.matches(pattern, `${"a".repeat(2_000)}!`), refusal);
  });
}

test("a value without end is refused", () => {
  assert.throws(() => new AllowedPatterns().matches("a*", "a".repeat(4_097)), { code: "ValidationError" });
});
