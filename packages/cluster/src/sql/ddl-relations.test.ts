import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./index.ts";

before(loadParser);

const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
  ["ALTER TABLE account ADD COLUMN note text", ["account"]],
  ["CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES s.account)", ["child", "account"]],
  ["DROP TABLE s.account, ledger", ["account", "ledger"]],
  ["DROP INDEX account_balance_idx", undefined],
  ["DROP SCHEMA s CASCADE", undefined],
  ["GRANT SELECT ON account, ledger TO myapp", ["account", "ledger"]],
  ["GRANT ALL ON ALL TABLES IN SCHEMA public TO myapp", undefined],
  ["CREATE ROLE myapp WITH LOGIN", []],
  ["CREATE VIEW rich AS SELECT * FROM account", ["rich", "account"]],
  ["ALTER TABLE account RENAME TO client", ["account"]],
];

for (const [text, expected] of cases) {
  test(`the relations of ${text}`, () => {
    const [statement] = createSqlParser().parse(text).statements;
    assert.equal(statement?.kind, "ddl");
    assert.deepEqual(statement.relations, expected);
  });
}
