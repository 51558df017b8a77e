/** The shapes that the parts of migrations hand to each other. */

/** Which tool has written a folder. */
export type FolderFormat = "sql" | "drizzle" | "prisma";

/** One migration as it lies in the folder. */
export interface MigrationFile {
  /** `20261121093000_owner`: the name of the file or, with Prisma, of its folder. */
  readonly id: string;
  /** Path of the file. */
  readonly file: string;
  readonly text: string;
  /** SHA-256 of the text in hexadecimal, as drizzle-kit and Prisma compute it too. */
  readonly checksum: string;
  /** drizzle-kit's `when`, milliseconds since 1970. */
  readonly madeAtMs?: number;
}

/** What must hold before a step that starts a job counts as done. */
export type Settlement =
  | { readonly object: "index"; /** Quoted, with its schema if one was written. */ readonly index: string }
  | { readonly object: "constraint"; readonly table: string; readonly name: string };

interface StepOrigin {
  /** 1-based line of the statement in the migration's file. */
  readonly line: number;
  /** What was rewritten to make it, in words; empty when it stands so in the file. */
  readonly changes: readonly string[];
  /** The step that this one was made of, once the database was asked ({@link TypeChange}). */
  readonly partOf?: string;
  /** What to do when it is refused, where that differs from correcting the file. */
  readonly remedy?: string;
}

/** `ALTER TABLE … ALTER COLUMN … TYPE`. What it takes depends on what holds on to the column, so its steps are made when it runs. */
export interface TypeChange {
  /** Quoted, with its schema if one was written. */
  readonly table: string;
  readonly column: string;
  /** As written. */
  readonly type: string;
  /** The expression after USING. */
  readonly using?: string;
}

/**
 * One transaction, or for `batches` one after another of the same kind. Steps are written into the ledger as they are, so
 * that a run which goes on uses the plan with which it began.
 */
export type Step =
  /** One DDL statement by itself. Run again when nobody knows whether it was done; `doneCodes` then mean that it was. */
  | (StepOrigin & {
      readonly kind: "ddl";
      readonly sql: string;
      /** SQLSTATEs that say "that is so already". */
      readonly doneCodes: readonly string[];
      /** A constraint whose presence says that the step was done. */
      readonly makes?: { readonly table: string; readonly constraint: string };
      readonly settlement?: Settlement;
    })
  /** Statements that read or change rows, in one transaction with the ledger's entry about them. */
  | (StepOrigin & { readonly kind: "data"; readonly statements: readonly string[] })
  /** A statement that may change any number of rows, a range of the primary key at a time. */
  | (StepOrigin & { readonly kind: "batches"; readonly batched: BatchedStatement })
  /** Taken apart into steps of the other kinds when its turn comes. */
  | (StepOrigin & TypeChange & { readonly kind: "changeType" })
  /** Looks whether a copy has every row of its source and no other. */
  | (StepOrigin & { readonly kind: "compare"; readonly comparison: Comparison });

/** A statement cut where a range of keys is put in: `head`, condition, `tail`. */
export interface BatchedStatement {
  readonly sql: string;
  /** The table whose rows are gone through, quoted. */
  readonly table: string;
  /** By which the statement knows it, quoted. */
  readonly alias: string;
  /** Up to its WHERE, without it. */
  readonly head: string;
  /** The condition after WHERE; empty when there is none. */
  readonly where: string;
  /** What follows: ON CONFLICT …; mostly empty. */
  readonly tail: string;
  /** Which rows of a range the statement is about, where that must not decide how far a range reaches. */
  readonly filter?: string;
  /** Columns that the statement changes in that table: a key among them rules batches out. */
  readonly changes: readonly string[];
}

/** Two tables that must hold the same. */
export interface Comparison {
  readonly source: string;
  readonly target: string;
  /** Counts the rows of a range of `source` that `target` has as they should be, as `same`. */
  readonly same: BatchedStatement;
}

/** A migration as it will run: step by step, a transaction each. */
export interface PlannedMigration {
  readonly id: string;
  readonly file: string;
  readonly checksum: string;
  readonly steps: readonly Step[];
}

/** A statement that cannot be run as it is. */
export interface PlanProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}
