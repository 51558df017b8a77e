import assert from "node:assert/strict";
import { test } from "node:test";
import { scanStatements, type StatementExtent } from "./statements.ts";

function extentsOf(source: string): StatementExtent[] {
  const extents: StatementExtent[] = [];
  scanStatements(source, (extent) => extents.push(extent));
  return extents;
}

const textsOf = (source: string): string[] =>
  extentsOf(source).map(({ start, end }) => source.slice(start, end));

test("statements end at semicolons outside strings, comments and parentheses", () => {
  assert.deepEqual(textsOf("-- a;\n SELECT ';' ; ;\nSELECT (1;2) /* ; */ ; SELECT $$;$$ -- end"), [
    "SELECT ';'",
    "SELECT (1;2)",
    "SELECT $$;$$",
  ]);
});

test("a function's body keeps its semicolons, with CASE in it", () => {
  const body =
    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
  assert.deepEqual(textsOf(`${body}; SELECT 3`), [body, "SELECT 3"]);
});

test("the semicolon is known when there is one", () => {
  const [first, last] = extentsOf("SELECT 1 ; SELECT 2");
  assert.equal(first?.semicolon?.start, "SELECT 1 ".length);
  assert.equal(last?.semicolon, undefined);
});

test("ASYNC is told apart as part of DSQL's forms and as a reserved word", () => {
  const forms = extentsOf("create unique index Async i on t (a); ALTER TABLE ASYNC t VALIDATE CONSTRAINT c");
  assert.ok(forms.every(({ asyncWord, reserved }) => asyncWord !== undefined && reserved.length === 0));
  const [other] = extentsOf("CREATE TABLE async (\"async\" int, a text DEFAULT 'async')");
  assert.deepEqual([other?.asyncWord, other?.reserved.length], [undefined, 1]);
});

test("AWS IAM is a form of its own", () => {
  assert.deepEqual(
    extentsOf("AWS IAM GRANT r TO 'arn'; SELECT 1 AS aws, 2 AS iam").map(({ isIam }) => isIam),
    [true, false],
  );
});
