import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";

before(loadParser);

const sent: readonly (readonly [sql: string, text: string])[] = [
  ["ALTER TABLE t DISABLE TRIGGER ALL", "ALTER TABLE t DISABLE TRIGGER USER"],
  ["ALTER TABLE t DISABLE TRIGGER USER", "ALTER TABLE t DISABLE TRIGGER USER"],
  [
    "CREATE TABLE t (id int, v text, PRIMARY KEY (id) INCLUDE (v), UNIQUE (v) INCLUDE (id))",
    "CREATE TABLE t (id int, v text, PRIMARY KEY (id)            , UNIQUE (v) INCLUDE (id))",
  ],
  [
    `CREATE TABLE "Ä" (include int, CONSTRAINT include PRIMARY KEY (include) /* INCLUDE (x) */ include (include))`,
    `CREATE TABLE "Ä" (include int, CONSTRAINT include PRIMARY KEY (include) /* INCLUDE (x) */                  )`,
  ],
  [
    "CREATE TABLE t (id int, PRIMARY KEY (id) INCLUDE (missing))",
    "CREATE TABLE t (id int, PRIMARY KEY (id) INCLUDE (missing))",
  ],
];

for (const [sql, text] of sent) {
  test(`PostgreSQL is sent: ${text}`, () => {
    assert.equal(createSqlParser().parse(sql).statements[0]?.text, text);
  });
}
