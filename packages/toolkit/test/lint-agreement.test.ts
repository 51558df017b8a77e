/**
 * The lint and the cluster agree: what the one refuses the other finds, and what it takes is no error.
 *
 * The statements are the catalogue's own examples, and those that the cluster's parser is tested with, read from that test.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse, type ParserOptions } from "@babel/parser";
import { acceptances, type Rule, rules } from "@dsql-local/spec";
import { type Finding, lintTexts } from "../src/index.ts";

async function errorsIn(sql: string, asOf = "latest"): Promise<readonly Finding[]> {
  const { findings } = await lintTexts([{ file: "statement.sql", text: sql }], { asOf, rules: ["error"] });
  return findings;
}

/** A day on which the rule holds. */
function dayOf({ since, until }: Rule): string {
  if (until === undefined) return "latest";
  const day = new Date(Date.parse(until) - 24 * 3_600_000).toISOString().slice(0, 10);
  assert.ok((since ?? "") <= day);
  return day;
}

for (const rule of rules) {
  test(`the example of rule ${rule.id} is found`, async () => {
    const found = await errorsIn(rule.example, dayOf(rule));
    assert.ok(
      found.some(({ ruleId }) => ruleId === rule.id),
      `${rule.example}: ${found.map(({ ruleId }) => ruleId).join(", ")}`,
    );
  });
}

for (const { id, example } of acceptances) {
  test(`the accepted example ${id} is no error`, async () => {
    assert.deepEqual(await errorsIn(example), []);
  });
}

const tested = statementsTestedInCluster();

test("the cluster's test was read", () => {
  assert.ok(tested.refused.length > 100 && tested.accepted.length > 30 && tested.history.length > 5);
});

for (const [sql, expected] of tested.refused) {
  test(`the cluster refuses, the lint finds: ${sql.slice(0, 80)}`, async () => {
    const messages = (await errorsIn(sql)).map(({ message }) => message);
    assert.ok(messages.includes(expected), `${expected}: ${messages.join("; ")}`);
  });
}

for (const sql of tested.accepted) {
  test(`the cluster takes, the lint is silent: ${sql.slice(0, 80)}`, async () => {
    assert.deepEqual(await errorsIn(sql), []);
  });
}

for (const [sql, before, after, message] of tested.history) {
  test(`as of ${before} found, as of ${after} not: ${sql}`, async () => {
    const found = await errorsIn(sql, before);
    assert.ok(found.some((finding) => finding.message === message));
    assert.ok(found.every(({ acceptedSince }) => acceptedSince !== undefined));
    assert.deepEqual(await errorsIn(sql, after), []);
  });
}

interface TestedStatements {
  readonly refused: readonly (readonly [sql: string, message: string])[];
  readonly accepted: readonly string[];
  readonly history: readonly (readonly [sql: string, before: string, after: string, message: string])[];
}

type Literal = string | readonly Literal[];

/** Reads the tables of packages/cluster/src/sql/refusals.test.ts; no code of the cluster is run here. */
function statementsTestedInCluster(): TestedStatements {
  const file = new URL("../../../cluster/src/sql/refusals.test.ts", import.meta.url);
  const options: ParserOptions = { sourceType: "module", plugins: ["typescript"] };
  const tables = new Map<string, Literal>();
  for (const statement of parse(readFileSync(file, "utf8"), options).program.body) {
    if (statement.type !== "VariableDeclaration") continue;
    for (const { id, init } of statement.declarations) {
      if (id.type === "Identifier" && init?.type === "ArrayExpression")
        tables.set(id.name, valueOf(init as unknown as Expression));
    }
  }
  const refused = tables.get("refused") as readonly (readonly [string, string | readonly [string, string]])[];
  return {
    refused: refused.map(([sql, expected]) => [sql, typeof expected === "string" ? expected : expected[1]]),
    accepted: tables.get("accepted") as readonly string[],
    history: tables.get("history") as TestedStatements["history"],
  };
}

interface Expression {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Of literals, templates and the two helpers of that test that write lists of columns. */
function valueOf(node: Expression): Literal {
  const children = (field: string): readonly Expression[] => node[field] as readonly Expression[];
  switch (node.type) {
    case "StringLiteral":
      return node["value"] as string;
    case "NumericLiteral":
      return String(node["value"]);
    case "ArrayExpression":
      return children("elements").map(valueOf);
    case "TemplateLiteral": {
      const holes = children("expressions").map(valueOf);
      const quasis = children("quasis").map(({ value }) => (value as { cooked: string }).cooked);
      return quasis.map((text, index) => text + String(holes[index] ?? "")).join("");
    }
    case "CallExpression": {
      const helper = (node["callee"] as { name: string }).name;
      const suffix = { columns: " int", names: "" }[helper];
      assert.ok(suffix !== undefined, `the test's tables call ${helper}()`);
      const [count] = children("arguments").map(valueOf);
      return Array.from({ length: Number(count) }, (_, index) => `c${index}${suffix}`).join(", ");
    }
    default:
      return assert.fail(`the test's tables hold a ${node.type}`);
  }
}
