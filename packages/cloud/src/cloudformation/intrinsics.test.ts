import assert from "node:assert/strict";
import { test } from "node:test";

import { canonical, evaluate, evaluateCondition, evaluateProperties, type Scope } from "./intrinsics.ts";

const values: Readonly<Record<string, string | string[]>> = {
  Name: "value",
  List: ["a", "b"],
  "AWS::Region": "us-east-1",
};

const scope: Scope = {
  reference: (name) => values[name],
  attribute: (resource, attribute) => (resource === "Role" ? `${attribute} of Role` : undefined),
  condition: (name) => name === "Yes",
  mappings: { Map: { first: { second: "mapped" } } },
  importValue: (name) => `imported ${name}`,
  region: "us-east-1",
};

test("each function gives what CloudFormation gives", () => {
  const cases = [
    [{ Ref: "Name" }, "value"],
    [{ "Fn::GetAtt": ["Role", "Arn"] }, "Arn of Role"],
    [{ "Fn::GetAtt": "Role.Arn" }, "Arn of Role"],
    [{ "Fn::Join": ["-", ["a", { Ref: "Name" }, 3]] }, "a-value-3"],
    [{ "Fn::Join": [",", { Ref: "List" }] }, "a,b"],
    [{ "Fn::Sub": "${Name} ${Role.Arn} ${!Literal} $" }, "value Arn of Role ${Literal} $"],
    [{ "Fn::Sub": ["${x}/${Name}", { x: { Ref: "AWS::Region" } }] }, "us-east-1/value"],
    [{ "Fn::Select": ["1", { Ref: "List" }] }, "b"],
    [{ "Fn::Split": ["/", "a/b/c"] }, ["a", "b", "c"]],
    [{ "Fn::If": ["Yes", "then", "else"] }, "then"],
    [{ "Fn::If": ["No", "then", { Ref: "Name" }] }, "value"],
    [{ "Fn::FindInMap": ["Map", "first", "second"] }, "mapped"],
    [{ "Fn::FindInMap": ["Map", "first", "none", { DefaultValue: "default" }] }, "default"],
    [{ "Fn::ImportValue": "x" }, "imported x"],
    [{ "Fn::Base64": "text" }, "dGV4dA=="],
    [{ "Fn::Length": { Ref: "List" } }, 2],
  ] as const;
  for (const [value, expected] of cases)
    assert.deepEqual(evaluate(structuredClone(value) as never, scope), expected);
});

test("AWS::NoValue takes its property or list item away", () => {
  const none = { "Fn::If": ["No", "x", { Ref: "AWS::NoValue" }] };
  assert.deepEqual(evaluateProperties({ kept: 1, gone: none, list: ["a", none] }, scope), {
    kept: 1,
    list: ["a"],
  });
});

test("a branch that is not taken is not evaluated", () => {
  assert.equal(evaluate({ "Fn::If": ["Yes", "fine", { Ref: "Unknown" }] }, scope), "fine");
});

test("conditions combine", () => {
  const equal = { "Fn::Equals": [{ Ref: "Name" }, "value"] };
  const different = { "Fn::Equals": [{ Ref: "Name" }, "other"] };
  assert.equal(evaluateCondition({ "Fn::And": [equal, { Condition: "Yes" }] }, scope), true);
  assert.equal(evaluateCondition({ "Fn::Or": [different, { Condition: "No" }] }, scope), false);
  assert.equal(evaluateCondition({ "Fn::Not": [different] }, scope), true);
  assert.equal(evaluateCondition({ "Fn::Contains": [["1", "2"], "2"] }, scope), true);
});

test("a name that does not exist, or an attribute, is refused", () => {
  assert.throws(() => evaluate({ Ref: "Unknown" }, scope), {
    message: /Unresolved resource dependencies \[Unknown\]/,
  });
  assert.throws(() => evaluate({ "Fn::GetAtt": ["Other", "Arn"] }, scope), {
    message: /resource Other does not support attribute type Arn/,
  });
  assert.throws(() => evaluate({ "Fn::Cidr": [] }, scope), {
    message: /does not offer the function Fn::Cidr; it offers: Ref, Fn::GetAtt/,
  });
});

test("equal properties have one canonical form, whatever the order of keys or the type of scalars", () => {
  assert.equal(canonical({ b: 1, a: [true] }), canonical({ a: ["true"], b: "1" }));
  assert.notEqual(canonical({ a: [1, 2] }), canonical({ a: [2, 1] }));
});
