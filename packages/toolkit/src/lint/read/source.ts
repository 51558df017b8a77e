/** SQL as it stands in a file: a whole `.sql` file, or one text in a program. */
import type { TextEdit } from "@dsql-local/sql";

/** A part of a program's text that only a run fills in: `${…}`, or an operand of `+` that is no literal. */
export interface Hole {
  /** UTF-16 offsets in the source's `text`. */
  readonly start: number;
  readonly end: number;
}

export interface SqlSource {
  /** What is split and parsed. As long as offsets need it, with blanks for what is not SQL. */
  readonly text: string;
  readonly holes: readonly Hole[];
  /** @returns the offset in the file of what stands at `offset` in `text` */
  fileOffset(offset: number): number;
  /**
   * @returns the new text as it is written in the file; undefined when the file cannot say it there (a part that a run fills
   *   in, two literals)
   */
  written(change: TextEdit): string | undefined;
  /** What parts two statements in the file; undefined: it holds one message, and so one transaction. */
  readonly separator: string | undefined;
  /** Sources with the same one share a transaction; undefined: each statement is one of its own. */
  readonly transactionGroup: string | undefined;
  /** Why they do, for a finding's message. */
  readonly groupReason?: string;
  /** Sources with the same one run one after the other on one connection, so that BEGIN in one holds in the next. */
  readonly sequence: string;
  /** A tool that adds a row of its own ledger to the transaction. */
  readonly ledgerOf?: string;
  /** Offset in the file of what a comment on the line before speaks of: the program's statement around the text. */
  readonly anchor?: number;
  /** Whether the text is SQL beyond doubt, so that a text which does not parse is an error. */
  readonly isSurelySql: boolean;
}
