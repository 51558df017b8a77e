/**
 * Ad-hoc SQL: statements that somebody else has written, a person or a program, run within bounds that they cannot leave.
 *
 * Promises
 * - What a statement does is decided by its parse tree, made by PostgreSQL's own parser; no pattern is held against a text.
 * - What reads runs in a READ ONLY transaction that is rolled back: if a judgement were wrong, the service would refuse the
 *   write, and settings would not outlive the call.
 * - A list names what may run; what is in no list is refused.
 * - Rows, bytes and time have a bound each. Parameters are bound by the protocol, never written into a text.
 *
 * Tests: judge.test.ts; test/ad-hoc.test.ts with a corpus of attempts to get around it.
 */
export { BoundedQuery, type BoundedResult, type ResultBounds } from "./bounded-query.ts";
export { type Effect, judgeStatement, type Judgement, statementCharactersMax } from "./judge.ts";
export {
  adHocDdl,
  adHocDefaults,
  adHocExplain,
  type AdHocOptions,
  adHocQuery,
  type AdHocStatement,
  adHocTransaction,
  type Parameter,
  RefusedStatementError,
} from "./run.ts";
export { TimeLimitError } from "./time-limit.ts";
