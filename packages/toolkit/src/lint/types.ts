/** What the lint takes and gives. */
import type { Mark } from "@dsql-local/spec";

/** error: Aurora DSQL refuses it. advice: it works, and will hurt. */
export type Severity = "error" | "advice";

/** One thing that the lint looks for. */
export interface LintRule {
  readonly id: string;
  readonly severity: Severity;
  /** Groups rules; `--rule` and `--ignore` take it too. */
  readonly topic: string;
  /** Why it matters, in a sentence or two. */
  readonly reason: string;
  /** What to do instead. */
  readonly remedy: string;
  /** Address of the fact's source. */
  readonly source: string;
  /** How sure the fact is; missing for advice, which is ours. */
  readonly mark?: Mark;
  /** ISO date of the first day on which the service refuses it; missing: always has. */
  readonly since?: string;
  /** ISO date of the first day on which the service takes it. */
  readonly until?: string;
}

/** A file's text, where it is not on the disk or was read already. */
export interface LintInput {
  /** Its ending says what it is: `.sql`, or a program. */
  readonly file: string;
  readonly text: string;
  /** Whether drizzle-kit's `meta/_journal.json` stands beside it. */
  readonly hasDrizzleJournal?: boolean;
}

/** Which rules are looked for, and as of when. */
export interface LintOptions {
  /** Date of the service's rules: `2025-11` (its last day), `2026-06-08` or `latest`, the default. */
  readonly asOf?: string;
  /** Ids, topics or severities; only these are looked for. */
  readonly rules?: readonly string[];
  /** Ids, topics or severities that are not looked for. */
  readonly ignore?: readonly string[];
  /**
   * What the files' statements share a transaction with.
   * - `auto`: the way of the tool that the file belongs to (drizzle-kit, Prisma, TypeORM), otherwise `statement`;
   * - `statement`: each is one of its own, unless the text says BEGIN: psql, `dsql sql`, `dsql migrate`;
   * - `file`: a file is one transaction.
   */
  readonly transactions?: TransactionScope | "auto";
}

/** Whether each statement of a file is a transaction of its own, or the file as a whole is one. */
export type TransactionScope = "statement" | "file";

/** Something to change, and where it stands; columns are characters. */
export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  /** What is wrong, with the service's own words when it would refuse the statement. */
  readonly message: string;
  readonly reason: string;
  readonly remedy: string;
  readonly source: string;
  readonly mark?: Mark;
  /** ISO date since which the service takes it, when the rules asked for are older. */
  readonly acceptedSince?: string;
  readonly file: string;
  /** 1-based; columns count UTF-16 units, as editors do. The end is after the last character. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Of the line that `line` names, at most 240 characters around the finding. */
  readonly excerpt: string;
  /** The column with which `excerpt` begins. */
  readonly excerptColumn: number;
  /** Whether `fixText()` has an answer to it. */
  readonly isFixable: boolean;
}

/** What was read of one file. */
export interface FileReport {
  readonly file: string;
  readonly statements: number;
  /** Why it could not be read; its findings are then none. */
  readonly unreadable?: string;
}

/** What `lint()` and `lintTexts()` return. */
export interface LintReport {
  /** By file, then by place. */
  readonly findings: readonly Finding[];
  readonly files: readonly FileReport[];
  /** How many findings a comment with its reason has put aside. */
  readonly suppressed: number;
}

/** A rule's finding in the text of one statement or file, before it is placed in a file. Offsets are UTF-16 indexes. */
export interface Problem {
  readonly ruleId: string;
  readonly message: string;
  readonly start: number;
  readonly end: number;
}
