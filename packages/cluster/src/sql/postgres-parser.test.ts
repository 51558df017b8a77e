import assert from "node:assert/strict";
import { before, test } from "node:test";
import { loadParser, parseTree } from "./postgres-parser.ts";

before(loadParser);

const deep = `SELECT 1${"+1".repeat(20_000)}`;

test("a syntax error has PostgreSQL's text and its position in characters", () => {
  assert.throws(() => parseTree("SELECT '東京', FROM t"), {
    sqlstate: "42601",
    message: 'syntax error at or near "FROM"',
    position: 14,
  });
  assert.throws(() => parseTree("SELECT 'abc"), {
    sqlstate: "42601",
    message: 'unterminated quoted string at or near "\'abc"',
    position: 8,
  });
  assert.throws(() => parseTree("SELECT ("), { message: "syntax error at end of input", position: 9 });
});

test("what PostgreSQL's grammar knows but lacks is 0A000", () => {
  assert.throws(() => parseTree("CREATE TABLE t (a int REFERENCES u MATCH PARTIAL)"), {
    sqlstate: "0A000",
    message: "MATCH PARTIAL not yet implemented",
  });
});

test("a NUL is refused as PostgreSQL refuses it", () => {
  assert.throws(() => parseTree("SELECT 'a\0b'"), { sqlstate: "22021" });
});

test("an expression that is too deep is refused, and the statements after it are parsed, however many came", async () => {
  for (let time = 0; time < 100; time += 1) {
    assert.throws(() => parseTree(deep), { sqlstate: "54001", message: "stack depth limit exceeded" });
    // The next message of any client comes in a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(parseTree("SELECT 1").length, 1);
  }
});

test("a parenthesis too many for PostgreSQL's parser is its error", () => {
  assert.throws(() => parseTree(`SELECT ${"(".repeat(100_000)}`), {
    sqlstate: "42601",
    message: /^memory exhausted/,
  });
});

test("a source of 10 MiB is parsed, and the next small one too", async () => {
  const [statement] = parseTree(`SELECT '${"x".repeat(10 * 1024 * 1024)}'`);
  assert.ok(statement !== undefined && "SelectStmt" in statement.stmt);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(parseTree("SELECT 1; SELECT 2").length, 2);
});

test("a source without statements has none", () => {
  for (const source of ["", "  \n", ";;", "-- only a comment", "/* one */ ;"]) {
    assert.deepEqual(parseTree(source), [], source);
  }
});
