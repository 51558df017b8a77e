/**
 * Where in a statement's text a rule's finding stands. PostgreSQL's parser gives a `location` for some nodes only; for the
 * others the keyword that the rule is about is looked for among the lexemes.
 *
 * Tests: ../lint.test.ts.
 */
import { listOf, namesOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { type Lexeme } from "@dsql-local/sql";
import type { ParsedStatement } from "../read/statement.ts";

export interface Place {
  readonly start: number;
  readonly end: number;
}

/** For rules about a word: the first of these that the statement writes. */
const wordsByRule: Readonly<Record<string, readonly string[]>> = {
  "index-using": ["USING"],
  "index-where": ["WHERE"],
  "index-with": ["WITH"],
  "index-tablespace": ["TABLESPACE"],
  "index-without-async": ["INDEX"],
  "index-concurrently": ["CONCURRENTLY"],
  "drop-index-concurrently": ["CONCURRENTLY"],
  "index-sort-order": ["DESC", "ASC"],
  "index-collation": ["COLLATE"],
  "column-collation": ["COLLATE"],
  "index-included-expression": ["INCLUDE"],
  "temporary-table": ["TEMP", "TEMPORARY"],
  "temporary-view": ["TEMP", "TEMPORARY"],
  "temporary-sequence": ["TEMP", "TEMPORARY"],
  "table-in-temporary-schema": ["PG_TEMP"],
  "view-in-temporary-schema": ["PG_TEMP"],
  "sequence-in-temporary-schema": ["PG_TEMP"],
  "function-in-temporary-schema": ["PG_TEMP"],
  "domain-in-temporary-schema": ["PG_TEMP"],
  "explain-execute": ["EXECUTE"],
  "unlogged-table": ["UNLOGGED"],
  "partition-by": ["PARTITION"],
  "partition-of": ["PARTITION"],
  inherits: ["INHERITS"],
  "typed-table": ["OF"],
  "table-access-method": ["USING"],
  "table-storage-parameters": ["WITH"],
  "table-tablespace": ["TABLESPACE"],
  "on-commit": ["ON"],
  "view-check-option": ["CHECK"],
  "view-options": ["WITH"],
  "copy-program": ["PROGRAM"],
  "copy-freeze": ["FREEZE"],
  tablesample: ["TABLESAMPLE"],
  "function-language": ["LANGUAGE"],
  "select-into": ["INTO"],
};

/** @param node - the node that the rule fits */
export function placeOf(ruleId: string, node: TreeNode, statement: ParsedStatement): Place {
  return (
    placeOfWord(statement, ruleId === "index-opclass" ? classesOf(node) : (wordsByRule[ruleId] ?? [])) ??
    placeAt(statement, locationIn(node)) ??
    placeOfAction(statement, node) ??
    placeOfHead(statement)
  );
}

const classesOf = (index: TreeNode): string[] =>
  listOf(index["indexParams"]).flatMap((key) =>
    namesOf(unwrap(key)?.fields["opclass"]).map((name) => name.toUpperCase()),
  );

/** @returns where the first of the words is written outside strings and quoted names */
export function placeOfWord(statement: ParsedStatement, words: readonly string[]): Place | undefined {
  if (words.length === 0) return undefined;
  return statement.lexemes.find(
    (lexeme) => lexeme.kind === "word" && words.includes(wordOf(statement, lexeme)),
  );
}

/** @param location - of a node, in UTF-8 bytes. @returns the lexeme there */
export function placeAt(statement: ParsedStatement, location: number | undefined): Place | undefined {
  if (location === undefined) return undefined;
  const offset = statement.offsetOf(location);
  const lexeme = statement.lexemes.find(({ end }) => end > offset);
  return lexeme && { start: Math.max(lexeme.start, Math.min(offset, lexeme.end - 1)), end: lexeme.end };
}

/** The command's own words: `CREATE TRIGGER`, `TRUNCATE`. */
export function placeOfHead({ lexemes, text }: ParsedStatement): Place {
  const [first, second] = lexemes;
  if (first === undefined) return { start: 0, end: text.length };
  return { start: first.start, end: second?.kind === "word" ? second.end : first.end };
}

export const wordOf = ({ text }: ParsedStatement, { start, end }: Lexeme): string =>
  text.slice(start, end).toUpperCase();

/** Of the node itself, or of what ALTER TABLE adds by it. */
function locationIn(node: TreeNode): number | undefined {
  const own = node["location"];
  if (typeof own === "number") return own;
  const isAdding = node["subtype"] === "AT_AddColumn" || node["subtype"] === "AT_AddConstraint";
  const location = isAdding ? unwrap(node["def"])?.fields["location"] : undefined;
  return typeof location === "number" ? location : undefined;
}

/** An action of ALTER TABLE has no location: its place is that of its turn between the commas. */
function placeOfAction(statement: ParsedStatement, node: TreeNode): Place | undefined {
  const { type, fields } = statement.subject;
  if (type !== "AlterTableStmt") return undefined;
  const turn = listOf(fields["cmds"]).findIndex((action) => unwrap(action)?.fields === node);
  if (turn < 0) return undefined;
  const commas = statement.lexemes.filter(
    ({ depth, kind, start }) => depth === 0 && kind === "punctuation" && statement.text[start] === ",",
  );
  const from =
    turn === 0 ? firstAction(statement) : statement.lexemes.indexOf(commas[turn - 1] as Lexeme) + 1;
  const until = commas[turn]?.start ?? statement.text.length;
  const own = statement.lexemes.slice(from).filter(({ end }) => end <= until);
  const first = own[0];
  return first && { start: first.start, end: own.at(-1)?.end ?? first.end };
}

/** @returns the index of the lexeme after `ALTER TABLE [ASYNC] [IF EXISTS] [ONLY] name [*]` */
function firstAction(statement: ParsedStatement): number {
  const word = (index: number): string => {
    const lexeme = statement.lexemes[index];
    return lexeme === undefined ? "" : wordOf(statement, lexeme);
  };
  let at = 2;
  if (word(at) === "ASYNC") at += 1;
  if (word(at) === "IF") at += 2;
  if (word(at) === "ONLY") at += 1;
  at += 1;
  while (word(at) === ".") at += 2;
  return word(at) === "*" ? at + 1 : at;
}
