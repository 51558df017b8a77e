/** One statement at a time, for who runs statements: migrations, an editor, a console. */
import { SyntaxProblem, loadParser } from "./read/parser.ts";
import { type Change, fixText } from "./fix-text.ts";
import { lintTexts } from "./lint.ts";
import type { StatementKind } from "./read/kind.ts";
import { type ParsedStatement, parseStatement } from "./read/statement.ts";
import type { Finding, LintOptions } from "./types.ts";

/** What `checkStatement()` finds out about one statement. */
export interface StatementCheck {
  /** undefined when the text does not parse; a finding says why. */
  readonly kind: StatementKind | undefined;
  /** Whether it starts a job: CREATE INDEX ASYNC, ALTER TABLE ASYNC. */
  readonly isAsync: boolean;
  readonly findings: readonly Finding[];
}

/**
 * What kind a statement is, and all that can be said against it alone.
 *
 * @param sql - one statement
 * @throws {UsageError} an option says what there is not
 */
export async function checkStatement(sql: string, options: LintOptions = {}): Promise<StatementCheck> {
  const parse = await loadParser();
  const { findings } = await lintTexts([{ file: "statement.sql", text: sql }], options);
  try {
    const { kind, isAsync } = parseStatement(sql, parse);
    return { kind, isAsync, findings };
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    return { kind: undefined, isAsync: false, findings };
  }
}

/** A statement in the words that the service takes, and what was changed. */
export interface Rewrite {
  /** Often several statements, with semicolons between them; empty when the statement is not needed. */
  readonly sql: string;
  /** Empty when nothing had to change. */
  readonly changes: readonly Change[];
}

/**
 * Writes a statement as Aurora DSQL takes it, where there is one right way.
 *
 * @param sql - one statement, or several
 * @throws {UsageError} an option says what there is not
 */
export async function rewriteStatement(sql: string, options: LintOptions = {}): Promise<Rewrite> {
  const { text, changes } = await fixText({ file: "statement.sql", text: sql }, options);
  return { sql: text.trim(), changes };
}

/**
 * @param sql - one statement
 * @returns its tree, kind and lexemes; undefined when it does not parse
 */
export async function readStatement(sql: string): Promise<ParsedStatement | undefined> {
  const parse = await loadParser();
  try {
    return parseStatement(sql, parse);
  } catch (error) {
    if (error instanceof SyntaxProblem) return undefined;
    throw error;
  }
}
