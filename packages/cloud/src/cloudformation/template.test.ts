import assert from "node:assert/strict";
import { test } from "node:test";

import { parseTemplate, templateBytesMax } from "./template.ts";

test("the short forms of YAML are written out", () => {
  const template = parseTemplate(`
Resources:
  A:
    Type: T
    Properties:
      Ref: !Ref B
      Att: !GetAtt B.C.D
      AttList: !GetAtt [B, C]
      Sub: !Sub "\${B}"
      Nested: !Join ["", [!Ref B, !If [Yes, !Ref "AWS::NoValue", x]]]
      Map: !Sub ["\${x}", { x: !Ref B }]
      Version: 2012-10-17
`);
  assert.deepEqual(template.resources["A"]?.properties, {
    Ref: { Ref: "B" },
    Att: { "Fn::GetAtt": ["B", "C.D"] },
    AttList: { "Fn::GetAtt": ["B", "C"] },
    Sub: { "Fn::Sub": "${B}" },
    Nested: { "Fn::Join": ["", [{ Ref: "B" }, { "Fn::If": ["Yes", { Ref: "AWS::NoValue" }, "x"] }]] },
    Map: { "Fn::Sub": ["${x}", { x: { Ref: "B" } }] },
    Version: "2012-10-17",
  });
});

test("a template that is too large is refused before it is read", () => {
  assert.throws(() => parseTemplate("x".repeat(templateBytesMax + 1)), {
    message: /may not exceed 1000000 bytes/,
  });
});

test("aliases cannot blow a short template up", () => {
  const levels = ["a: &a [x,x,x,x,x,x,x,x,x,x]"];
  for (const [previous, name] of ["ab", "bc", "cd", "de", "ef"].map((pair) => [pair[0], pair[1]])) {
    const alias = `*${previous ?? ""}`;
    levels.push(`${name ?? ""}: &${name ?? ""} [${Array(10).fill(alias).join(",")}]`);
  }
  assert.throws(() => parseTemplate(levels.join("\n")), { code: "ValidationError", message: /alias/ });
});

test("a template that is nested too deep is refused", () => {
  const body = `{"Resources": {"A": {"Type": "T", "Properties": {"P": ${"[".repeat(5_000)}${"]".repeat(5_000)}}}}}`;
  assert.throws(() => parseTemplate(body), {
    code: "ValidationError",
    message: /nested deeper than 100 levels/,
  });
});

for (const [what, body] of [
  ["a list", "[]"],
  ["a text", "hello"],
  ["nothing", ""],
  ["broken YAML", "Resources:\n  A: [1"],
  ["broken JSON", '{"Resources": '],
  ["resources that are a list", '{"Resources": []}'],
  ["a resource that is a text", '{"Resources": {"A": "B"}}'],
  ["properties that are a list", '{"Resources": {"A": {"Type": "T", "Properties": []}}}'],
  ["an unknown attribute of a resource", '{"Resources": {"A": {"Type": "T", "Propertys": {}}}}'],
  ["an output without a value", '{"Resources": {"A": {"Type": "T"}}, "Outputs": {"O": {}}}'],
] as const) {
  test(`${what} is refused as a template`, () => {
    assert.throws(() => parseTemplate(body), { code: "ValidationError" });
  });
}
