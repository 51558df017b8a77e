import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";
import type { SqlParser, Statement } from "./statement.ts";

let parser: SqlParser;

before(async () => {
  await loadParser();
  parser = createSqlParser();
});

function only(source: string): Statement {
  const { statements } = parser.parse(source);
  assert.equal(statements.length, 1);
  return statements[0] as Statement;
}

const shown = (source: string): string => only(source).text;

test("a catalog is given as its view, with or without its schema", () => {
  assert.equal(shown("SELECT relname FROM pg_class"), "SELECT relname FROM pg_dsql_catalog.pg_class");
  assert.equal(
    shown(
      'SELECT c.relname FROM pg_catalog.pg_class c JOIN "pg_catalog" . "pg_index" AS i ON i.indexrelid = c.oid',
    ),
    "SELECT c.relname FROM pg_dsql_catalog.pg_class c JOIN pg_dsql_catalog.pg_index AS i ON i.indexrelid = c.oid",
  );
});

test("a column that names the catalog's schema follows", () => {
  assert.equal(
    shown("SELECT pg_catalog.pg_class.relname, pg_class.oid FROM pg_catalog.pg_class"),
    "SELECT pg_dsql_catalog.pg_class.relname, pg_class.oid FROM pg_dsql_catalog.pg_class",
  );
});

test("subqueries, set operations, CTEs and writes are looked into", () => {
  for (const [source, text] of [
    [
      "SELECT 1 WHERE EXISTS (SELECT FROM pg_type)",
      "SELECT 1 WHERE EXISTS (SELECT FROM pg_dsql_catalog.pg_type)",
    ],
    [
      "WITH x AS (TABLE pg_am) SELECT 1 UNION TABLE pg_am",
      "WITH x AS (TABLE pg_dsql_catalog.pg_am) SELECT 1 UNION TABLE pg_dsql_catalog.pg_am",
    ],
    [
      "INSERT INTO t SELECT relname FROM pg_class",
      "INSERT INTO t SELECT relname FROM pg_dsql_catalog.pg_class",
    ],
    ["COPY (SELECT FROM pg_class) TO STDOUT", "COPY (SELECT FROM pg_dsql_catalog.pg_class) TO STDOUT"],
  ] as const)
    assert.equal(shown(source), text);
});

test("a statement that asks for system columns is given the views that have them", () => {
  assert.equal(
    shown("SELECT c.tableoid, c.oid FROM pg_class c"),
    "SELECT c.tableoid, c.oid FROM pg_dsql_rows.pg_class c",
  );
});

test("what is no catalog, or not for clients to change, stays as written", () => {
  for (const source of [
    "WITH pg_class AS (SELECT 1) SELECT FROM pg_class",
    "SELECT FROM app.pg_class",
    "SELECT 'pg_class'::regclass",
    "SELECT FROM pg_tables",
    "DELETE FROM pg_class",
    "COPY pg_class TO STDOUT",
    "EXPLAIN SELECT FROM pg_proc",
    "CREATE VIEW v AS SELECT FROM pg_class",
  ])
    assert.equal(shown(source), source);
});

test("ranges and kinds are those of the changed text", () => {
  const statement = only("SELECT oid FROM pg_class WHERE relname = $1");
  assert.equal(statement.kind, "read");
  const [relation] = statement.kind === "read" ? statement.analysis.relations : [];
  assert.equal(relation?.schema, "pg_dsql_catalog");
  assert.equal(statement.text.slice(relation?.start, relation?.end), "pg_dsql_catalog.pg_class");
});

test("positions are given in the client's text, also after the view's longer name", () => {
  const source = "SELECT 'ä', 1 FROM pg_class; SELECT 'ä' FROM pg_class WHERE nosuch";
  const second = parser.parse(source).statements[1] as Statement;
  const inText = [...second.text].join("").indexOf("nosuch") + 1;
  assert.equal(second.positionInSource(inText), source.indexOf("nosuch") + 1);
  const atView = second.text.indexOf("pg_dsql_catalog") + 1;
  assert.equal(second.positionInSource(atView), source.lastIndexOf("pg_class") + 1);
});

test("the cluster's own schemas are not there", () => {
  assert.throws(() => only("SELECT FROM pg_dsql.job"), {
    sqlstate: "42P01",
    message: 'relation "pg_dsql.job" does not exist',
  });
  assert.throws(() => only("SELECT pg_dsql.iam_grant('a', 'b')"), {
    sqlstate: "3F000",
    message: 'schema "pg_dsql" does not exist',
  });
  assert.equal(only("SELECT FROM aws_dsql.list_iam_principal_database_role_authorizations()").kind, "read");
});
