/** Each as PostgreSQL 16.15 answers the same text. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { SqlError } from "../base/index.ts";
import { loadParser, parseTree } from "./postgres-parser.ts";

before(loadParser);

const junk = (word: string): string => `trailing junk after numeric literal at or near "${word}"`;
const escapeHint = "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.";
const unicodeHint = "Unicode escapes must be \\XXXX or \\+XXXXXX.";

const cases: readonly (readonly [
  sql: string,
  sqlstate: string,
  message: string,
  position: number | undefined,
  hint?: string,
])[] = [
  ["SELECT 123abc", "42601", junk("123abc"), 8],
  ["SELECT 1.5e", "42601", junk("1.5e"), 8],
  ["SELECT 1.5abc", "42601", junk("1.5abc"), 8],
  ["SELECT 1__0", "42601", junk("1__0"), 8],
  ["SELECT 0b12", "42601", junk("0b12"), 8],
  ["SELECT 0b2", "42601", junk("0b2"), 8],
  ["SELECT 0o8", "42601", junk("0o8"), 8],
  ["SELECT 0xg", "42601", junk("0xg"), 8],
  ["SELECT 12é", "42601", junk("12é"), 8],
  ["SELECT 99999999999999999999abc", "42601", junk("99999999999999999999abc"), 8],
  ["SELECT 1;SELECT 3abc", "42601", junk("3abc"), 17],
  ["SELECT 'é', 123abc", "42601", junk("123abc"), 13],
  ["SELECT 0x", "42601", 'invalid hexadecimal integer at or near "0x"', 8],
  ["SELECT 1 +", "42601", "syntax error at end of input", 11],
  ["SELECT a1b2 c3 d4", "42601", 'syntax error at or near "d4"', 16],
  ["SELECT E'\\u061'", "22025", "invalid Unicode escape", 10, escapeHint],
  ["SELECT 'a', e'\\U0000061'", "22025", "invalid Unicode escape", 15, escapeHint],
  ["SELECT U&'\\061'", "42601", "invalid Unicode escape", 11, unicodeHint],
  ['SELECT U&"\\00"', "42601", "invalid Unicode escape", 11, unicodeHint],
  ["SELECT E'\\0'", "22021", 'invalid byte sequence for encoding "UTF8": 0x00', undefined],
  ["SELECT E'\\x80'", "22021", 'invalid byte sequence for encoding "UTF8": 0x80', undefined],
  [
    "SELECT 1 LIMIT 5,6",
    "42601",
    "LIMIT #,# syntax is not supported",
    10,
    "Use separate LIMIT and OFFSET clauses.",
  ],
  [
    "DROP OPERATOR + (int)",
    "42601",
    "missing argument",
    21,
    "Use NONE to denote the missing argument of a unary operator.",
  ],
  [
    "SELECT sum(1) OVER (ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW)",
    "42P20",
    "frame start cannot be UNBOUNDED FOLLOWING",
    34,
  ],
  [
    "SELECT sum(1) OVER (ROWS 1 FOLLOWING)",
    "42P20",
    "frame starting from following row cannot end with current row",
    26,
  ],
  ["SELECT float(0)", "22023", "precision for type float must be at least 1 bit", 14],
  ["DROP AGGREGATE a(OUT int)", "0A000", "aggregates cannot have output arguments", 18],
  ["CREATE EXTENSION a FROM b", "0A000", "CREATE EXTENSION ... FROM is no longer supported", 20],
  [
    "CREATE SCHEMA IF NOT EXISTS s CREATE TABLE t (a int)",
    "0A000",
    "CREATE SCHEMA IF NOT EXISTS cannot include schema elements",
    31,
  ],
];

for (const [sql, sqlstate, message, position, hint] of cases) {
  test(`${sql} is refused in PostgreSQL's words`, () => {
    assert.throws(
      () => parseTree(sql),
      (error) => {
        assert.ok(error instanceof SqlError);
        assert.deepEqual(
          [error.sqlstate, error.message, error.position, error.hint],
          [sqlstate, message, position, hint],
        );
        return true;
      },
    );
  });
}
