import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";
import type { Statement } from "./statement.ts";

before(loadParser);

const parseOne = (sql: string): Statement => {
  const [statement] = createSqlParser().parse(sql).statements;
  assert.ok(statement !== undefined, sql);
  return statement;
};

// The relations and the shape of DDL have tests of their own.
const otherFields = new Set([
  ...["text", "offset", "positionInSource", "refusal", "refusedBy"],
  ...["analysis", "relations", "shape", "unless"],
]);

/** The fields that tell the kinds apart. */
function facts(sql: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parseOne(sql)).filter(([name]) => !otherFields.has(name)));
}

const cases: readonly (readonly [sql: string, facts: Record<string, unknown>])[] = [
  ["BEGIN", { kind: "begin", readOnly: undefined }],
  ["START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", { kind: "begin", readOnly: true }],
  ["BEGIN READ ONLY, READ WRITE", { kind: "begin", readOnly: false }],
  ["COMMIT WORK", { kind: "commit" }],
  ["END", { kind: "commit" }],
  ["ROLLBACK", { kind: "rollback" }],
  ["ABORT", { kind: "rollback" }],
  ["SET timezone = 'UTC'", { kind: "set", name: "timezone", value: "'UTC'", isLocal: false }],
  [
    "SET LOCAL search_path TO a, \"B c\", 'd''e'",
    { kind: "set", name: "search_path", value: "'a', 'B c', 'd''e'", isLocal: true },
  ],
  ["SET extra_float_digits = -1", { kind: "set", name: "extra_float_digits", value: "-1", isLocal: false }],
  ["SET enable_seqscan TO off", { kind: "set", name: "enable_seqscan", value: "'off'", isLocal: false }],
  [
    "SET application_name TO DEFAULT",
    { kind: "set", name: "application_name", value: undefined, isLocal: false },
  ],
  [
    "SET application_name = E'a\\\\b'",
    { kind: "set", name: "application_name", value: "E'a\\\\b'", isLocal: false },
  ],
  [
    "SET TIME ZONE INTERVAL '2' HOUR",
    { kind: "set", name: "timezone", value: "'INTERVAL ''2 hours'''", isLocal: false },
  ],
  ["SET TIME ZONE -3.5", { kind: "set", name: "timezone", value: "-3.5", isLocal: false }],
  ["SET TIME ZONE LOCAL", { kind: "set", name: "timezone", value: undefined, isLocal: false }],
  ["SET SCHEMA 'a'", { kind: "set", name: "search_path", value: "'a'", isLocal: false }],
  ["SET NAMES 'UTF8'", { kind: "set", name: "client_encoding", value: "'UTF8'", isLocal: false }],
  ["RESET ALL", { kind: "reset", name: undefined }],
  ["RESET TIME ZONE", { kind: "reset", name: "timezone" }],
  ["SHOW TimeZone", { kind: "show", name: "timezone" }],
  ["SHOW ALL", { kind: "show", name: "all" }],
  ["SELECT set_config('timezone', 'UTC', false)", { kind: "read" }],
  ["VALUES (1)", { kind: "read" }],
  ["TABLE t", { kind: "read" }],
  ["SELECT * FROM t FOR UPDATE", { kind: "read" }],
  ["EXPLAIN DELETE FROM t", { kind: "read" }],
  ["EXPLAIN (ANALYZE off) DELETE FROM t", { kind: "read" }],
  ["EXPLAIN (ANALYZE 1) DELETE FROM t", { kind: "write" }],
  ["EXPLAIN ANALYZE DELETE FROM t", { kind: "write" }],
  ["EXPLAIN ANALYZE SELECT 1", { kind: "read" }],
  ["COPY t TO STDOUT", { kind: "read" }],
  ["COPY t FROM STDIN", { kind: "write" }],
  ["COPY (DELETE FROM t RETURNING *) TO STDOUT", { kind: "write" }],
  ["INSERT INTO t VALUES (1)", { kind: "write" }],
  ["UPDATE t SET a = 1", { kind: "write" }],
  ["DELETE FROM t", { kind: "write" }],
  ["WITH c AS (DELETE FROM t) SELECT 1", { kind: "write" }],
  ["SELECT (WITH c AS (SELECT 1) SELECT * FROM c)", { kind: "read" }],
  ["CREATE TABLE t (a int)", { kind: "ddl", command: "CREATE TABLE" }],
  ["CREATE VIEW v AS SELECT 1", { kind: "ddl", command: "CREATE VIEW" }],
  ["CREATE INDEX i ON t (a)", { kind: "ddl", command: "CREATE INDEX" }],
  ["DROP TABLE IF EXISTS t", { kind: "ddl", command: "DROP TABLE" }],
  ["DROP INDEX i", { kind: "ddl", command: "DROP INDEX" }],
  ["ALTER TABLE t ADD a int", { kind: "ddl", command: "ALTER TABLE" }],
  ["ALTER TABLE t RENAME a TO b", { kind: "ddl", command: "ALTER TABLE" }],
  ["ALTER INDEX i RENAME TO j", { kind: "ddl", command: "ALTER INDEX" }],
  ["ALTER TABLE t OWNER TO r", { kind: "ddl", command: "ALTER TABLE" }],
  ["ALTER SCHEMA a RENAME TO b", { kind: "ddl", command: "ALTER SCHEMA" }],
  ["GRANT SELECT ON t TO r", { kind: "ddl", command: "GRANT" }],
  ["REVOKE SELECT ON t FROM r", { kind: "ddl", command: "REVOKE" }],
  ["COMMENT ON TABLE t IS 'x'", { kind: "ddl", command: "COMMENT" }],
  ["CREATE ROLE r", { kind: "ddl", command: "CREATE ROLE" }],
  ["SAVEPOINT a", { kind: "ddl", command: "TRANSACTION" }],
  ["CREATE POLICY p ON t", { kind: "ddl", command: "CREATE POLICY" }],
  ["CALL sys.wait_for_job('abc')", { kind: "waitForJob", jobId: "abc" }],
  ["CALL sys.wait_for_job('abc'::text)", { kind: "waitForJob", jobId: "abc" }],
  ["CALL sys.wait_for_job(NULL)", { kind: "waitForJob", jobId: "" }],
  [
    "CALL sys.wait_for_job(lower('A'))",
    { kind: "waitForJob", jobId: { query: "SELECT               (lower('A'))" } },
  ],
  ["call sys.wait_for_job($2)", { kind: "waitForJob", jobId: { parameter: 2 } }],
  ["CALL sys.wait_for_job(CAST($1 AS text))", { kind: "waitForJob", jobId: { parameter: 1 } }],
  ["CALL p()", { kind: "read" }],
  ["SELECT sys.wait_for_job('abc')", { kind: "read" }],
  ["ANALYZE", { kind: "analyze", isOfAll: true }],
  ["ANALYZE VERBOSE t (a)", { kind: "analyze", isOfAll: false }],
  ["DEALLOCATE ALL", { kind: "deallocateAll" }],
  ["SET CONSTRAINTS ALL DEFERRED", { kind: "setConstraints" }],
];

for (const [sql, expected] of cases) {
  test(`classified: ${sql}`, () => {
    assert.deepEqual(facts(sql), expected);
  });
}

test("only a top-level INSERT, UPDATE or DELETE has a DML shape", () => {
  for (const sql of [
    "SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM t",
    "COPY t FROM STDIN",
    "WITH c AS (DELETE FROM t) SELECT 1",
  ]) {
    const statement = parseOne(sql);
    assert.ok(statement.kind === "read" || statement.kind === "write");
    assert.equal(statement.analysis.dml, undefined, sql);
  }
});
