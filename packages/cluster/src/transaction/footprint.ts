/**
 * What a transaction has touched, for the conflicts that PostgreSQL does not find: relations it has named, relations in
 * which it has freed keys, its one catalog change; and the rule that DDL and DML do not mix.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";

export interface CatalogChange {
  /** Names of the relations it concerns; undefined: any. */
  readonly relations: ReadonlySet<string> | undefined;
  /** It makes something new and changes nothing that was there. */
  readonly isCreation: boolean;
}

export class Footprint {
  /** Names of the relations it has touched. */
  readonly relations = new Set<string>();
  /** Names of the relations in which it has freed keys. */
  readonly freedKeysOf = new Set<string>();
  #catalogChange: CatalogChange | undefined;
  #hasLeftCatalog = false;
  #hasWritten = false;

  get catalogChange(): CatalogChange | undefined {
    return this.#catalogChange;
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
    if (statement.kind !== "read" && statement.kind !== "write") return;
    if (statement.kind === "write") this.noteChangedRows();
    for (const relation of statement.analysis.relations) this.relations.add(relation.name);
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

  noteFreedKeys(statement: Statement): void {
    if (statement.kind !== "write") return;
    for (const relation of statement.analysis.relations) {
      if (relation.role === "target") this.freedKeysOf.add(relation.name);
    }
  }
}
