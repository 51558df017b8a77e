import assert from "node:assert/strict";
import { before, test } from "node:test";
import { loadParser, type ParseStatement, SyntaxProblem } from "./parser.ts";
import { parseStatement } from "./statement.ts";

let parse: ParseStatement;
before(async () => {
  parse = await loadParser();
});

const problemOf = (text: string): SyntaxProblem => {
  try {
    parseStatement(text, parse);
  } catch (error) {
    if (error instanceof SyntaxProblem) return error;
    throw error;
  }
  return assert.fail(`${text} is taken`);
};

test("kinds are those that transactions are made of", () => {
  const kinds = {
    "START TRANSACTION": "begin",
    END: "commit",
    ABORT: "rollback",
    "SELECT 1": "read",
    "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1 FROM d": "write",
    "SELECT 1 INTO t": "ddl",
    "COPY t FROM STDIN": "write",
    "COPY t TO STDOUT": "read",
    "EXPLAIN DELETE FROM t": "read",
    "EXPLAIN ANALYZE DELETE FROM t": "write",
    "EXPLAIN (ANALYZE off) DELETE FROM t": "read",
    "ANALYZE t": "analyze",
    "CALL sys.wait_for_job('a')": "waitForJob",
    "SET timezone = 'UTC'": "session",
    "GRANT a TO b": "ddl",
    "AWS IAM REVOKE r FROM 'arn:aws:iam::1:role/r'": "ddl",
  };
  for (const [text, kind] of Object.entries(kinds))
    assert.equal(parseStatement(text, parse).kind, kind, text);
});

test("DSQL's own forms are statements", () => {
  assert.equal(parseStatement('CREATE UNIQUE INDEX ASYNC "async" ON t (a)', parse).isAsync, true);
  assert.equal(parseStatement("ALTER TABLE ASYNC IF EXISTS t VALIDATE CONSTRAINT c", parse).isAsync, true);
  assert.equal(parseStatement("aws iam grant \"r\" to 'arn:aws:iam::1:role/r'", parse).subject.type, "");
});

test("what is none of its forms is a problem at its place", () => {
  assert.equal(problemOf("SELEC 1").offset, 0);
  assert.equal(problemOf("SELECT 1 FROM").offset, "SELECT 1 FROM".length);
  assert.equal(problemOf("SELECT 'é', 'ö' FROM FROM").offset, "SELECT 'é', 'ö' FROM ".length);
  assert.match(problemOf("CREATE TABLE t (async int)").message, /reserved word/);
  assert.equal(problemOf("CREATE TABLE t (async int)").offset, "CREATE TABLE t (".length);
  assert.match(problemOf("ALTER TABLE ASYNC t ADD a int").message, /VALIDATE CONSTRAINT/);
  assert.match(problemOf("AWS IAM GRANT r TO x").message, /GRANT role TO 'arn'/);
});

test("what is nested too deeply is a problem, and the parser goes on after it", () => {
  const tooDeep = [`SELECT ${"(".repeat(20_000)}1${")".repeat(20_000)}`, `SELECT 1${"+1".repeat(50_000)}`];
  for (const text of tooDeep) assert.match(problemOf(text).message, /nested too deeply|memory exhausted/);
  assert.equal(parseStatement("SELECT 1", parse).kind, "read");
});
