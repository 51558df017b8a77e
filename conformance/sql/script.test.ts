import assert from "node:assert/strict";
import { test } from "node:test";
import { sameRows } from "../script/lines.ts";
import { parseSqlScript } from "./script.ts";

const head = "# About something.\n# Source: somewhere\n";

test("claims belong to the statement above them", () => {
  const { steps } = parseSqlScript(
    "some.script",
    `${head}statement SELECT 1,\n  2\ngives 1,2\nstatement X\nfails 42601 no\nposition 1\n`,
  );
  assert.deepEqual(steps, [
    { sql: "SELECT 1,\n2", line: 3, claims: [{ kind: "gives", rows: [["1", "2"]] }] },
    {
      sql: "X",
      line: 6,
      claims: [
        { kind: "fails", sqlstate: "42601", message: "no" },
        { kind: "position", position: "1" },
      ],
    },
  ]);
});

test("statements below `as` belong to that role, up to the next one", () => {
  const { steps, needsPrincipal } = parseSqlScript(
    "some.script",
    `${head}statement A\nas clerk\nstatement B\nas\nstatement C '{principal}'\n`,
  );
  assert.deepEqual(
    steps.map(({ role }) => role),
    [undefined, "clerk", undefined],
  );
  assert.ok(needsPrincipal);
});

test("a mistake is refused with file and line", () => {
  assert.throws(
    () => parseSqlScript("some.script", `${head}gives 1\n`),
    /^ScriptError: some\.script:3: gives comes before/,
  );
  assert.throws(
    () => parseSqlScript("some.script", `${head}statement X\ngive 1\n`),
    /some\.script:4: "give" is no keyword/,
  );
  assert.throws(
    () => parseSqlScript("some.script", `${head}statement X\nfails badly\n`),
    /some\.script:4: fails takes/,
  );
});

test("rows are compared in order only when the statement orders them", () => {
  const wanted = [["1"], ["2"]];
  const got = [["2"], ["1"]];
  assert.ok(sameRows(wanted, got, "SELECT id FROM t"));
  assert.ok(!sameRows(wanted, got, "SELECT id FROM t ORDER BY id"));
  assert.ok(!sameRows(wanted, [["1"], ["1"]], "SELECT id FROM t"));
});
