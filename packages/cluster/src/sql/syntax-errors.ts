/**
 * PostgreSQL's own words for what its grammar refuses, where libpg-query says less: it passes on the text and the position but
 * not SQLSTATE and HINT, and its lexer, of an earlier minor version, cuts a malformed number short.
 *
 * Source: the answers of PostgreSQL 16.15 to the statements of syntax-errors.test.ts.
 */
import { characterOffset, countCharacters, lex } from "@dsql-local/sql";
import type { SqlErrorFields } from "../base/index.ts";

interface Completion {
  readonly text: RegExp;
  readonly sqlstate: string;
  readonly hint?: string;
}

/** In this order; what is none of these is a plain syntax error, 42601. */
const completions: readonly Completion[] = [
  {
    text: /^LIMIT #,# syntax/,
    sqlstate: "42601",
    hint: "Use separate LIMIT and OFFSET clauses.",
  },
  {
    text: /^missing argument$/,
    sqlstate: "42601",
    hint: "Use NONE to denote the missing argument of a unary operator.",
  },
  {
    text: /^unsafe use of \\' /,
    sqlstate: "22P06",
    hint: "Use '' to write quotes in strings. \\' is insecure in client-only encodings.",
  },
  { text: /^RECHECK is no longer required/, sqlstate: "0A000", hint: "Update your data type." },
  {
    text: /not yet implemented|no longer supported|not supported|constraints cannot be marked|^current database cannot be/,
    sqlstate: "0A000",
  },
  {
    text: /^aggregates cannot have output|^an ordered-set aggregate with a VARIADIC|cannot include schema elements$/,
    sqlstate: "0A000",
  },
  { text: /^frame (?:start|end|starting) /, sqlstate: "42P20" },
  { text: /^precision for type float/, sqlstate: "22023" },
  { text: /^invalid byte sequence for encoding/, sqlstate: "22021" },
  { text: /^stack depth limit exceeded/, sqlstate: "54001" },
  { text: /^role name ".*" is reserved|cannot be used as a role name/, sqlstate: "42939" },
];

/** In `E'…'`, and in `U&'…'` and `U&"…"`. */
const escapeHints = {
  escape: { sqlstate: "22025", hint: "Unicode escapes must be \\uXXXX or \\UXXXXXXXX." },
  unicode: { sqlstate: "42601", hint: "Unicode escapes must be \\XXXX or \\+XXXXXX." },
} as const;

/** @param position - counts characters from 1; 0 when libpg-query gives none */
export function syntaxErrorFields(message: string, position: number, text: string): SqlErrorFields {
  const place = position > 0 ? { position: Math.min(position, text.length + 1) } : {};
  const offset = position > 0 ? characterOffset(text, position - 1) : text.length;
  const junk = position > 0 ? junkNumberAt(text, offset) : undefined;
  if (junk !== undefined) {
    return {
      sqlstate: "42601",
      message: `trailing junk after numeric literal at or near "${junk.text}"`,
      position: countCharacters(text, junk.start) + 1,
    };
  }
  if (message === "invalid Unicode escape")
    return { message, ...place, ...escapeHints[stringKindAt(text, offset)] };
  const { sqlstate, hint } = completions.find((one) => one.text.test(message)) ?? { sqlstate: "42601" };
  return { sqlstate, message, ...place, ...(hint !== undefined && { hint }) };
}

const digits = String.raw`\d(?:_?\d)*`;
const decimal = String.raw`(?:${digits}\.(?:${digits})?|\.${digits})`;
const number = String.raw`(?:(?:${decimal}|${digits})[eE][-+]?${digits}|${decimal}|${digits})`;
const identifier = String.raw`[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*`;
const junkNumber = new RegExp(`${number}${identifier}`, "yu");
/** What else begins with a digit. PostgreSQL's lexer takes the longest. */
const otherNumber = new RegExp(
  String.raw`0[xX](?:_?[0-9A-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0[xXoObB]_?|(?:${decimal}|${digits})[eE][-+]|${number}`,
  "yu",
);
const wordBefore = /[\w.$\u0080-\u{10ffff}]*$/u;

/** @returns the number that runs into a word, where the error is within it */
function junkNumberAt(
  text: string,
  offset: number,
): { readonly start: number; readonly text: string } | undefined {
  const start = offset - (wordBefore.exec(text.slice(0, offset))?.[0].length ?? 0);
  const junk = matchAt(junkNumber, text, start);
  if (junk.length <= matchAt(otherNumber, text, start).length || start + junk.length <= offset)
    return undefined;
  return { start, text: junk };
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function stringKindAt(text: string, offset: number): keyof typeof escapeHints {
  const string = lex(text).find(({ end }) => end > offset);
  return /^u&/i.test(text.slice(string?.start ?? 0)) ? "unicode" : "escape";
}
