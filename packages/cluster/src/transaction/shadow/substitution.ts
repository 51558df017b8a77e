/**
 * Rewrites the text of a statement so that it reads a doomed transaction's shadow in the place of its tables, and locks
 * nothing.
 */
import { applyEditsWithin, lex, type Range, type TextEdit } from "@dsql-local/sql";
import { type Analysis } from "../../sql/index.ts";
import { quoteName } from "../../catalog/index.ts";
import type { ShadowTable } from "./shadow-table.ts";

/** Finds the shadow of a relation that a statement names; undefined when it has none. */
export type ShadowOf = (relation: { schema: string | undefined; name: string }) => ShadowTable | undefined;

export class Substitution {
  readonly #text: string;
  readonly #edits: readonly TextEdit[];

  constructor(text: string, analysis: Analysis, shadowOf: ShadowOf) {
    this.#text = text;
    const edits: TextEdit[] = [];
    const targets = new Set(
      analysis.relations.filter(({ role }) => role === "target").map(({ name }) => name),
    );
    for (const relation of analysis.relations) {
      const shadow = relation.role === "source" ? shadowOf(relation) : undefined;
      if (shadow === undefined) continue;
      // A table that the statement also writes goes by the name of its empty copy then.
      if (shadow.isUntouched && !targets.has(relation.name)) continue;
      // Without an alias of its own the subquery goes by the table's name.
      const alias = relation.alias === undefined ? ` AS ${quoteName(relation.name)}` : "";
      edits.push({ start: relation.start, end: relation.end, text: `${shadow.source()}${alias}` });
    }
    if (analysis.lockingClause !== "none") edits.push(...lockingClauses(text));
    this.#edits = edits;
  }

  /** The whole statement. */
  get whole(): string {
    return this.part({ start: 0, end: this.#text.length });
  }

  part(range: Range): string {
    return applyEditsWithin(this.#text, range, this.#edits);
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
function lockingClauses(text: string): TextEdit[] {
  const edits: TextEdit[] = [];
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
