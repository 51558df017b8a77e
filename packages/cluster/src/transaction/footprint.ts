/**
 * What a transaction has touched, for the conflicts that PostgreSQL does not find: relations it has named, relations in
 * which it has freed keys, its one catalog change; and the rule that DDL and DML do not mix.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import type { TouchedTable } from "./rows/changed-rows.ts";

export interface CatalogChange {
  /** Names of the relations it concerns; undefined: any. */
  readonly relations: ReadonlySet<string> | undefined;
  /** It makes something new and changes nothing that was there. */
  readonly isCreation: boolean;
}

export class Footprint {
  /** Names of the relations it has touched. */
  readonly relations = new Set<string>();
  /** Names of the relations in which it has written or locked rows. */
  readonly written = new Set<string>();
  /** The text of its last statement that wrote rows or changed the catalog. */
  lastWrite = "";
  /** Names of the relations in which it has freed keys. */
  readonly freedKeysOf = new Set<string>();
  /** Names of the relations in which rows may have ceased to reference others. */
  readonly releasedIn = new Set<string>();
  /**
   * Names of the relations in which another row may have got the key of one that is gone, or in which it has written rows
   * that it had locked FOR UPDATE: what PostgreSQL shows of such a row does not tell it from one that was only updated.
   */
  readonly replacesIn = new Set<string>();
  /** Rows whose keys were set by an UPDATE, if only to what they were, by the names of their relations. */
  readonly #keysSet = new Map<string, number>();
  /** A function may have locked rows. */
  hasLockedUnseen = false;
  /** A function that says FOR UPDATE has run: the rows that it has locked are looked for at COMMIT. */
  hasCalledLocking = false;
  #catalogChange: CatalogChange | undefined;
  #hasLeftCatalog = false;
  #hasWritten = false;

  get catalogChange(): CatalogChange | undefined {
    return this.#catalogChange;
  }

  /** It has written or locked rows, or changed the catalog. */
  get hasEffects(): boolean {
    return this.#hasWritten || this.written.size > 0 || this.#catalogChange !== undefined;
  }

  /** What was to be a catalog change has changed nothing. */
  get hasLeftCatalog(): boolean {
    return this.#hasLeftCatalog;
  }

  leaveCatalog(): void {
    this.#hasLeftCatalog = true;
  }

  /** @throws {SqlError} 0A000 the statement writes rows beside a catalog change */
  note(statement: Statement): void {
    if (statement.kind === "ddl" || statement.kind === "createIndexAsync") this.lastWrite = statement.text;
    if (statement.kind !== "read" && statement.kind !== "write") return;
    if (statement.kind === "write") {
      this.noteChangedRows();
      this.lastWrite = statement.text;
    }
    for (const relation of statement.analysis.relations) {
      this.relations.add(relation.name);
      if (relation.role === "target" || relation.locked) this.written.add(relation.name);
    }
  }

  /** Also of a SELECT, whose functions may have changed some. @throws {SqlError} 0A000 beside a catalog change */
  noteChangedRows(): void {
    if (this.#catalogChange !== undefined) throw SqlError.of(errors.ddlWithDml);
    this.#hasWritten = true;
  }

  /** @throws {SqlError} 0A000 a second change, or one beside changed rows */
  noteCatalogChange(change: CatalogChange): void {
    if (this.#catalogChange !== undefined) throw SqlError.of(errors.multipleDdl);
    if (this.#hasWritten) throw SqlError.of(errors.ddlWithDml);
    this.#catalogChange = change;
    for (const relation of change.relations ?? []) this.relations.add(relation);
  }

  /** What a statement has changed by the way: by functions, data-modifying CTEs and cascades. */
  noteTouched(tables: readonly TouchedTable[]): void {
    for (const { name, hasLost } of tables) {
      this.relations.add(name);
      this.written.add(name);
      if (!hasLost) continue;
      this.freedKeysOf.add(name);
      this.releasedIn.add(name);
      this.replacesIn.add(name);
    }
  }

  noteFreedKeys(statement: Statement): void {
    if (statement.kind !== "write") return;
    const { relations, command, hasDataModifyingCte } = statement.analysis;
    for (const { role, name } of relations) {
      if (role !== "target") continue;
      this.freedKeysOf.add(name);
      this.releasedIn.add(name);
      if (command !== "update" || hasDataModifyingCte) this.replacesIn.add(name);
    }
  }

  noteReleased(statement: Statement): void {
    if (statement.kind !== "write") return;
    for (const { role, name } of statement.analysis.relations)
      if (role === "target") this.releasedIn.add(name);
  }

  /** An UPDATE that sets keys has changed so many rows: one alone cannot have got the key of another. */
  noteKeysSet(statement: Statement, rows: number): void {
    if (statement.kind !== "write" || statement.analysis.command !== "update") return;
    const name = statement.analysis.dml?.target.name ?? "";
    const sum = (this.#keysSet.get(name) ?? 0) + rows;
    this.#keysSet.set(name, sum);
    if (sum > 1) this.replacesIn.add(name);
  }
}
