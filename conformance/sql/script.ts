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
 * - `setup` runs before the session opens, by another one.
 * - `statement` is sent alone, by the simple and, in a second run, by the extended protocol.
 * - `batch` is several statements in one Query message; a script that has one runs by the simple protocol only.
 * - `fails` takes a SQLSTATE and, where it is known, the whole message. `position` is that of the error, from 1.
 * - `gives` takes rows, `matches` a regular expression for them, `answers` a command tag, `status` I, T or E.
 * - A statement without `fails` must succeed.
 */
import { readLines, readRows, type Row, ScriptError, type ScriptLine } from "../script/lines.ts";

export type SqlClaim =
  | { readonly kind: "fails"; readonly sqlstate: string; readonly message?: string }
  | { readonly kind: "position"; readonly position: string }
  | { readonly kind: "gives"; readonly rows: readonly Row[] }
  | { readonly kind: "matches"; readonly pattern: RegExp }
  | { readonly kind: "answers"; readonly tag: string }
  | { readonly kind: "status"; readonly status: string };

export interface SqlStep {
  readonly sql: string;
  readonly line: number;
  readonly claims: readonly SqlClaim[];
}

export interface SqlScript {
  readonly file: string;
  readonly description: string;
  readonly setup: readonly string[];
  readonly steps: readonly SqlStep[];
  readonly hasBatch: boolean;
}

/** @throws {ScriptError} naming file and line */
export function parseSqlScript(file: string, text: string): SqlScript {
  const { description, lines } = readLines(file, text);
  const setup: string[] = [];
  const steps: { sql: string; line: number; claims: SqlClaim[] }[] = [];
  for (const line of lines) {
    if (line.keyword === "setup") setup.push(line.rest);
    else if (line.keyword === "statement" || line.keyword === "batch") {
      steps.push({ sql: line.rest, line: line.number, claims: [] });
    } else {
      const step = steps.at(-1);
      if (step === undefined)
        throw new ScriptError(file, line.number, `${line.keyword} comes before any statement`);
      step.claims.push(readClaim(file, line));
    }
  }
  if (steps.length === 0) throw new ScriptError(file, 1, "the script has no statement");
  return { file, description, setup, steps, hasBatch: lines.some(({ keyword }) => keyword === "batch") };
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
    case "gives":
      return { kind: "gives", rows: readRows(rest) };
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
