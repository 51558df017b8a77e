/** Each rule shows a statement that it refuses. A lint and `dsql rules` print it, so it must be true. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type Rule, rules } from "@dsql-local/spec";
import { createSqlParser, loadParser } from "./parser.ts";

before(loadParser);

/** A day on which the rule holds: the last before the service took the statement, if it does by now. */
function dayOf({ until }: Rule): string {
  if (until === undefined) return "latest";
  const day = new Date(`${until}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

for (const rule of rules) {
  test(`the example of ${rule.id} is refused by that rule, and taken afterwards`, () => {
    const [statement, ...others] = createSqlParser({ asOf: dayOf(rule) }).parse(rule.example).statements;
    assert.equal(others.length, 0);
    assert.equal(statement?.refusedBy, rule.id, rule.example);
    assert.equal(statement.refusal?.hint, rule.remedy);
    if (rule.until === undefined) return;
    const [later] = createSqlParser({ asOf: rule.until }).parse(rule.example).statements;
    assert.notEqual(later?.refusedBy, rule.id);
  });
}
