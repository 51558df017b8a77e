import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";

before(loadParser);

test("a source falls into its statements, each with its own text and place", () => {
  const source = " SELECT 1 ; -- one\n\n/* two */ select ';' ;; INSERT INTO t VALUES ($1)\n";
  const { statements } = createSqlParser().parse(source);
  assert.deepEqual(
    statements.map(({ text }) => text),
    ["SELECT 1", "select ';'", "INSERT INTO t VALUES ($1)"],
  );
  for (const { text, offset } of statements) assert.equal(source.slice(offset, offset + text.length), text);
});

test("a source without statements has none", () => {
  for (const source of ["", " ; ;", "-- nothing"])
    assert.deepEqual(createSqlParser().parse(source).statements, []);
});

test("a position in a statement is mapped to the source in characters", () => {
  const { statements } = createSqlParser().parse("SELECT '\u{1F600}é'; SELECT nope");
  assert.equal(statements[0]?.positionInSource(8), 8);
  // PostgreSQL reports `nope` at 8 of the second statement; before it come 13 characters, of 14 UTF-16 units.
  assert.equal(statements[1]?.positionInSource(8), 21);
});

test("a syntax error anywhere refuses the whole source, at its place", () => {
  assert.throws(() => createSqlParser().parse("SELECT 1; SELEC 2; AWS IAM GRANT r TO 'x'"), {
    sqlstate: "42601",
    message: 'syntax error at or near "SELEC"',
    position: 11,
  });
});

test("a source seen before is the same answer again; a very long one is parsed anew", () => {
  const parser = createSqlParser();
  assert.equal(parser.parse("SELECT 1"), parser.parse("SELECT 1"));
  const long = `SELECT '${"x".repeat(70_000)}'`;
  assert.notEqual(parser.parse(long), parser.parse(long));
});

test("a tree too deep to be walked is refused, and the parser goes on", () => {
  const parser = createSqlParser();
  for (const source of [`SELECT 1${"+1".repeat(6_000)}`, `SELECT 1${" UNION SELECT 1".repeat(8_000)}`]) {
    assert.throws(() => parser.parse(source), { sqlstate: "54001" });
  }
  assert.equal(parser.parse("SELECT 2").statements.length, 1);
});
