/**
 * Rewrites the text of a statement so that it reads a doomed transaction's shadow in the place of its tables, and locks
 * nothing.
 */
import { type Analysis, lex, type Range } from "../../sql/index.ts";
import { quoteName } from "../catalog/table.ts";
import type { ShadowTable } from "./shadow-table.ts";

/** A piece of text to stand in the place of another. */
interface Edit extends Range {
  readonly text: string;
}

/** Finds the shadow of a relation that a statement names; undefined when it has none. */
export type ShadowOf = (relation: { schema: string | undefined; name: string }) => ShadowTable | undefined;

export class Substitution {
  readonly #text: string;
  readonly #edits: readonly Edit[];

  constructor(text: string, analysis: Analysis, shadowOf: ShadowOf) {
    this.#text = text;
    const edits: Edit[] = [];
    for (const relation of analysis.relations) {
      const shadow = relation.role === "source" ? shadowOf(relation) : undefined;
      if (shadow === undefined || shadow.isUntouched) continue;
      // Without an alias of its own the subquery goes by the table's name.
      const alias = relation.alias === undefined ? ` AS ${quoteName(relation.name)}` : "";
      edits.push({ start: relation.start, end: relation.end, text: `${shadow.source()}${alias}` });
    }
    if (analysis.lockingClause !== "none") edits.push(...lockingClauses(text));
    this.#edits = edits.sort((left, right) => left.start - right.start);
  }

  /** The whole statement. */
  get whole(): string {
    return this.part({ start: 0, end: this.#text.length });
  }

  /** The statement with another text in the place of one range. */
  wholeWith(range: Range, text: string): string {
    const before = this.part({ start: 0, end: range.start });
    return `${before}${text}${this.part({ start: range.end, end: this.#text.length })}`;
  }

  part(range: Range): string {
    let rendered = "";
    let at = range.start;
    for (const edit of this.#edits) {
      if (edit.start < at || edit.end > range.end) continue;
      rendered += this.#text.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return rendered + this.#text.slice(at, range.end);
  }
}

const lockStrengths = new Set(["update", "share", "key", "no"]);
const clauseEnds = new Set([
  "for",
  "limit",
  "offset",
  "fetch",
  "union",
  "intersect",
  "except",
  "returning",
  "on",
]);

/** Where `FOR UPDATE …` and its kin stand, to be taken out. */
function lockingClauses(text: string): Edit[] {
  const edits: Edit[] = [];
  const lexemes = lex(text);
  const word = (index: number): string => {
    const lexeme = lexemes[index];
    return lexeme?.kind === "word" ? text.slice(lexeme.start, lexeme.end).toLowerCase() : "";
  };
  for (let index = 0; index < lexemes.length; index++) {
    const first = lexemes[index];
    if (first === undefined || word(index) !== "for" || !lockStrengths.has(word(index + 1))) continue;
    let last = index + 1;
    for (;;) {
      const next = lexemes[last + 1];
      if (next === undefined || next.depth < first.depth || clauseEnds.has(word(last + 1))) break;
      if (text.charAt(next.start) === ")" || text.charAt(next.start) === ";") break;
      last += 1;
    }
    edits.push({ start: first.start, end: lexemes[last]?.end ?? first.end, text: "" });
    index = last;
  }
  return edits;
}
