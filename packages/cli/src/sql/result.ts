/** Results and errors of SQL statements, told the way psql tells them, and as JSON. */
import type pg from "pg";
import { type Column, formatTable } from "./table.ts";
import { withoutControl } from "../terminal.ts";

export interface StatementResult {
  /** The command tag as the server sent it: `INSERT 0 5`, `CREATE TABLE`. */
  readonly tag: string;
  readonly fields: readonly pg.FieldDef[];
  /** Values in PostgreSQL's text form. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Type oids whose values psql sets at the right. Source: PostgreSQL's pg_type.dat. */
const numberOids = {
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  float4: 700,
  float8: 701,
  money: 790,
  numeric: 1700,
};
const numbers = new Set<number>(Object.values(numberOids));
const boolOid = 16;
const jsonOids = new Set([114, 3802]);

export function formatResult(result: StatementResult): string {
  if (result.fields.length === 0) return result.tag;
  const columns: Column[] = result.fields.map((field) => ({
    name: field.name,
    isNumber: numbers.has(field.dataTypeID),
  }));
  const table = formatTable(columns, result.rows);
  // psql repeats the tag below rows only when they come from a change of data.
  return /^(INSERT|UPDATE|DELETE|MERGE) /.test(result.tag) ? `${table}\n${result.tag}` : table;
}

/**
 * One JSON object per statement. Numbers that JSON's readers keep exactly are numbers; a `bigint` or `numeric` beyond
 * that stays text. Of two columns with one name, the second is called `name_2`.
 */
export function resultAsJson(result: StatementResult): string {
  const names = uniqueNames(result.fields.map((field) => field.name));
  const rows = result.rows.map((row) =>
    Object.fromEntries(
      names.map((name, index) => [
        name,
        jsonValue(row[index] ?? null, result.fields[index]?.dataTypeID ?? 0),
      ]),
    ),
  );
  return JSON.stringify({ tag: result.tag, rows });
}

function uniqueNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  });
}

function jsonValue(text: string | null, oid: number): unknown {
  if (text === null) return null;
  if (oid === boolOid) return text === "t";
  if (jsonOids.has(oid)) return JSON.parse(text);
  if (!numbers.has(oid) || oid === numberOids.money) return text;
  const value = Number(text);
  const isExact = oid === numberOids.float4 || oid === numberOids.float8 || String(value) === text;
  return Number.isFinite(value) && isExact ? value : text;
}

/** What PostgreSQL's ErrorResponse carries, as the driver hands it over. */
export interface ServerError extends Error {
  readonly code: string;
  readonly severity?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
}

export function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error &&
    "code" in error &&
    /^[0-9A-Z]{5}$/.test(String(error.code)) &&
    "severity" in error
  );
}

export function formatError(error: ServerError, statement: string): string {
  const lines = [
    `${error.severity ?? "ERROR"}:  ${error.code}: ${error.message}`,
    ...caretLines(statement, Number(error.position ?? 0)),
    ...(error.detail === undefined ? [] : [`DETAIL:  ${error.detail}`]),
    ...(error.hint === undefined ? [] : [`HINT:  ${error.hint}`]),
  ];
  return lines.map(withoutControl).join("\n");
}

export function errorAsJson(error: ServerError, statement: string): string {
  const { code: sqlstate, message, detail, hint, position } = error;
  return JSON.stringify({
    error: {
      sqlstate,
      message,
      detail,
      hint,
      ...(position !== undefined && { position: Number(position) }),
      statement,
    },
  });
}

/** Columns shown before and after the caret when the line is longer than a screen. */
const contextColumns = 60;

/** The line of the statement that an error points to, and a caret under the place. @param position - from 1, in characters */
function caretLines(statement: string, position: number): string[] {
  const characters = Array.from(statement);
  if (position < 1 || position > characters.length + 1) return [];
  const before = characters.slice(0, position - 1);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = characters.indexOf("\n", position - 1);
  const line = characters.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  const column = position - 1 - lineStart;
  const from = Math.max(0, column - contextColumns);
  const head = `LINE ${before.filter((character) => character === "\n").length + 1}: ${from > 0 ? "..." : ""}`;
  const tail = line.length > column + contextColumns ? "..." : "";
  // Tabs would move the caret; a blank takes as much room as the character it stands for.
  const shown = line
    .slice(from, column + contextColumns)
    .join("")
    .replaceAll("\t", " ");
  return [`${head}${shown}${tail}`, `${" ".repeat(head.length + column - from)}^`];
}
