import assert from "node:assert/strict";
import { test } from "node:test";
import { type Effect, judgeStatement } from "./judge.ts";

const judged: readonly [Effect, readonly string[]][] = [
  [
    "read",
    [
      "SELECT 1",
      "select 1;",
      "-- DELETE FROM t\nSELECT 1",
      "/* ; DROP TABLE t; */ SELECT 'DELETE FROM t; --'",
      "SELECT $$; DROP TABLE t; $$",
      'SELECT "delete" FROM "update"',
      "WITH a AS (SELECT 1) SELECT * FROM a UNION ALL SELECT 2",
      "VALUES (1), (2)",
      "TABLE t",
      "SHOW search_path",
      "EXPLAIN SELECT 1",
      "EXPLAIN (ANALYZE, VERBOSE) SELECT 1",
    ],
  ],
  [
    "write",
    [
      "INSERT INTO t VALUES (1)",
      "/* SELECT */ DELETE FROM t",
      "(((SELECT 1 FROM t FOR UPDATE)))",
      "SELECT * FROM (SELECT * FROM t FOR SHARE) s",
      "SELECT 1 UNION (SELECT 1 FROM t FOR NO KEY UPDATE)",
      "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
      "WITH a AS (WITH b AS (UPDATE t SET i = 1 RETURNING *) SELECT * FROM b) SELECT * FROM a",
      "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM (WITH w AS (INSERT INTO t VALUES (1) RETURNING 1) TABLE w) x)",
      "MERGE INTO t USING s ON t.i = s.i WHEN MATCHED THEN DELETE",
      "INSERT INTO t SELECT * FROM s ON CONFLICT (i) DO UPDATE SET i = 2",
    ],
  ],
  [
    "ddl",
    [
      "CREATE TABLE t (i int PRIMARY KEY)",
      "CREATE INDEX ASYNC ON t (i)",
      "ALTER TABLE t ADD COLUMN j int",
      "DROP TABLE t",
      "CREATE VIEW v AS SELECT 1",
      "COMMENT ON TABLE t IS 'x'",
    ],
  ],
  [
    "refused",
    [
      "",
      " ;; -- nothing",
      "SELECT 1; SELECT 2",
      "SELECT 1; DROP TABLE t",
      "SELECT 1 \u0000; DROP TABLE t",
      "SELEKT 1",
      "SELECT * INTO t2 FROM t",
      "(SELECT 1 INTO t2) UNION SELECT 2",
      "CREATE TABLE t2 AS SELECT * FROM t",
      "EXPLAIN ANALYZE DELETE FROM t",
      "EXPLAIN (ANALYZE) WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d",
      "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
      "EXPLAIN ANALYZE EXECUTE p",
      "EXPLAIN ANALYZE SELECT 1 FROM t FOR UPDATE",
      "COPY t TO STDOUT",
      "COPY t FROM STDIN",
      "COPY (DELETE FROM t RETURNING *) TO PROGRAM 'sh'",
      "PREPARE p AS DELETE FROM t",
      "EXECUTE p",
      "DEALLOCATE ALL",
      "DECLARE c CURSOR FOR SELECT 1",
      "BEGIN",
      "COMMIT",
      "ROLLBACK; DELETE FROM t",
      "SET TRANSACTION READ WRITE",
      "SET search_path = x",
      "RESET ALL",
      "DO $$ BEGIN DELETE FROM t; END $$",
      "CALL sys.wait_for_job('x')",
      "LISTEN x",
      "NOTIFY x",
      "TRUNCATE t",
      "LOCK TABLE t",
      "VACUUM t",
      "ANALYZE t",
      "GRANT ALL ON t TO PUBLIC",
      "REVOKE ALL ON t FROM PUBLIC",
      "CREATE ROLE r WITH LOGIN",
      "ALTER ROLE r WITH LOGIN",
      "DROP ROLE r",
      "ALTER ROLE r RENAME TO admin2",
      "ALTER SCHEMA s OWNER TO r",
      "DROP OWNED BY r",
      "AWS IAM GRANT r TO 'arn:aws:iam::123456789012:role/x'",
      "ALTER TABLE t OWNER TO r",
      "CREATE SCHEMA s CREATE TABLE t (i int) GRANT SELECT ON t TO PUBLIC",
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'",
      "DROP FUNCTION f()",
      "DROP ROUTINE f",
      "ALTER FUNCTION f() RENAME TO lower",
      "COMMENT ON FUNCTION f() IS 'x'",
      "COMMENT ON ROLE r IS 'x'",
      "CREATE SCHEMA s AUTHORIZATION r",
      `SELECT ${"(".repeat(50_000)}1${")".repeat(50_000)}`,
      `SELECT '${"x".repeat(100_000)}'`,
    ],
  ],
];

for (const [effect, statements] of judged) {
  for (const sql of statements) {
    test(`${effect}: ${JSON.stringify(sql.slice(0, 90))}`, async () => {
      const judgement = await judgeStatement(sql);
      assert.equal(judgement.effect, effect, judgement.reason);
      assert.equal(judgement.reason !== undefined, effect === "refused");
    });
  }
}

test("functions are found by every way of calling them", async () => {
  const { functions, attributes } = await judgeStatement(
    "SELECT pg_catalog.set_config('a', 'b', false), (1.5::float8).pg_sleep, t.other FROM t, nextval('s') ORDER BY lower(n)",
  );
  assert.deepEqual([...functions].sort(), ["lower", "nextval", "set_config"]);
  assert.deepEqual([...attributes].sort(), ["other", "pg_sleep"]);
});
