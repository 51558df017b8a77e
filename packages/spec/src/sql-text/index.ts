/**
 * SQL text without a parser: lexemes, statements and their offsets, by PostgreSQL's lexical rules and DSQL's own words.
 *
 * The cluster and the lint both cut sources here, so that they cannot disagree about where a statement begins and ends.
 * Pure and linear in the length of the text; whether a text is SQL is for PostgreSQL's parser to say.
 */
export { lex, type Lexeme, type LexemeKind, qualifiedNameEnd, scan, skipSpace } from "./lexer.ts";
export { scanStatements, type StatementExtent } from "./statements.ts";
export { characterOffset, countCharacters, createTextMap, type TextMap } from "./text-map.ts";
