/**
 * What the other parts know of a statement once it has been parsed, classified and checked.
 *
 * Offsets named `start`, `end`, `offset` are UTF-16 indexes, as JavaScript's `slice` takes them; a `position` is 1-based
 * and counts Unicode characters, as PostgreSQL's error field `P` does.
 */
import type { SqlErrorFields } from "../base/index.ts";

/** A part of `Statement.text`: from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A table, view or other relation where the statement names it. */
export interface RelationRef extends Range {
  /** As written; undefined when the search path decides. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly alias: string | undefined;
  /** The target is what INSERT, UPDATE, DELETE or COPY FROM writes; everything else is a source. */
  readonly role: "source" | "target";
  /** Covered by FOR UPDATE (or a stronger reading of it). */
  readonly locked: boolean;
}

export type LockingClause = "none" | "forUpdate" | "forKeyShare";

/** The pieces of a top-level INSERT, UPDATE or DELETE as ranges in `text`, so that it is rewritten without a deparser. */
export interface DmlShape {
  readonly target: RelationRef;
  /** The whole WITH clause, with its keyword. */
  readonly with?: Range;
  readonly insertColumns?: readonly string[];
  /** `VALUES …`, `SELECT …` or `DEFAULT VALUES`. */
  readonly insertSource?: Range;
  /** `OVERRIDING {SYSTEM|USER} VALUE`. */
  readonly overriding?: Range;
  /** The whole ON CONFLICT clause. */
  readonly onConflict?: Range;
  /** `complex`: several columns set at once, or an assignment to a part of a column. */
  readonly set?: readonly SetItem[] | "complex";
  /** The items of FROM (UPDATE) or USING (DELETE), without the keyword. */
  readonly from?: Range;
  /** The condition, without WHERE. */
  readonly where?: Range;
  /** The list, without RETURNING. */
  readonly returning?: Range;
}

export interface SetItem {
  readonly column: string;
  readonly value: Range | "default";
}

export interface Analysis {
  readonly command: "select" | "insert" | "update" | "delete" | "copyIn" | "copyOut" | "explain";
  /** Every relation named anywhere, subqueries and CTE bodies included; names of CTEs are resolved away by scope. */
  readonly relations: readonly RelationRef[];
  /** Names of all functions called anywhere, lower case, without schema. */
  readonly functions: readonly string[];
  /** Of the top-level INSERT, UPDATE or DELETE. */
  readonly hasReturning: boolean;
  /** The strongest one found anywhere. */
  readonly lockingClause: LockingClause;
  readonly hasDataModifyingCte: boolean;
  readonly hasLimitOrOffset: boolean;
  readonly hasSubquery: boolean;
  /** Of a top-level INSERT, UPDATE or DELETE; undefined for anything else. Found when first asked for. */
  readonly dml: DmlShape | undefined;
  /** The statement's node as PostgreSQL's parser gave it; its `location`s count UTF-8 bytes in the parsed text. */
  readonly tree: unknown;
}

export interface StatementBase {
  /**
   * This statement alone, as PostgreSQL takes it: DSQL's own words are taken out (`CREATE INDEX ASYNC` becomes `CREATE INDEX`).
   * Equal to the slice of the source at `offset` when nothing had to change. Without the semicolon; a last statement may
   * end in a comment, so append on a new line.
   */
  readonly text: string;
  /** UTF-16 offset of `text` in the source. */
  readonly offset: number;
  /** Maps a position in `text`, as PostgreSQL reports it, to the position in the client's source. */
  positionInSource(position: number): number;
  /** Set when a rule refuses the statement. In a failed block 25P02 comes before it. */
  readonly refusal?: SqlErrorFields;
  /** The rule's id, such as `index-without-async`, where a setting of the session can waive it. */
  readonly refusedBy?: string;
}

export type Statement = StatementBase & StatementKind;

export type StatementKind =
  | { readonly kind: "begin"; readonly readOnly: boolean }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" }
  /** `value` stands after `SET name TO`, already quoted; undefined means DEFAULT. */
  | {
      readonly kind: "set";
      readonly name: string;
      readonly value: string | undefined;
      readonly isLocal: boolean;
    }
  /** undefined means ALL. */
  | { readonly kind: "reset"; readonly name: string | undefined }
  | { readonly kind: "show"; readonly name: string }
  /** Changes no row, though it may lock some; COPY … TO STDOUT and set_config() are reads too. */
  | { readonly kind: "read"; readonly analysis: Analysis }
  | { readonly kind: "write"; readonly analysis: Analysis }
  /** `command`: the tag without its count, such as `CREATE TABLE`. */
  | {
      readonly kind: "ddl";
      readonly command: string;
      /** Names of the relations it concerns; undefined: possibly any. */
      readonly relations: readonly string[] | undefined;
    }
  /** `text` is the plain CREATE INDEX; `concurrentText` the one that builds without blocking writers. */
  | {
      readonly kind: "createIndexAsync";
      readonly unique: boolean;
      readonly ifNotExists: boolean;
      readonly index: string | undefined;
      readonly table: RelationRef;
      readonly concurrentText: string;
    }
  | { readonly kind: "validateConstraintAsync"; readonly table: RelationRef; readonly constraint: string }
  | { readonly kind: "iamGrant"; readonly role: string; readonly arn: string }
  | { readonly kind: "iamRevoke"; readonly role: string; readonly arn: string }
  /** `parameter` is the number of `$1`. */
  | { readonly kind: "waitForJob"; readonly jobId: string | { readonly parameter: number } }
  | { readonly kind: "analyze" }
  | { readonly kind: "deallocateAll" }
  | { readonly kind: "setConstraints" };

export interface ParsedSource {
  readonly source: string;
  /** Empty for a source without statements. */
  readonly statements: readonly Statement[];
}

export interface SqlParser {
  /** @throws {SqlError} 42601 and PostgreSQL's text and position when the source is not SQL */
  parse(source: string): ParsedSource;
}
