/**
 * A SQL script: statements of one session, each with what it answers.
 *
 * ```
 * # Serial types do not exist.
 * # Source: …
 * statement  CREATE TABLE t (id serial PRIMARY KEY)
 * fails      42704 type "serial" does not exist
 * statement  SELECT 1, null
 * gives      1,null
 * ```
 *
 * - `setup` runs before the session opens, by another one. `teardown` runs at the end, however the script went: it removes
 *   what is not in the script's schema. Its errors do not matter.
 * - `statement` is sent alone, by the simple and, in a second run, by the extended protocol.
 * - `batch` is several statements in one Query message; a script that has one runs by the simple protocol only.
 * - `fails` takes a SQLSTATE and, where it is known, the whole message. `position` is that of the error, from 1.
 * - `detail` and `hint` take a regular expression for that field of the error.
 * - `gives` takes rows, `matches` a regular expression for them, `answers` a command tag, `status` I, T or E.
 * - `columns` takes the names of the answer's columns, in order.
 * - `becomes` takes rows as `gives` does; the statement is sent again until it gives them, for work in the background.
 * - `keep name` keeps the first value of the answer; later statements have it where they say `{name}`. `{schema}` is the
 *   script's schema, `{principal}` the ARN of whoever signs the tokens; a script that needs that is left out without one.
 * - `as role` lets the statements below it be sent by a session of that role; `as` alone goes back to the first.
 * - A statement without `fails` must succeed.
 */
import { readLines, readRows, type Row, ScriptError, type ScriptLine } from "../script/lines.ts";

export type SqlClaim =
  | { readonly kind: "fails"; readonly sqlstate: string; readonly message?: string }
  | { readonly kind: "position"; readonly position: string }
  | { readonly kind: "detail" | "hint"; readonly pattern: RegExp }
  | { readonly kind: "columns"; readonly names: readonly string[] }
  | { readonly kind: "becomes"; readonly rows: readonly Row[] }
  | { readonly kind: "keep"; readonly name: string }
  | { readonly kind: "gives"; readonly rows: readonly Row[] }
  | { readonly kind: "matches"; readonly pattern: RegExp }
  | { readonly kind: "answers"; readonly tag: string }
  | { readonly kind: "status"; readonly status: string };

export interface SqlStep {
  readonly sql: string;
  readonly line: number;
  /** Who sends it; absent: the target's user. */
  readonly role?: string;
  readonly claims: readonly SqlClaim[];
}

export interface SqlScript {
  readonly file: string;
  readonly description: string;
  readonly facts: readonly string[];
  readonly setup: readonly string[];
  readonly teardown: readonly string[];
  readonly steps: readonly SqlStep[];
  readonly hasBatch: boolean;
  readonly needsPrincipal: boolean;
}

/** @throws {ScriptError} naming file and line */
export function parseSqlScript(file: string, text: string): SqlScript {
  const { description, facts, lines } = readLines(file, text);
  const setup: string[] = [];
  const teardown: string[] = [];
  const steps: { sql: string; line: number; role?: string; claims: SqlClaim[] }[] = [];
  let role: { role?: string } = {};
  for (const line of lines) {
    if (line.keyword === "setup") setup.push(line.rest);
    else if (line.keyword === "teardown") teardown.push(line.rest);
    else if (line.keyword === "as") role = line.rest === "" ? {} : { role: line.rest };
    else if (line.keyword === "statement" || line.keyword === "batch") {
      steps.push({ sql: line.rest, line: line.number, ...role, claims: [] });
    } else {
      const step = steps.at(-1);
      if (step === undefined)
        throw new ScriptError(file, line.number, `${line.keyword} comes before any statement`);
      step.claims.push(readClaim(file, line));
    }
  }
  if (steps.length === 0) throw new ScriptError(file, 1, "the script has no statement");
  return {
    file,
    description,
    facts,
    setup,
    teardown,
    steps,
    hasBatch: lines.some(({ keyword }) => keyword === "batch"),
    needsPrincipal: text.includes("{principal}"),
  };
}

function readClaim(file: string, { keyword, rest, number }: ScriptLine): SqlClaim {
  switch (keyword) {
    case "fails": {
      const parts = /^(?<sqlstate>[0-9A-Z]{5})(?: (?<message>.+))?$/s.exec(rest)?.groups;
      if (parts?.["sqlstate"] === undefined)
        throw new ScriptError(file, number, "fails takes a SQLSTATE and a message");
      const message = parts["message"];
      return { kind: "fails", sqlstate: parts["sqlstate"], ...(message === undefined ? {} : { message }) };
    }
    case "position":
      return { kind: "position", position: rest };
    case "detail":
    case "hint":
      return { kind: keyword, pattern: new RegExp(rest) };
    case "columns":
      return { kind: "columns", names: rest.split(/,\s*/) };
    case "gives":
    case "becomes":
      return { kind: keyword, rows: readRows(rest) };
    case "keep":
      return { kind: "keep", name: rest };
    case "matches":
      return { kind: "matches", pattern: new RegExp(rest) };
    case "answers":
      return { kind: "answers", tag: rest };
    case "status":
      return { kind: "status", status: rest };
    default:
      throw new ScriptError(file, number, `"${keyword}" is no keyword of a SQL script`);
  }
}
