/** The rules hold for the statements of a function's body, too. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";
import type { SqlParser, Statement } from "./statement.ts";

let parser: SqlParser;
before(async () => {
  await loadParser();
  parser = createSqlParser();
});

function parse(body: string, language = "sql"): Statement {
  const source = `CREATE FUNCTION f() RETURNS int LANGUAGE ${language} AS $body$ ${body} $body$`;
  const [statement] = parser.parse(source).statements;
  assert.ok(statement !== undefined);
  return statement;
}

const refused: readonly (readonly [body: string, message: string])[] = [
  ["TRUNCATE account; SELECT 1", "unsupported statement: Truncate"],
  ["SELECT 1; LOCK TABLE account; SELECT 2", "unsupported statement: Lock"],
  ["SELECT pg_backend_pid()", "function pg_backend_pid not supported"],
  [
    "SELECT id FROM account FOR SHARE",
    "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
  ],
  ["CREATE TABLE note (id int); SELECT 1", "CREATE TABLE is not allowed in an SQL function"],
  ["GRANT SELECT ON account TO bob; SELECT 1", "GRANT is not allowed in an SQL function"],
  ["CREATE INDEX ASYNC ON account (owner); SELECT 1", "CREATE INDEX is not allowed in an SQL function"],
  [
    "AWS IAM GRANT bob TO 'arn:aws:iam::123456789012:role/bob'",
    "AWS IAM GRANT is not allowed in an SQL function",
  ],
  ["SET search_path = sales; SELECT 1", "SET is not allowed in an SQL function"],
  ["SELECT 1; COMMIT; SELECT 2", "COMMIT is not allowed in an SQL function"],
];

for (const [body, message] of refused) {
  test(`a function is refused for ${body}`, () => {
    const { refusal } = parse(body);
    assert.equal(refusal?.sqlstate, "0A000");
    assert.equal(refusal.message, message);
    assert.ok(refusal.hint !== undefined, "says what to do");
  });
}

test("a function that reads and changes rows is taken", () => {
  const { refusal } = parse("UPDATE account SET balance = 0 WHERE id = 1; SELECT count(*)::int FROM account");
  assert.equal(refusal, undefined);
});

test("what is refused in a body between BEGIN ATOMIC and END is refused alike", () => {
  const source = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT pg_backend_pid(); END";
  const [statement] = parser.parse(source).statements;
  assert.equal(statement?.refusal?.message, "function pg_backend_pid not supported");
});

test("a mistake in the body is left to PostgreSQL, which says where it is", () => {
  assert.equal(parse("SELEC 1").refusal, undefined);
});

test("a function within the body is refused as such, however deep it nests further", () => {
  const nested = Array.from({ length: 2_000 }).reduce<string>(
    (body, _, level) => `CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS $n${level}$ ${body} $n${level}$`,
    "SELECT 1",
  );
  assert.equal(parse(nested).refusal?.message, "CREATE FUNCTION is not allowed in an SQL function");
});

test("the language is judged before the body", () => {
  const { refusal } = parse("BEGIN TRUNCATE account; END", "plpgsql");
  assert.equal(refusal?.message, "CREATE FUNCTION with language plpgsql not supported");
});

test("a body may call set_config() for any setting: whether that may be set is found when it is called", () => {
  assert.equal(parse("SELECT set_config('work_mem', '8MB', false)").refusal, undefined);
  const [atomic] = parser.parse(
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql RETURN set_config('work_mem', '8MB', false)",
  ).statements;
  assert.equal(atomic?.refusal, undefined);
});
