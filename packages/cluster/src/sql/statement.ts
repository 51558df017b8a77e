/**
 * What the other parts know of a statement once it has been parsed, classified and checked.
 *
 * Offsets named `start`, `end`, `offset` are UTF-16 indexes, as JavaScript's `slice` takes them; a `position` is 1-based
 * and counts Unicode characters, as PostgreSQL's error field `P` does.
 */
import type { Range } from "@dsql-local/sql";
import type { SqlErrorFields } from "../base/index.ts";
import type { KnownType } from "./check.ts";
import type { Constants } from "./constants.ts";

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
  /** `complex`: an assignment to a part of a column, or DEFAULT for one of several columns set at once. */
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
  /** One of several columns set at once, counted from 0: `value` is the row or the query that gives all of them. */
  readonly part?: { readonly place: number; readonly count: number; readonly of: "row" | "query" };
}

export interface Analysis {
  readonly command: "select" | "insert" | "update" | "delete" | "copyIn" | "copyOut" | "explain";
  /** Every relation named anywhere, subqueries and CTE bodies included; names of CTEs are resolved away by scope. */
  readonly relations: readonly RelationRef[];
  /** Names of all functions called anywhere, lower case, without schema. */
  readonly functions: readonly string[];
  /** Names of all types cast to anywhere, without schema. */
  readonly types: readonly string[];
  /** Of the top-level INSERT, UPDATE or DELETE. */
  readonly hasReturning: boolean;
  /** The strongest one found anywhere. */
  readonly lockingClause: LockingClause;
  readonly hasDataModifyingCte: boolean;
  readonly hasLimitOrOffset: boolean;
  readonly hasSubquery: boolean;
  /** Of a top-level INSERT, UPDATE or DELETE; undefined for anything else. Found when first asked for. */
  readonly dml: DmlShape | undefined;
  /** What is known of its constants. Found when first asked for. */
  readonly constants: Constants;
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
  /** The rule's id, such as `index-without-async`. */
  readonly refusedBy?: string;
  /** Set when a setting of the session can waive the refusal: what the rules say then. */
  readonly unless?: Waiver;
}

/** `SET name TO off` waives a refusal. */
export interface Waiver {
  readonly setting: "disable_sync_create_index";
  /** Of the rules that come after the one that is waived. */
  readonly refusal: SqlErrorFields | undefined;
}

export type Statement = StatementBase & StatementKind;

/** An object where a DDL statement names it. */
export interface ObjectName {
  /** As written; undefined when the search path decides. */
  readonly schema: string | undefined;
  readonly name: string;
}

/** What ALTER TABLE does to a column or a constraint that is there already. */
export interface TableChange {
  readonly does: "dropColumn" | "dropConstraint" | "makeIdentity";
  /** Of the column or the constraint. */
  readonly name: string;
}

/** A kind of object that PostgreSQL can make a temporary one. */
export interface CreatedObject {
  readonly kind: "table" | "view" | "sequence" | "function" | "domain";
  /** As written; undefined when the search path decides. */
  readonly schema: string | undefined;
}

/** The parts of a DDL statement that only the catalog can judge. */
export interface DdlShape {
  readonly creates: CreatedObject | undefined;
  readonly createsSchema: boolean;
  /** By itself, or behind an identity column. */
  readonly createsSequence: boolean;
  /** Tables that it creates, or gives columns, keys or indexes. */
  readonly definesTables: readonly ObjectName[];
  readonly createsTable: boolean;
  readonly definesViews: readonly ObjectName[];
  readonly changes: { readonly table: ObjectName; readonly actions: readonly TableChange[] } | undefined;
  /** Of CREATE INDEX without ASYNC. */
  readonly indexedTable: ObjectName | undefined;
  /** Of CREATE STATISTICS. */
  readonly describedTable: ObjectName | undefined;
  readonly drops: DroppedObjects | undefined;
}

export interface DroppedObjects {
  /** As the tag says: `INDEX`, `TABLE`. */
  readonly kind: string;
  readonly objects: readonly ObjectName[];
}

/**
 * What identifies a job in CALL sys.wait_for_job: a constant, a parameter by its number, or an expression, as a SELECT of it in
 * which every character stands where it does in the CALL.
 */
export type JobIdSource = string | { readonly parameter: number } | { readonly query: string };

export type StatementKind =
  /** `readOnly` is undefined where no access mode is named. */
  | {
      readonly kind: "begin";
      readonly readOnly: boolean | undefined;
      /** Missing where neither DEFERRABLE nor NOT DEFERRABLE is written. */
      readonly isDeferrable?: boolean;
    }
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
      /** What of it only the catalog can judge. */
      readonly shape: DdlShape;
      /** Roles that do not exist afterwards under these names: dropped or renamed. */
      readonly endedRoles?: readonly string[];
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
  | {
      readonly kind: "validateConstraintAsync";
      readonly table: RelationRef;
      readonly constraint: string;
      /** IF EXISTS: of the table. */
      readonly ifExists: boolean;
    }
  | { readonly kind: "iamGrant"; readonly role: string; readonly arn: string }
  | { readonly kind: "iamRevoke"; readonly role: string; readonly arn: string }
  /** `parameter` is the number of `$1`. */
  | { readonly kind: "waitForJob"; readonly jobId: JobIdSource }
  /** `isOfAll`: it names no table. */
  | { readonly kind: "analyze"; readonly isOfAll: boolean; readonly relations: readonly string[] }
  | { readonly kind: "deallocateAll" }
  | { readonly kind: "setConstraints" };

export interface ParsedSource {
  readonly source: string;
  /** What it takes in memory, about. */
  readonly bytes: number;
  /** Empty for a source without statements. */
  readonly statements: readonly Statement[];
}

export interface SqlParser {
  /** @throws {SqlError} 42601 and PostgreSQL's text and position when the source is not SQL */
  parse(source: string): ParsedSource;
  /** @returns why, by the rules in force, no column may have the type */
  refuseColumnType(type: KnownType): SqlErrorFields | undefined;
  /** @returns why no primary key, unique constraint or index may hold the type */
  refuseKeyType(type: KnownType): SqlErrorFields | undefined;
}
