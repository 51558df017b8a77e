/** What ends a migration, told apart by `reason`, each with what to do. */

/** What kind of thing ended a run. */
export type MigrationTrouble =
  /** The folder or a file's name cannot be understood. */
  | "folder"
  /** A statement cannot be run on Aurora DSQL, and there is no one way to rewrite it. */
  | "plan"
  /** The files and the ledger disagree. */
  | "history"
  /** The role may not use the ledger's tables, or their schema is not there. */
  | "ledger"
  /** A step was refused by the database, or its job failed. */
  | "step"
  /** Another runner holds the lease, or has taken it over. */
  | "lease"
  | "interrupted";

/** A run of migrations ended, or could not begin. What was committed before stays, and the ledger knows of it. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
  readonly reason: MigrationTrouble;
  /** What to do, in a sentence or two. */
  readonly remedy: string;

  constructor(reason: MigrationTrouble, message: string, more: { remedy: string; cause?: unknown }) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.reason = reason;
    this.remedy = more.remedy;
  }
}
