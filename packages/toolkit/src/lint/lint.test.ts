import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../errors.ts";
import { checkStatement, type Finding, lintRules, lintTexts } from "./index.ts";

async function only(text: string, ruleId: string): Promise<Finding> {
  const { findings } = await lintTexts([{ file: "a.sql", text }], { rules: [ruleId] });
  assert.equal(findings.length, 1);
  return findings[0] as Finding;
}

test("all that is wrong with a statement is found, in the order of the text", async () => {
  const text = 'CREATE TABLE t (a serial, b money, c serial, d text COLLATE "C") WITH (fillfactor = 90);';
  const { findings } = await lintTexts([{ file: "a.sql", text }], { rules: ["error"] });
  assert.deepEqual(
    findings.map(({ ruleId, column }) => [ruleId, text.slice(column - 1).split(/[ ,)]/)[0]]),
    [
      ["serial", "serial"],
      ["column-type", "money"],
      ["serial", "serial"],
      ["column-collation", "COLLATE"],
      ["table-storage-parameters", "WITH"],
    ],
  );
});

test("a finding stands at what it is about", async () => {
  const places: readonly (readonly [text: string, ruleId: string, at: string])[] = [
    ["CREATE INDEX ASYNC i ON t USING btree (a)", "index-using", "USING"],
    [
      "ALTER TABLE t ADD a int, ALTER COLUMN b TYPE text, DROP COLUMN c",
      "alter-table-alter-column-set-data-type",
      "ALTER COLUMN b TYPE text",
    ],
    ["ALTER TABLE t ADD COLUMN a int, ADD COLUMN b int NOT NULL", "add-column-with-constraint", "b"],
    ["SELECT 'é', pg_backend_pid()", "backend-functions", "pg_backend_pid"],
    ["CREATE TABLE t (id int PRIMARY KEY,\n  a inet)", "column-type", "inet"],
    ["TRUNCATE TABLE t", "truncate", "TRUNCATE TABLE"],
    ["CREATE TABLE pg_temp.t (id int PRIMARY KEY)", "table-in-temporary-schema", "pg_temp"],
    ["EXPLAIN ANALYZE EXECUTE one", "explain-execute", "EXECUTE"],
  ];
  for (const [text, ruleId, at] of places) {
    const { line, column, endLine, endColumn } = await only(text, ruleId);
    assert.equal(line, endLine);
    assert.equal(text.split("\n")[line - 1]?.slice(column - 1, endColumn - 1), at, text);
  }
});

test("rules are chosen by id, topic or severity", async () => {
  const inputs = [{ file: "a.sql", text: "TRUNCATE t; DELETE FROM t; CREATE INDEX i ON t (a);" }];
  const found = async (options: object): Promise<string[]> =>
    (await lintTexts(inputs, options)).findings.map(({ ruleId }) => ruleId);
  assert.deepEqual(await found({ rules: ["truncate"] }), ["truncate"]);
  assert.deepEqual(await found({ rules: ["indexes", "advice"] }), [
    "unbounded-change",
    "index-without-async",
  ]);
  assert.deepEqual(await found({ ignore: ["advice", "truncate"] }), ["index-without-async"]);
});

test("a choice that there is not, and a date that is none, are errors that say what there is", async () => {
  const inputs = [{ file: "a.sql", text: "SELECT 1" }];
  await assert.rejects(lintTexts(inputs, { rules: ["index-async"] }), UsageError);
  await assert.rejects(lintTexts(inputs, { ignore: ["async"] }), { message: /Similar: index-without-async/ });
  await assert.rejects(lintTexts(inputs, { asOf: "yesterday" }), UsageError);
});

test("a file that cannot be read hinders no other", async () => {
  const { files, findings } = await lintTexts([
    { file: "a.ts", text: "class {{{" },
    { file: "b.sql", text: "TRUNCATE t" },
  ]);
  assert.match(files[0]?.unreadable ?? "", /not TypeScript or JavaScript/);
  assert.equal(findings[0]?.file, "b.sql");
});

test("a statement alone is told its kind, and what is said against it", async () => {
  const { kind, isAsync, findings } = await checkStatement("CREATE INDEX ASYNC i ON t USING btree (a)");
  assert.deepEqual([kind, isAsync, findings.map(({ ruleId }) => ruleId)], ["ddl", true, ["index-using"]]);
  assert.equal((await checkStatement("SELEC 1")).kind, undefined);
});

test("every rule has an id of its own, a reason, a remedy and a source", () => {
  const ids = lintRules.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const { id, reason, remedy, source } of lintRules) {
    for (const sentence of [reason, remedy]) assert.match(sentence, /^\S.{10,}/, id);
    assert.match(source, /^(https:|docs\/)/, id);
  }
});
