import assert from "node:assert/strict";
import { test } from "node:test";
import { splitStatements } from "@dsql-local/sql";
import { lintTexts } from "../lint.ts";
import { withoutPsql } from "./sql-file.ts";

test("psql's commands and COPY's data are blanked, and nothing moves", () => {
  const text =
    "\\connect shop\nCOPY t (a) FROM stdin;\n1\tit's; here\n\\.\nSELECT 'a' \\gexec\n\\echo 'done'\nSELECT 2;\n";
  const blanked = withoutPsql(text);
  assert.equal(blanked.length, text.length);
  const statements = splitStatements(blanked).map((statement) => statement.text);
  assert.deepEqual(statements, ["COPY t (a) FROM stdin", "SELECT 'a'", "SELECT 2"]);
  assert.equal(blanked.indexOf("SELECT 2"), text.indexOf("SELECT 2"));
});

test("parameters of psql and of drivers are taken", async () => {
  const text =
    "SELECT a::text FROM :\"table\" WHERE b = :'value' AND c = :c;\nSELECT a FROM t WHERE b = ?;\n";
  assert.deepEqual((await lintTexts([{ file: "a.sql", text }])).findings, []);
});

test("a statement that does not parse hides none of the others", async () => {
  const text = "CREATE TABEL t (a int);\nTRUNCATE t;\n";
  const { findings } = await lintTexts([{ file: "a.sql", text }]);
  assert.deepEqual(
    findings.map(({ ruleId, line, column }) => [ruleId, line, column]),
    [
      ["syntax-error", 1, 8],
      ["truncate", 2, 1],
    ],
  );
});

test("a function's body keeps its semicolons", () => {
  const text = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3";
  assert.equal(splitStatements(text).length, 2);
});
