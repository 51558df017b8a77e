import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "../../sql/index.ts";
import type { Table } from "../../catalog/table.ts";
import { ShadowTable } from "./shadow-table.ts";
import { Substitution } from "./substitution.ts";

before(loadParser);

const account: Table = {
  oid: 1,
  schema: "public",
  name: "account",
  columns: [
    {
      name: "id",
      type: "integer",
      isNotNull: true,
      hasVolatileDefault: false,
      isGenerated: false,
      isIdentity: false,
      isIdentityAlways: false,
      isFixed: true,
      isWrittenBySettings: false,
      bytesMax: 4,
    },
  ],
  primaryKey: ["id"],
  uniqueKeys: [],
  hasOtherUniqueIndex: false,
  indexes: [],
  checks: [],
  foreignKeys: [],
  cascadesOn: { delete: false, update: false },
};

function substituted(text: string, shadow: ShadowTable): string {
  const statement = createSqlParser().parse(text).statements[0];
  assert.ok(statement?.kind === "read" || statement?.kind === "write");
  return new Substitution(statement.text, statement.analysis, ({ name }) =>
    name === "account" ? shadow : undefined,
  ).whole;
}

function changed(): ShadowTable {
  const shadow = new ShadowTable(account);
  shadow.hide("(0,1)");
  return shadow;
}

const source = changed().source();

const cases: readonly (readonly [string, string])[] = [
  ["SELECT * FROM account", `SELECT * FROM ${source} AS "account"`],
  ["SELECT a.id FROM account a", `SELECT a.id FROM ${source} a`],
  [
    "SELECT a.id FROM account AS a JOIN entry e ON true",
    `SELECT a.id FROM ${source} AS a JOIN entry e ON true`,
  ],
  ["SELECT (SELECT max(id) FROM account)", `SELECT (SELECT max(id) FROM ${source} AS "account")`],
  ["SELECT 'ä' FROM account", `SELECT 'ä' FROM ${source} AS "account"`],
  ["SELECT 'account' FROM entry", "SELECT 'account' FROM entry"],
  [
    "WITH account AS (SELECT 1 AS id) SELECT * FROM account",
    "WITH account AS (SELECT 1 AS id) SELECT * FROM account",
  ],
  [
    "UPDATE entry SET n = 1 WHERE id IN (SELECT id FROM account)",
    `UPDATE entry SET n = 1 WHERE id IN (SELECT id FROM ${source} AS "account")`,
  ],
  ["UPDATE account SET id = 2", "UPDATE account SET id = 2"],
];

for (const [text, expected] of cases) {
  test(`the shadow stands for the table in: ${text}`, () => {
    assert.equal(substituted(text, changed()), expected);
  });
}

test("an untouched table is read as it is", () => {
  assert.equal(substituted("SELECT * FROM account", new ShadowTable(account)), "SELECT * FROM account");
});

const locking: readonly (readonly [string, string])[] = [
  ["SELECT 1 FROM entry FOR UPDATE", "SELECT 1 FROM entry "],
  ["SELECT 1 FROM entry e FOR UPDATE OF e LIMIT 1", "SELECT 1 FROM entry e  LIMIT 1"],
  ["SELECT * FROM (SELECT 1 FROM entry FOR UPDATE) AS sub", "SELECT * FROM (SELECT 1 FROM entry ) AS sub"],
  ["SELECT 'for update' FROM entry FOR UPDATE", "SELECT 'for update' FROM entry "],
];

for (const [text, expected] of locking) {
  test(`nothing is locked by: ${text}`, () => {
    assert.equal(substituted(text, new ShadowTable(account)), expected);
  });
}
