import assert from "node:assert/strict";
import { test } from "node:test";
import { type Finding, lintTexts } from "../index.ts";

async function errorsIn(text: string): Promise<readonly Finding[]> {
  const { findings } = await lintTexts([{ file: "a.sql", text }], { rules: ["error"] });
  return findings;
}

const create = (body: string): string => `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ${body}`;

test("a rule's finding in a function's body stands at its words", async () => {
  for (const text of [
    create("$$ SELECT 1; TRUNCATE TABLE t; SELECT 2 $$"),
    create("$body$\nTRUNCATE TABLE t;\nSELECT 2 $body$"),
    create("'TRUNCATE TABLE t; SELECT 2'"),
  ]) {
    const found = await errorsIn(text);
    const at = found.map(({ ruleId, line, column, endColumn }) => [
      ruleId,
      text.split("\n")[line - 1]?.slice(column - 1, endColumn - 1),
    ]);
    assert.deepEqual(at, [["truncate", "TRUNCATE TABLE"]], text);
  }
});

test("in a body with doubled quotes the finding is the body", async () => {
  const text = create("'SELECT ''x''; TRUNCATE t'");
  const [finding, ...others] = await errorsIn(text);
  assert.deepEqual(others, []);
  assert.equal(text.slice((finding?.column ?? 0) - 1), "'SELECT ''x''; TRUNCATE t'");
});

test("a body reads and changes rows, and does nothing else", async () => {
  for (const [body, command] of [
    ["CREATE UNIQUE INDEX ASYNC i ON t (a)", "CREATE INDEX"],
    ["CREATE TABLE t (id int)", "CREATE TABLE"],
    ["GRANT SELECT ON t TO r", "GRANT"],
    ["SET search_path = a", "SET"],
    ["COMMIT", "COMMIT"],
    ["AWS IAM GRANT r TO 'arn:aws:iam::123456789012:role/r'", "AWS IAM GRANT"],
  ] as const) {
    const found = await errorsIn(create(`$$ ${body}; SELECT 1 $$`));
    assert.deepEqual(
      found.map(({ ruleId, message }) => [ruleId, message]),
      [["function-body", `${command} is not allowed in an SQL function`]],
    );
  }
});

test("a body that is fine, or in another place than quotes, has no finding of its own", async () => {
  for (const text of [
    create("$$ INSERT INTO t VALUES (1); SELECT 1 $$"),
    create("$$ $$"),
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
  ])
    assert.deepEqual(await errorsIn(text), [], text);
});

test("a mistake in a body is found there", async () => {
  const text = create("$$ SELEC 1 $$");
  const found = await errorsIn(text);
  assert.deepEqual(
    found.map(({ ruleId, column }) => [ruleId, column - 1]),
    [["syntax-error", text.indexOf("SELEC 1")]],
  );
});
