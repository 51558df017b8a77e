import type { LintReport } from "../types.ts";

/** A report in numbers: counts of findings, files and statements. */
export interface LintSummary {
  readonly errors: number;
  readonly advice: number;
  /** Of both, how many `fixText()` has an answer to. */
  readonly fixable: number;
  readonly suppressed: number;
  readonly files: number;
  readonly statements: number;
  readonly unreadable: number;
}

/** @returns the counts of a report, for a last line or an exit code */
export function summarize({ findings, files, suppressed }: LintReport): LintSummary {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return {
    errors,
    advice: findings.length - errors,
    fixable: findings.filter(({ isFixable }) => isFixable).length,
    suppressed,
    files: files.length,
    statements: files.reduce((sum, { statements }) => sum + statements, 0),
    unreadable: files.filter(({ unreadable }) => unreadable !== undefined).length,
  };
}
