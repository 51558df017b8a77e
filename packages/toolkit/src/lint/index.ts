/**
 * Lint: finds in SQL, wherever it stands, what Aurora DSQL refuses and what it takes but will hurt, and rewrites what has
 * one right answer.
 *
 * Promises
 * - A statement that the rules of the date refuse is found, whatever else is wrong with the text around it.
 * - What the service takes is no error here. Advice never is one.
 * - Every finding says where, what, why with its source, and what to do instead.
 * - A fix keeps everything that it is not about: comments, layout, names. What it changes in meaning it says.
 * - Nothing is run and nobody is connected to.
 *
 * Tests: beside the parts; test/lint-agreement.test.ts holds it against the cluster's own refusals.
 */
export { lintRules } from "./check/catalogue.ts";
export { fixableRuleIds } from "./fix/fixers.ts";
export { type Change, fixText, type FixResult } from "./fix-text.ts";
export { fixFiles, type FixFilesOptions, type FixedFile, fixInput, lint } from "./paths.ts";
export { lintReportAsJson, lintReportAsSarif } from "./report/formats.ts";
export { type LintPainter, lintReportAsText } from "./report/pretty.ts";
export { type LintSummary, summarize } from "./report/summary.ts";
export { lintTexts } from "./lint.ts";
export type { StatementKind } from "./read/kind.ts";
export { type SourceStatement, splitStatements } from "@dsql-local/sql";
export {
  checkStatement,
  readStatement,
  type Rewrite,
  rewriteStatement,
  type StatementCheck,
} from "./single.ts";
export type { ParsedStatement } from "./read/statement.ts";
export { statementTree, type StatementTree } from "./tree.ts";
export type {
  FileReport,
  Finding,
  LintInput,
  LintOptions,
  LintReport,
  LintRule,
  Severity,
  TransactionScope,
} from "./types.ts";
