/**
 * Conditions as PostgreSQL's EXPLAIN writes them: cut at their outermost ANDs, and told by whether the service's storage
 * can evaluate them.
 *
 * PostgreSQL puts every AND, OR and comparison in parentheses, so the cuts are certain. Which conditions are pushed down was
 * never published whole: comparisons of columns with constants are, `lower(name)`, LIKE and comparisons of `numeric` are not.
 *
 * Source: Aurora DSQL User Guide, "Reading Aurora DSQL EXPLAIN plans".
 * Tests: expression.test.ts.
 */
import { lex } from "@dsql-local/sql";

/** A column as EXPLAIN writes it, quoted where it has to be, and its type as `format_type` writes it. */
export interface ExpressionColumn {
  readonly name: string;
  readonly type: string;
}

/** @returns the conditions that all have to hold, each with its parentheses */
export function conjuncts(expression: string): string[] {
  return cut(expression, "AND") ?? [expression];
}

/** The inverse of `conjuncts`. @returns undefined when there are none */
export function conjunction(parts: readonly string[]): string | undefined {
  return parts.length < 2 ? parts[0] : `(${parts.join(" AND ")})`;
}

/** @param alias - the name that may stand before the columns, without quotes */
export function columnsIn(
  expression: string,
  alias: string,
  columns: readonly ExpressionColumn[],
): ReadonlySet<string> {
  const found = operands(expression, alias, columns);
  return new Set(found.flatMap(({ column }) => (column === undefined ? [] : [column.name])));
}

/** Storage evaluates it, before rows travel. */
export function isPushable(condition: string, alias: string, columns: readonly ExpressionColumn[]): boolean {
  const parts = cut(condition, "AND") ?? cut(condition, "OR");
  if (parts !== undefined) return parts.every((part) => isPushable(part, alias, columns));
  const found = operands(condition, alias, columns);
  if (found.some(({ column }) => column?.type.startsWith("numeric") === true)) return false;
  const pattern = patternOf(found);
  return /^(?:NOT )?C$|^C IS (?:NOT )?NULL$/.test(pattern) || comparison.test(pattern);
}

/** How a condition bounds a key column: `equal` to a constant, or `range`. */
export function keyBound(
  condition: string,
  alias: string,
  columns: readonly ExpressionColumn[],
): { readonly column: string; readonly kind: "equal" | "range" } | undefined {
  const found = operands(condition, alias, columns);
  const operator = /^C (=|<|>|<=|>=) K$/.exec(patternOf(found))?.[1];
  const column = found.find((operand) => operand.column !== undefined)?.column?.name;
  if (operator === undefined || column === undefined) return undefined;
  return { column, kind: operator === "=" ? "equal" : "range" };
}

/** `C` is a column of the table, `K` a constant, a parameter or another table's column. */
const comparison = /^(?:C (?:=|<>|<|>|<=|>=) [CK]|K (?:=|<>|<|>|<=|>=) C|C (?:=|<>) (?:ANY|ALL) \(K\))$/;

interface Operand {
  readonly text: string;
  readonly column?: ExpressionColumn;
}

function patternOf(found: readonly Operand[]): string {
  let pattern = found.map(({ text }) => text).join(" ");
  // Parentheses around a column that is cast, and around the whole.
  for (let before = ""; before !== pattern;) {
    before = pattern;
    pattern = pattern.replace(/^\( (.*) \)$/, "$1").replaceAll(/(?<!(?:ANY|ALL|F) )\( ([CK]) \)/g, "$1");
  }
  return pattern.replaceAll(/\( ([CK]) \)/g, "($1)");
}

/** Words of which types of several words are made, after the first. */
const typeWords = new Set(["varying", "precision", "without", "with", "time", "zone"]);
const keywords = new Set(["AND", "OR", "NOT", "IS", "NULL", "ANY", "ALL"]);
const constants = new Set(["true", "false"]);

/** The lexemes by their roles, casts taken off. */
function operands(text: string, alias: string, columns: readonly ExpressionColumn[]): Operand[] {
  const words = lex(text).map(({ kind, start, end }) => ({ kind, text: text.slice(start, end) }));
  const found: Operand[] = [];
  for (let at = 0; at < words.length; at++) {
    const { kind, text: word } = words[at] ?? { kind: "word", text: "" };
    if (word === "::") at = typeEnd(words, at);
    else if (kind === "string" || kind === "number" || kind === "parameter" || constants.has(word))
      found.push({ text: "K" });
    else if (kind === "word" && keywords.has(word)) found.push({ text: word });
    else if (kind === "word" || kind === "quotedName") {
      const isQualified = words[at + 1]?.text === ".";
      const name = isQualified ? (words[at + 2]?.text ?? "") : word;
      if (isQualified) at += 2;
      if (words[at + 1]?.text === "(") found.push({ text: "F" });
      else found.push(named(name, isQualified && unquoted(word) !== alias ? undefined : columns));
    } else found.push({ text: word });
  }
  return found;
}

const unquoted = (word: string): string =>
  word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;

function named(name: string, columns: readonly ExpressionColumn[] | undefined): Operand {
  const column = columns?.find((candidate) => candidate.name === name);
  return column === undefined ? { text: "K" } : { text: "C", column };
}

/** @returns the place of the last lexeme of the type that a cast at `at` names */
function typeEnd(words: readonly { readonly text: string }[], at: number): number {
  let end = at + 1;
  while (typeWords.has(words[end + 1]?.text ?? "")) end += 1;
  if (words[end + 1]?.text === "(") while (words[end]?.text !== ")" && end < words.length) end += 1;
  while (typeWords.has(words[end + 1]?.text ?? "")) end += 1;
  while (words[end + 1]?.text === "[") end += 2;
  return end;
}

/** Cuts at the words `at` that stand directly within the outer parentheses. @returns undefined when there are none */
function cut(expression: string, at: "AND" | "OR"): string[] | undefined {
  const words = lex(expression);
  if (words[0]?.depth !== 0 || expression[0] !== "(" || words.findIndex(isCloser) !== words.length - 1)
    return undefined;
  const places = words.filter(({ start, end, depth }) => depth === 1 && expression.slice(start, end) === at);
  if (places.length === 0) return undefined;
  const starts = [1, ...places.map(({ end }) => end)];
  const ends = [...places.map(({ start }) => start), expression.length - 1];
  return starts.map((start, index) => expression.slice(start, ends[index]).trim());

  function isCloser(word: { readonly depth: number; readonly start: number }): boolean {
    return word.depth === 0 && expression[word.start] === ")";
  }
}
