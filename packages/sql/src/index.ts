/**
 * SQL text without a parser: lexemes, statements and their offsets, quoting and edits, by PostgreSQL's lexical rules and DSQL's own words.
 *
 * Cluster, toolkit and command line all cut sources here, so that they cannot disagree about where a statement begins and ends.
 * Pure and linear in the length of the text; whether a text is SQL is for PostgreSQL's parser to say.
 */
export { lex, type Lexeme, type LexemeKind, qualifiedNameEnd, scan, skipSpace } from "./lexer.ts";
export { splitStatements, type SourceStatement } from "./split.ts";
export {
  applyEdits,
  applyEditsWithin,
  originalOffset,
  overwrite,
  type Range,
  type TextEdit,
} from "./edits.ts";
export { textArray, quoteLiteral, quoteName, quotePortableLiteral } from "./quote.ts";
export { scanStatements, type StatementExtent } from "./statements.ts";
export { characterOffset, countCharacters, createTextMap, type TextMap } from "./text-map.ts";
