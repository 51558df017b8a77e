import assert from "node:assert/strict";
import { test } from "node:test";
import { type Condition, createSubject, findMatch, type Pattern, valueAt } from "./match.ts";

const text = (name: string): object => ({ String: { sval: name } });
/** As the parser gives `SELECT f(1), s.g(2)`. */
const select = {
  SelectStmt: {
    op: "SETOP_NONE",
    targetList: [
      {
        ResTarget: {
          val: { FuncCall: { funcname: [text("f")], args: [{ A_Const: { ival: { ival: 1 } } }] } },
        },
      },
      {
        ResTarget: {
          val: { FuncCall: { funcname: [text("s"), text("g")], args: [{ A_Const: { ival: { ival: 2 } } }] } },
        },
      },
    ],
  },
};

const subject = createSubject(select, { isAsync: false, writes: (keyword) => keyword === "FROM" });

test("a path goes through fields, lists from either end, and wrappers", () => {
  assert.equal(
    valueAt(select.SelectStmt, "targetList.1.ResTarget.val.FuncCall.funcname.-1.String.sval"),
    "g",
  );
  assert.equal(valueAt(select.SelectStmt, "targetList.7.ResTarget.val"), undefined);
  assert.equal(valueAt(select.SelectStmt, "op.more"), undefined);
});

test("a pattern fits the statement itself, or any node of it when it says so", () => {
  assert.ok(findMatch(subject, { node: "SelectStmt" }));
  assert.equal(findMatch(subject, { node: "FuncCall" }), undefined);
  const found = findMatch(subject, {
    node: "FuncCall",
    anywhere: true,
    where: { "funcname.-1.String.sval": "g" },
  });
  assert.equal(found && valueAt(found, "funcname.0.String.sval"), "s");
});

test("each condition holds for what it says and for nothing else", () => {
  const node = { name: "Ab", count: 5, list: [text("x"), text("y")] };
  const of = createSubject({ Thing: node }, { isAsync: true, writes: () => false });
  const cases: readonly (readonly [path: string, condition: Condition, holds: boolean])[] = [
    ["name", "Ab", true],
    ["name", "ab", false],
    ["missing", { present: false }, true],
    ["name", { present: false }, false],
    ["name", { oneOf: ["x", "Ab"] }, true],
    ["missing", { oneOf: ["x", undefined] }, true],
    ["missing", { oneOf: ["x"] }, false],
    ["name", { noneOf: ["ab"] }, false],
    ["name", { noneOf: ["cd"] }, true],
    ["missing", { noneOf: ["cd"] }, false],
    ["name", { matches: /^A/ }, true],
    ["name", { matches: /^B/ }, false],
    ["count", { between: [1, 5] }, true],
    ["count", { between: [6, 9] }, false],
    ["missing", { between: [0, 9] }, false],
    ["list", { countAtLeast: 2 }, true],
    ["list", { countAtLeast: 3 }, false],
    ["count", { above: "columnsPerKeyMax" }, false],
    ["count", { above: "columnsPerKeyMax", lowered: 4 }, true],
    ["list", { above: "columnsPerKeyMax", lowered: 1 }, true],
    ["list", { above: "columnsPerKeyMax", lowered: 2 }, false],
    ["missing", { above: "columnsPerKeyMax", lowered: 1 }, false],
    ["list", { some: { "String.sval": "y" } }, true],
    ["list", { some: { "String.sval": "z" } }, false],
    ["list", { none: { "String.sval": "z" } }, true],
    ["list", { none: { "String.sval": "x" } }, false],
    ["missing", { none: { "String.sval": "x" } }, true],
  ];
  for (const [path, condition, holds] of cases) {
    const found = findMatch(of, { node: "Thing", where: { [path]: condition } });
    assert.equal(found !== undefined, holds, `${path} ${JSON.stringify(condition)}`);
  }
});

test("a pattern may ask what the text says and the tree does not", () => {
  const fits = (pattern: Omit<Pattern, "node">): boolean =>
    findMatch(subject, { node: "SelectStmt", ...pattern }) !== undefined;
  assert.deepEqual(
    [
      fits({ isAsync: false }),
      fits({ isAsync: true }),
      fits({ written: "FROM" }),
      fits({ written: "USING" }),
    ],
    [true, false, true, false],
  );
});
