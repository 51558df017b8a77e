/**
 * What all script files share: comment lines, a keyword that begins in the first column, indented lines that continue
 * the one above, and errors that name file and line.
 */
import type { Answer } from "../client/index.ts";

export class ScriptError extends Error {
  override readonly name = "ScriptError";

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
  }
}

export interface ScriptLine {
  readonly number: number;
  readonly keyword: string;
  readonly rest: string;
}

export interface ScriptText {
  /** The comment lines at the top, joined: what the script is about. */
  readonly description: string;
  /** The addresses of the `# Source:` lines. */
  readonly sources: readonly string[];
  /** The ids of the `# Facts:` lines: what of `facts/` the script judges. */
  readonly facts: readonly string[];
  /** Of a known difference: the `# Here:` line, what the local cluster does instead, and the `# Why:` line. */
  readonly here: string | undefined;
  readonly why: string | undefined;
  readonly lines: readonly ScriptLine[];
}

/** @throws {ScriptError} a continuation without a line to continue, or a script without words and source */
export function readLines(file: string, text: string): ScriptText {
  const comments: string[] = [];
  const labelled: Record<string, string[]> = {};
  const lines: ScriptLine[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const number = index + 1;
    const line = raw.trimEnd();
    if (line === "") continue;
    if (line.startsWith("#")) {
      const comment = line.slice(1).trim();
      const { label, rest } = labelPattern.exec(comment)?.groups ?? {};
      if (label !== undefined && rest !== undefined) (labelled[label] ??= []).push(rest);
      else if (lines.length === 0) comments.push(comment);
    } else if (/^\s/.test(line)) {
      const continued = lines.pop();
      if (continued === undefined)
        throw new ScriptError(file, number, "there is no line that this one could continue");
      lines.push({ ...continued, rest: `${continued.rest}\n${line.trim()}`.trim() });
    } else {
      const [keyword = ""] = line.split(/\s/, 1);
      lines.push({ number, keyword, rest: line.slice(keyword.length).trim() });
    }
  }
  if (comments.length === 0)
    throw new ScriptError(file, 1, "a script begins with a comment that says what it shows");
  const { Source: sources, Facts: facts = [], Here: here = [], Why: why = [] } = labelled;
  if (sources === undefined)
    throw new ScriptError(file, 1, "a script names its source: # Source: <address or title>");
  return {
    description: comments.join(" "),
    sources,
    facts: facts.flatMap((ids) => ids.split(/,\s*/)),
    here: here[0],
    why: why[0],
    lines,
  };
}

const labelPattern = /^(?<label>Source|Facts|Here|Why): (?<rest>.+)$/;

/** Splits at the semicolons between statements, not at those within quotes. */
export function splitStatements(sql: string): string[] {
  const parts = sql.match(/(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$|[^;'"$]|\$)+/gs) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

export type Row = readonly string[];

/** `1,60; 2,30` is two rows of two values; `nothing` is no row. SQL's NULL is written `null`. */
export function readRows(text: string): readonly Row[] {
  if (text.trim() === "nothing") return [];
  return text.split(";").map((row) => row.split(",").map((value) => value.trim()));
}

export const showRows = (rows: readonly (readonly (string | null)[])[]): string =>
  rows.length === 0 ? "nothing" : rows.map((row) => row.map((value) => value ?? "null").join(",")).join("; ");

/** Rows of a statement that does not order them are the same in any order. */
export function sameRows(wanted: readonly Row[], got: Answer["rows"], sql: string): boolean {
  const show = (rows: Answer["rows"]): string[] => rows.map((row) => showRows([row]));
  const [left, right] = [show(wanted), show(got)];
  if (!/\border\s+by\b/i.test(sql)) for (const rows of [left, right]) rows.sort();
  return left.length === right.length && left.every((row, index) => row === right[index]);
}
