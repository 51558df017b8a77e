import assert from "node:assert/strict";
import { test } from "node:test";
import type pg from "pg";
import { errorAsJson, formatError, formatResult, isServerError, resultAsJson } from "./result.ts";

const field = (name: string, dataTypeID: number) => ({ name, dataTypeID }) as pg.FieldDef;
const serverError = (fields: object) =>
  Object.assign(new Error("syntax error"), { code: "42601", severity: "ERROR" }, fields);

test("a statement without rows shows its command tag", () => {
  assert.equal(formatResult({ tag: "CREATE TABLE", fields: [], rows: [] }), "CREATE TABLE");
});

test("rows of a query show as a table; rows of a change show the tag as well", () => {
  const fields = [field("id", 23)];
  assert.match(formatResult({ tag: "SELECT 1", fields, rows: [["1"]] }), /\(1 row\)$/);
  assert.match(formatResult({ tag: "INSERT 0 1", fields, rows: [["1"]] }), /\(1 row\)\nINSERT 0 1$/);
});

test("JSON keeps every value exact: what a JSON number cannot hold stays text", () => {
  const fields = [
    field("n", 20),
    field("n", 20),
    field("x", 1700),
    field("b", 16),
    field("j", 3802),
    field("t", 25),
  ];
  const rows = [["7", "9007199254740993", "0.10", "t", '{"a":[1]}', null]];
  assert.deepEqual(JSON.parse(resultAsJson({ tag: "SELECT 1", fields, rows })), {
    tag: "SELECT 1",
    rows: [{ n: 7, n_2: "9007199254740993", x: "0.10", b: true, j: { a: [1] }, t: null }],
  });
});

test("an error shows SQLSTATE, the line with a caret under the place, DETAIL and HINT", () => {
  const error = serverError({ position: "17", detail: "Why.", hint: "What to do." });
  assert.equal(
    formatError(error, "SELECT 1,\n    frm x"),
    [
      "ERROR:  42601: syntax error",
      "LINE 2:     frm x",
      "              ^",
      "DETAIL:  Why.",
      "HINT:  What to do.",
    ].join("\n"),
  );
});

test("the caret counts characters, not code units, and follows into a long line", () => {
  assert.match(formatError(serverError({ position: "4" }), "'🙂'x"), /\nLINE 1: '🙂'x\n {11}\^$/);
  const long = `SELECT ${"a".repeat(200)} oops`;
  const [, line = "", caret = ""] = formatError(serverError({ position: "209" }), long).split("\n");
  assert.equal(line.slice(caret.length - 1), "oops");
  assert.match(line, /^LINE 1: \.\.\.a/);
});

test("a position outside the statement shows no caret", () => {
  assert.equal(formatError(serverError({ position: "99" }), "SELECT"), "ERROR:  42601: syntax error");
});

test("an error as JSON has its SQLSTATE and a number for the position", () => {
  assert.deepEqual(JSON.parse(errorAsJson(serverError({ position: "8" }), "SELECT frm")), {
    error: { sqlstate: "42601", message: "syntax error", position: 8, statement: "SELECT frm" },
  });
});

test("only errors from the server are told apart by SQLSTATE", () => {
  assert.ok(isServerError(serverError({})));
  assert.ok(!isServerError(Object.assign(new Error("gone"), { code: "ECONNRESET" })));
  assert.ok(!isServerError(Object.assign(new Error("gone"), { code: "EPIPE" })));
});
