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
  [
    `CREATE TABLE "Ä" (a numeric, b "numeric" NOT NULL, c pg_catalog . numeric DEFAULT 1::numeric, d DEC CHECK (d > 0), e numeric(5))`,
    `CREATE TABLE "Ä" (a numeric(18,6), b "numeric"(18,6) NOT NULL, c pg_catalog . numeric(18,6) DEFAULT 1::numeric, d DEC(18,6) CHECK (d > 0), e numeric(5))`,
  ],
  [
    "ALTER TABLE t DISABLE TRIGGER ALL, ADD a numeric",
    "ALTER TABLE t DISABLE TRIGGER USER, ADD a numeric(18,6)",
  ],
  ["ALTER TABLE t ADD a numeric, ADD b int", "ALTER TABLE t ADD a numeric(18,6), ADD b int"],
  ["CREATE SCHEMA s CREATE TABLE t (a numeric)", "CREATE SCHEMA s CREATE TABLE t (a numeric(18,6))"],
  ["CREATE DOMAIN d AS numeric", "CREATE DOMAIN d AS numeric"],
  ["CREATE VIEW v AS SELECT 1::numeric AS a", "CREATE VIEW v AS SELECT 1::numeric AS a"],
];

for (const [sql, text] of sent) {
  test(`PostgreSQL is sent: ${text}`, () => {
    assert.equal(createSqlParser().parse(sql).statements[0]?.text, text);
  });
}

test("positions behind a type that was completed are the client's", () => {
  const sql = `CREATE TABLE "Ä" (a numeric, b numeric, c nothing)`;
  const [statement] = createSqlParser().parse(sql).statements;
  for (const [word, place] of [
    ["c nothing", 0],
    [", b", 0],
    ["(a", 0],
  ] as const) {
    const position = [...(statement?.text.slice(0, statement.text.indexOf(word) + place) ?? "")].length + 1;
    assert.equal(statement?.positionInSource(position), sql.indexOf(word) + place + 1, word);
  }
});
