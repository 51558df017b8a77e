import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "../sql/index.ts";
import { explainOptions } from "./explain-options.ts";

before(loadParser);

function read(text: string): { options: string[]; query: string; format: string } | undefined {
  const statement = createSqlParser().parse(text).statements[0];
  const found = statement && explainOptions(statement);
  if (found === undefined) return undefined;
  const { format, queryStart, ...flags } = found;
  const options = Object.entries(flags).flatMap(([name, value]) => (value ? [name] : []));
  return { options, format, query: statement?.text.slice(queryStart) ?? "" };
}

test("the options and the statement are told apart in each form of EXPLAIN", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["EXPLAIN SELECT 1", [], "SELECT 1"],
    ["EXPLAIN (SELECT 1)", [], "(SELECT 1)"],
    ["EXPLAIN ((SELECT 1))", [], "((SELECT 1))"],
    ["explain analyze verbose (select 1)", ["analyze", "verbose"], "(select 1)"],
    ["EXPLAIN /* ( */ (ANALYSE, VERBOSE on, COSTS OFF) SELECT 1", ["analyze", "verbose"], "SELECT 1"],
    [
      "EXPLAIN (ANALYZE 'false', VERBOSE 1) WITH a AS (SELECT 1) SELECT * FROM a",
      ["verbose"],
      "WITH a AS (SELECT 1) SELECT * FROM a",
    ],
    ["EXPLAIN (VERBOSE, VERBOSE 0, GENERIC_PLAN) SELECT $1", ["genericPlan"], "SELECT $1"],
  ];
  for (const [text, options, query] of cases)
    assert.deepEqual(read(text), { options, query, format: "text" }, text);
  assert.equal(read("EXPLAIN (FORMAT JSON) SELECT 1")?.format, "json");
  assert.equal(read("EXPLAIN (FORMAT 'XML') SELECT 1")?.format, "xml");
});

test("what is no EXPLAIN has no options", () => {
  assert.equal(read("SELECT 1"), undefined);
});
