/**
 * Statement text: DSQL's own forms, PostgreSQL's parser, classification, and the check against the dated rules.
 *
 * Promises
 * - What PostgreSQL's grammar refuses is refused with PostgreSQL's text and position; what a rule of the service refuses
 *   carries the service's text as `refusal`, for the session to raise.
 * - `text` of a statement is what PostgreSQL may be sent; every offset and range is one of that text.
 * - A source seen before costs one look-up; the memory for such sources is bounded.
 * - No source, however nested or long, stops the parser for the sources after it.
 */
export { TextCache } from "./cache.ts";
export type { KnownType } from "./check.ts";
export { type Effect, factsOf, isExplain, isRedone, type Kind, type KindFacts } from "./kinds.ts";
export type { Constants } from "./constants.ts";
export { createSqlParser, loadParser, type SqlParserOptions } from "./parser.ts";
export type {
  Analysis,
  CreatedObject,
  DdlShape,
  DmlShape,
  JobIdSource,
  LockingClause,
  ObjectName,
  ParsedSource,
  RelationRef,
  SetItem,
  SqlParser,
  Statement,
  StatementBase,
  StatementKind,
  TableChange,
} from "./statement.ts";
