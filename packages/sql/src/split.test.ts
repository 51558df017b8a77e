import assert from "node:assert/strict";
import { test } from "node:test";
import { splitStatements } from "./split.ts";

const cases: [behaviour: string, script: string, statements: string[]][] = [
  ["statements are split at semicolons", "SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]],
  ["a last semicolon adds nothing", "SELECT 1;\n", ["SELECT 1"]],
  ["empty statements and lone comments are left out", ";; -- a;b\n/* c; */ ;SELECT 1", ["SELECT 1"]],
  ["a comment stays with the statement it stands in", "SELECT 1 -- one;\n + 2", ["SELECT 1 -- one;\n + 2"]],
  ["a semicolon in a literal stays", "SELECT 'a;''b;'; SELECT 2", ["SELECT 'a;''b;'", "SELECT 2"]],
  ["a backslash in a literal is a character", "SELECT '\\'; SELECT 2", ["SELECT '\\'", "SELECT 2"]],
  ["a backslash in an escape literal escapes", "SELECT E'\\';'; SELECT 2", ["SELECT E'\\';'", "SELECT 2"]],
  ["a semicolon in a quoted name stays", 'SELECT "a;""b"; SELECT 2', ['SELECT "a;""b"', "SELECT 2"]],
  ["a semicolon in a dollar quote stays", "SELECT $x$;$$;$x$; SELECT 2", ["SELECT $x$;$$;$x$", "SELECT 2"]],
  ["a dollar inside a name opens no quote", "SELECT a$b$; SELECT $1", ["SELECT a$b$", "SELECT $1"]],
  [
    "block comments nest",
    "SELECT /* a /* b; */ ; */ 1; SELECT 2",
    ["SELECT /* a /* b; */ ; */ 1", "SELECT 2"],
  ],
  ["what is never closed is one statement", "SELECT 'a; SELECT 2", ["SELECT 'a; SELECT 2"]],
  [
    "the body of a function is one with its statement",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT 3",
    [
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
      "SELECT 3",
    ],
  ],
  ["a name may have letters of any script", "SELECT größe; SELECT 2", ["SELECT größe", "SELECT 2"]],
];

for (const [behaviour, script, statements] of cases) {
  test(behaviour, () => {
    assert.deepEqual(
      splitStatements(script).map(({ text }) => text),
      statements,
    );
  });
}
