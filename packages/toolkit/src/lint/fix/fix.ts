/** A change to a statement's text, and the small tools that fixers share. */
import type { TreeNode } from "@dsql-local/spec";
import type { Lexeme, TextEdit } from "@dsql-local/sql";
import { wordOf } from "../check/place.ts";
import type { ParsedStatement } from "../read/statement.ts";

export interface Fix {
  /** Offsets are UTF-16 indexes in the statement's text. */
  readonly edits: readonly TextEdit[];
  /** What it does, for people: `inserts ASYNC`. */
  readonly what: string;
  /** What the application, or whoever runs the statement, must know; missing when the meaning stays the same. */
  readonly warning?: string;
  /** The statement goes, with its semicolon. */
  readonly removesStatement?: true;
}

export interface FixContext {
  readonly statement: ParsedStatement;
  /** The node that the rule fits. */
  readonly node: TreeNode;
  /** Whether a rule is in force at the date asked for. */
  readonly refuses: (ruleId: string) => boolean;
}

/** @returns undefined when there is no one right answer here */
export type Fixer = (context: FixContext) => Fix | undefined;

/** Removes a range together with the blanks before it; but what follows must not slip into a comment of the line before. */
export function removal(text: string, start: number, end: number): TextEdit {
  const blanks = /\s*$/.exec(text.slice(0, start))?.[0] ?? "";
  const from = start - blanks.length;
  const lineBefore = text.slice(text.lastIndexOf("\n", from - 1) + 1, from);
  const kept = lineBefore.includes("--") ? blanks.lastIndexOf("\n") + 1 : 0;
  return { start: from + kept, end, text: "" };
}

export const insertion = (at: number, text: string): TextEdit => ({ start: at, end: at, text: text });

/** @returns the index of the first such word at the depth, from `from` on; -1 when it is not written */
export function indexOfWord(
  statement: ParsedStatement,
  words: readonly string[],
  { depth, from = 0 }: { readonly depth?: number; readonly from?: number } = {},
): number {
  return statement.lexemes.findIndex(
    (lexeme, index) =>
      index >= from &&
      lexeme.kind === "word" &&
      (depth === undefined || lexeme.depth === depth) &&
      words.includes(wordOf(statement, lexeme)),
  );
}

/** @returns the index of the lexeme that stands at a node's `location`, or after it */
export function indexAt(statement: ParsedStatement, location: unknown): number {
  if (typeof location !== "number") return -1;
  const offset = statement.offsetOf(location);
  return statement.lexemes.findIndex(({ end }) => end > offset);
}

export function textAt(statement: ParsedStatement, index: number): string {
  const lexeme = statement.lexemes[index];
  return lexeme === undefined ? "" : statement.text.slice(lexeme.start, lexeme.end);
}

/** @returns the index of the parenthesis that closes the one at `open` */
export function closingIndex(statement: ParsedStatement, open: number): number {
  const depth = statement.lexemes[open]?.depth;
  return statement.lexemes.findIndex(
    (lexeme, index) => index > open && lexeme.depth === depth && textAt(statement, index) === ")",
  );
}

export function lexemeAt(statement: ParsedStatement, index: number): Lexeme {
  const lexeme = statement.lexemes[index];
  if (lexeme === undefined) throw new RangeError(`the statement has no lexeme ${index}`);
  return lexeme;
}

/** Removes the lexemes from `first` to `last`, both included. */
export function removeLexemes(statement: ParsedStatement, first: number, last: number): TextEdit {
  return removal(statement.text, lexemeAt(statement, first).start, lexemeAt(statement, last).end);
}
