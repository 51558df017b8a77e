import assert from "node:assert/strict";
import { test } from "node:test";

import { matchesArn, matchesPattern, substituteVariables } from "./pattern.ts";

const lookup = (key: string): string | undefined =>
  new Map([
    ["aws:username", "ana"],
    ["star", "*"],
  ]).get(key);

test("wildcards match runs and single characters, over the whole text", () => {
  const matches: [string, string, boolean][] = [
    ["", "", true],
    ["*", "", true],
    ["*", "anything", true],
    ["?", "", false],
    ["?", "ü", true],
    ["dsql:*", "dsql:DbConnect", true],
    ["dsql:Get*", "dsql:DbConnect", false],
    ["a*b*c", "a1b2b3c", true],
    ["a*b*c", "a1b2b3", false],
    ["a**c", "ac", true],
    ["a.c", "abc", false],
    ["abc", "abcd", false],
  ];
  for (const [pattern, text, expected] of matches) {
    assert.equal(matchesPattern(pattern, text, undefined), expected, `${pattern} ${text}`);
  }
});

test("a pattern of many wildcards stays fast", () => {
  assert.equal(matchesPattern(`${"*a".repeat(50)}b`, "a".repeat(10_000), undefined), false);
});

test("variables are replaced by their values, which are taken literally", () => {
  assert.ok(matchesPattern("home/${aws:username}/*", "home/ana/x", lookup));
  assert.ok(!matchesPattern("home/${aws:username}/*", "home/ben/x", lookup));
  assert.ok(matchesPattern("${star}", "*", lookup));
  assert.ok(!matchesPattern("${star}", "anything", lookup));
  assert.ok(matchesPattern("${*}-${?}-${$}", "*-?-$", lookup));
  assert.ok(!matchesPattern("${*}", "x", lookup));
});

test("a pattern with a value that the request lacks matches nothing, unless it has a default", () => {
  assert.ok(!matchesPattern("${absent}*", "x", lookup));
  assert.ok(matchesPattern("${absent, 'x'}", "x", lookup));
  assert.equal(substituteVariables("a/${absent}", lookup), undefined);
  assert.equal(substituteVariables("a/${aws:username}", lookup), "a/ana");
});

test("without variables the text is as it stands", () => {
  assert.equal(substituteVariables("${aws:username}", undefined), "${aws:username}");
  assert.ok(matchesPattern("${aws:username}", "${aws:username}", undefined));
});

test("ARNs match part by part", () => {
  const arn = "arn:aws:dsql:us-east-1:123456789012:cluster/abc";
  assert.ok(matchesArn("*", arn, undefined));
  assert.ok(matchesArn("arn:aws:dsql:*:*:cluster/*", arn, undefined));
  assert.ok(matchesArn("arn:aws:dsql:us-*:123456789012:*", arn, undefined));
  assert.ok(!matchesArn("arn:aws:dsql:us-east-1:*:cluster/abd", arn, undefined));
  assert.ok(!matchesArn("arn:*", arn, undefined));
  assert.ok(!matchesArn("arn:aws:*:abc:*:*", arn, undefined), "a wildcard does not reach over a colon");
  assert.ok(
    matchesArn("arn:aws:lambda:*:*:function:f:*", "arn:aws:lambda:us-east-1:1:function:f:2", undefined),
  );
  assert.ok(matchesArn("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/ana", lookup));
});
