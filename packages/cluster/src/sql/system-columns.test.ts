/** PostgreSQL's system columns of a client's table are refused; what only has their names is not. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";

before(loadParser);

const refused = [
  "SELECT ctid FROM t",
  "SELECT t.xmin, id FROM public.t",
  "SELECT a.xmax FROM t a JOIN pg_class c ON true",
  "SELECT id FROM t WHERE cmin = '1'",
  "SELECT (SELECT t.tableoid FROM u) FROM t",
  "SELECT id FROM t ORDER BY cmax",
  "DELETE FROM t WHERE ctid IN (SELECT ctid FROM t LIMIT 5)",
  "UPDATE t SET a = 1 WHERE ctid = '(0,1)'",
  "UPDATE t SET a = 1 FROM u WHERE u.ctid = t.ctid",
  "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1 RETURNING (xmax = 0)",
  "DELETE FROM t RETURNING t.xmin",
  "DELETE FROM t USING u WHERE u.xmin = '1'",
  "WITH c AS (SELECT ctid FROM t) SELECT * FROM c",
  "WITH t AS (SELECT 1 AS a) SELECT u.ctid FROM t, u",
  "SELECT id FROM t UNION SELECT xmin FROM u",
  "EXPLAIN SELECT ctid FROM t",
  "COPY (SELECT ctid FROM t) TO STDOUT",
  "CREATE VIEW v AS SELECT ctid FROM t",
  "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ctid::text FROM t'",
  "SELECT id FROM t GROUP BY tableoid, id",
];

const taken = [
  "SELECT tableoid, oid, xmin FROM pg_class",
  "SELECT c.ctid FROM pg_catalog.pg_class c",
  "INSERT INTO t SELECT ctid::text FROM pg_class",
  "SELECT xmin FROM (SELECT 1 AS xmin) q",
  "SELECT q.xmin FROM t, (SELECT 1 AS xmin) q",
  "SELECT xmin FROM t, (SELECT 1 AS xmin) q",
  "WITH c AS (SELECT 1 AS ctid) SELECT ctid FROM c",
  "WITH c (ctid) AS (VALUES (1)) SELECT c.ctid FROM c",
  "WITH c AS (DELETE FROM t RETURNING id AS xmin) SELECT xmin FROM c",
  "SELECT 1 AS ctid FROM t",
  "SELECT x.ctid FROM f() AS x(ctid)",
  "SELECT 'ctid' FROM t",
];

for (const sql of refused) {
  test(`a system column is refused: ${sql}`, () => {
    const [statement] = createSqlParser().parse(sql).statements;
    assert.equal(statement?.refusedBy, "system-column");
    assert.deepEqual(
      [statement.refusal?.sqlstate, statement.refusal?.message],
      ["0A000", "cannot retrieve a system column in this context"],
    );
  });
}

for (const sql of taken) {
  test(`a name like a system column's is taken: ${sql}`, () => {
    assert.equal(createSqlParser().parse(sql).statements[0]?.refusedBy, undefined);
  });
}
