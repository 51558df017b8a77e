import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";
import type { Statement } from "./statement.ts";

before(loadParser);

const parse = (source: string): readonly Statement[] => createSqlParser().parse(source).statements;

function only<Kind extends Statement["kind"]>(
  source: string,
  kind: Kind,
): Extract<Statement, { kind: Kind }> {
  const [statement, ...others] = parse(source);
  assert.equal(others.length, 0);
  assert.equal(statement?.kind, kind);
  return statement as Extract<Statement, { kind: Kind }>;
}

test("CREATE INDEX ASYNC becomes PostgreSQL's CREATE INDEX, offsets unchanged", () => {
  const statement = only(
    'create /* a */ unique\nIndex async if not exists i on "S".t (a)',
    "createIndexAsync",
  );
  assert.equal(statement.text, 'create /* a */ unique\nIndex       if not exists i on "S".t (a)');
  assert.equal(
    statement.concurrentText,
    'create /* a */ unique\nIndex CONCURRENTLY if not exists i on "S".t (a)',
  );
  assert.deepEqual([statement.unique, statement.ifNotExists, statement.index], [true, true, "i"]);
  assert.equal(statement.text.slice(statement.table.start, statement.table.end), '"S".t');
  assert.deepEqual([statement.table.schema, statement.table.name], ["S", "t"]);
});

test("an index without a name is left for PostgreSQL to name", () => {
  const statement = only("CREATE INDEX ASYNC ON t (lower(a))", "createIndexAsync");
  assert.equal(statement.index, undefined);
  assert.equal(statement.refusal, undefined);
});

test("the name grammar of CREATE INDEX ASYNC is PostgreSQL's", () => {
  assert.throws(() => parse("CREATE INDEX ASYNC IF NOT EXISTS ON t (a)"), {
    sqlstate: "42601",
    message: 'syntax error at or near "ON"',
    position: 34,
  });
  assert.throws(() => parse("CREATE INDEX ASYNC s.i ON t (a)"), {
    sqlstate: "42601",
    message: 'syntax error at or near "."',
    position: 21,
  });
});

test("ALTER TABLE ASYNC validates a constraint and does nothing else", () => {
  const statement = only(
    'ALTER TABLE ASYNC IF EXISTS ONLY s.t VALIDATE CONSTRAINT "C"',
    "validateConstraintAsync",
  );
  assert.equal(statement.constraint, "C");
  assert.equal(statement.text.slice(statement.table.start, statement.table.end), "s.t");
  assert.equal(statement.refusal, undefined);
  const refused: readonly (readonly [sql: string, near: string])[] = [
    ["ALTER TABLE ASYNC t ADD COLUMN a int", "ADD"],
    ["ALTER TABLE ASYNC ONLY s . t RENAME TO u", "RENAME"],
    ["ALTER TABLE ASYNC t * VALIDATE CONSTRAINT a, VALIDATE CONSTRAINT b", ","],
    ["SELECT 1; ALTER TABLE ASYNC IF EXISTS t SET SCHEMA s", "SET"],
  ];
  for (const [sql, near] of refused) {
    const position = sql.lastIndexOf(near === "," ? ", VALIDATE" : near) + 1;
    assert.throws(
      () => parse(sql),
      { sqlstate: "42601", message: `syntax error at or near "${near}"`, position },
      sql,
    );
  }
});

test("AWS IAM GRANT and REVOKE are recognised in any case and spacing", () => {
  const arn = "arn:aws:iam::123456789012:role/x";
  const grant = only(`aws  iam\ngrant "Å b" /* c */ to '${arn}' ;`, "iamGrant");
  assert.deepEqual([grant.role, grant.arn], ["Å b", arn]);
  const revoke = only(`AWS IAM REVOKE Lambda_Role FROM E'${arn}'`, "iamRevoke");
  assert.deepEqual([revoke.role, revoke.arn], ["lambda_role", arn]);
});

test("a malformed AWS IAM statement is a syntax error where it goes wrong", () => {
  const cases: readonly (readonly [sql: string, message: string, position: number])[] = [
    ["AWS IAM", "syntax error at end of input", 8],
    ["AWS IAM DROP x", 'syntax error at or near "DROP"', 9],
    ["AWS IAM GRANT", "syntax error at end of input", 14],
    ["AWS IAM GRANT 'x' TO 'y'", "syntax error at or near \"'x'\"", 15],
    ["AWS IAM GRANT x FROM 'y'", 'syntax error at or near "FROM"', 17],
    ["AWS IAM REVOKE x TO 'y'", 'syntax error at or near "TO"', 18],
    ["AWS IAM GRANT x TO y", 'syntax error at or near "y"', 20],
    ["AWS IAM GRANT x TO 'y' z", 'syntax error at or near "z"', 24],
    ["SELECT '東'; AWS IAM GRANT x TO; SELECT 1", 'syntax error at or near ";"', 31],
    ["AWS IAM GRANT table TO 'y'", 'syntax error at or near "table"', 15],
  ];
  for (const [sql, message, position] of cases) {
    assert.throws(() => parse(sql), { sqlstate: "42601", message, position }, sql);
  }
});

test("a source may mix the forms with other statements", () => {
  const source = [
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "AWS IAM GRANT a TO 'é'",
    "SELECT ';AWS IAM GRANT', $$;CREATE INDEX ASYNC$$ -- ; AWS IAM x\n",
    "CREATE INDEX ASYNC ON t (a)",
    "SELECT 1",
  ].join(";\n");
  const statements = parse(source);
  assert.deepEqual(
    statements.map(({ kind }) => kind),
    ["ddl", "iamGrant", "read", "createIndexAsync", "read"],
  );
  for (const { text, offset } of statements) {
    assert.equal(
      source.slice(offset, offset + text.length).replace(/^CREATE INDEX ASYNC/, "CREATE INDEX      "),
      text,
    );
  }
});

test("ASYNC is reserved: quoted it is a name, bare it is one only as an output label", () => {
  const refused: readonly (readonly [sql: string, position: number])[] = [
    ["CREATE TABLE t (async int)", 17],
    ["SELECT async FROM t", 8],
    ["SELECT '東', 1 async, Async", 22],
    ["INSERT INTO async VALUES (1)", 13],
    ["CREATE TABLE async (a int)", 14],
    ["CREATE INDEX ASYNC async ON t (a)", 20],
  ];
  for (const [sql, position] of refused) {
    const message = /^syntax error at or near "async"$/i;
    assert.throws(() => parse(sql), { sqlstate: "42601", message, position }, sql);
  }
  for (const sql of [
    'CREATE TABLE t ("async" int)',
    "SELECT 1 async",
    "SELECT a AS async FROM t",
    "SELECT t.async FROM t",
    "SELECT 'async' -- async",
  ]) {
    assert.equal(parse(sql)[0]?.text, sql);
  }
});

test("the words of the forms stay names elsewhere", () => {
  const [statement] = parse("SELECT aws.iam, 'AWS IAM GRANT' FROM aws WHERE arn LIKE 'arn:aws:%'");
  assert.equal(statement?.kind, "read");
  assert.equal(statement.refusal, undefined);
});

test("thousands of the forms in one source are parsed in linear time", () => {
  const source = "CREATE INDEX ASYNC ON t (a);AWS IAM GRANT a TO 'x';".repeat(5_000);
  assert.equal(parse(source).length, 10_000);
});
