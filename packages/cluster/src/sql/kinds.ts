/**
 * The kinds of statements, and what is true of each wherever it runs. How a session runs and describes each is the other half of
 * the table: session/kinds.
 *
 * A form of DSQL's own is one more row here, one there, and the place where classify.ts recognises it.
 */
import type { StatementKind } from "./statement.ts";

export type Kind = StatementKind["kind"];

/** What a statement does beside its answer. */
export type Effect = "nothing" | "reads" | "writes" | "catalog" | "settings" | "block";

export interface KindFacts {
  /** The command, as its tag says it; undefined where the statement tells it itself. */
  readonly command: string | undefined;
  readonly effect: Effect;
  /** A parked transaction runs it again: what it did is gone with the locks. */
  readonly isRedone: boolean;
  /** The body of a function may hold it. */
  readonly mayBeInFunction?: true;
  /** A block in which a statement has failed takes it. */
  readonly endsBlock?: true;
}

export const kindFacts = {
  begin: { command: "BEGIN", effect: "block", isRedone: false },
  commit: { command: "COMMIT", effect: "block", isRedone: false, endsBlock: true },
  rollback: { command: "ROLLBACK", effect: "block", isRedone: false, endsBlock: true },
  set: { command: "SET", effect: "settings", isRedone: true },
  reset: { command: "RESET", effect: "settings", isRedone: true },
  setConstraints: { command: "SET CONSTRAINTS", effect: "block", isRedone: true },
  show: { command: "SHOW", effect: "nothing", isRedone: false },
  deallocateAll: { command: "DEALLOCATE ALL", effect: "nothing", isRedone: false },
  // A read that locks rows is redone, too: see `isRedone`.
  read: { command: undefined, effect: "reads", isRedone: false, mayBeInFunction: true },
  write: { command: undefined, effect: "writes", isRedone: true, mayBeInFunction: true },
  ddl: { command: undefined, effect: "catalog", isRedone: true },
  createIndexAsync: { command: "CREATE INDEX", effect: "catalog", isRedone: true },
  // These write rows of the cluster's own tables within the transaction.
  validateConstraintAsync: { command: "ALTER TABLE", effect: "catalog", isRedone: false },
  iamGrant: { command: "AWS IAM GRANT", effect: "catalog", isRedone: false },
  iamRevoke: { command: "AWS IAM REVOKE", effect: "catalog", isRedone: false },
  waitForJob: { command: "CALL", effect: "nothing", isRedone: false },
  analyze: { command: "ANALYZE", effect: "nothing", isRedone: false },
} as const satisfies { readonly [K in Kind]: KindFacts };

export function factsOf(statement: { readonly kind: Kind }): KindFacts {
  return kindFacts[statement.kind];
}

/** Whether a parked transaction has to run it again, as far as the statement alone tells. */
export function isRedone(statement: StatementKind): boolean {
  return statement.kind === "read"
    ? statement.analysis.lockingClause !== "none"
    : kindFacts[statement.kind].isRedone;
}

/** EXPLAIN, with ANALYZE or without. */
export function isExplain(statement: StatementKind): boolean {
  return (
    (statement.kind === "read" || statement.kind === "write") && statement.analysis.command === "explain"
  );
}
