/**
 * What only several statements together tell: a foreign key that no index serves, a key of too many bytes, the 25th index.
 *
 * Statements come in the order in which they would run; a table created twice (a chapter of a tutorial, a second project)
 * is a new table each time. Names of columns decide what is a tenant.
 *
 * Tests: schema.test.ts.
 */
import { errors, limits, listOf, namesOf, supportedTypes, type TreeNode } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { as, locationOf, relationName, textOf } from "./nodes.ts";
import { ObjectCounts } from "./object-counts.ts";
import { type Place, placeAt, placeOfHead } from "./place.ts";
import { type Column, type ForeignKey, indexKey, isCopied, type Key, tableParts } from "./table-model.ts";

export interface PlacedProblem<Where> {
  readonly problem: Problem;
  readonly where: Where;
}

/** A bare `company` or `organization` is mostly a name to show. */
const tenantName = /^(tenant(_?id)?|(organi[sz]ation|org|workspace|company)_?id)$/i;

interface Source<Where> {
  readonly statement: ParsedStatement;
  readonly where: Where;
}

interface Table<Where> {
  readonly name: string;
  readonly columns: Map<string, Column & Source<Where>>;
  readonly keys: Key[];
  readonly foreignKeys: (ForeignKey & Source<Where>)[];
  /** The name in its CREATE TABLE; undefined where the primary key may be another table's. */
  readonly made: (Source<Where> & { readonly location: number | undefined }) | undefined;
}

export class SchemaModel<Where> {
  readonly #tables = new Map<string, Table<Where>>();
  readonly #counts = new ObjectCounts();
  readonly #problems: PlacedProblem<Where>[] = [];

  add(statement: ParsedStatement, where: Where): void {
    const source = { statement, where };
    for (const problem of this.#counts.add(statement)) this.#problems.push({ problem, where });
    const { type, fields } = statement.subject;
    if (type === "CreateStmt") this.#createTable(fields, source);
    else if (type === "AlterTableStmt") this.#alterTable(fields, source);
    else if (type === "IndexStmt") this.#createIndex(fields, source);
    else if (type === "RenameStmt") this.#rename(fields);
    else if (type === "DropStmt") this.#drop(fields);
  }

  /** @returns all that was found, once every statement was added */
  finish(): readonly PlacedProblem<Where>[] {
    for (const table of this.#tables.values()) this.#judge(table);
    this.#tables.clear();
    return this.#problems;
  }

  #createTable(fields: TreeNode, source: Source<Where>): void {
    const name = relationName(fields["relation"]) ?? "";
    const before = this.#tables.get(name);
    if (before !== undefined) this.#judge(before);
    const made = isCopied(fields)
      ? undefined
      : { ...source, location: locationOf(fields["relation"] as TreeNode | undefined) };
    const table: Table<Where> = { name, columns: new Map(), keys: [], foreignKeys: [], made };
    this.#tables.set(name, table);
    this.#addParts(table, listOf(fields["tableElts"]), source);
    this.#sequentialKey(table);
  }

  #addParts(table: Table<Where>, elements: readonly unknown[], source: Source<Where>): void {
    const { columns, keys, foreignKeys } = tableParts(elements);
    for (const column of columns) table.columns.set(column.name, { ...column, ...source });
    for (const key of keys) this.#addKey(table, key, source);
    for (const foreignKey of foreignKeys) table.foreignKeys.push({ ...foreignKey, ...source });
  }

  #addKey(table: Table<Where>, key: Key, source: Source<Where>): void {
    table.keys.push(key);
    const indexesMax = limits.indexesPerTableMax.value;
    if (table.keys.length === indexesMax + 1) {
      const message = `${limits.indexesPerTableMax.message}: this is the ${indexesMax + 1}th of "${table.name}"`;
      this.#report("indexes-per-table", message, source);
    }
    const bytesMax = limits.declaredKeyBytesMax.value;
    const bytes = key.columns.reduce((sum, name) => sum + declaredBytes(table.columns.get(name)), 0);
    if (bytes > bytesMax) {
      const message = `${limits.declaredKeyBytesMax.message}: (${key.columns.join(", ")}) declares ${bytes}`;
      this.#report("declared-key-bytes", message, source);
    }
  }

  #alterTable(fields: TreeNode, source: Source<Where>): void {
    const table = this.#tables.get(relationName(fields["relation"]) ?? "");
    if (table === undefined) return;
    for (const action of listOf(fields["cmds"])) {
      const { subtype, def, name } = as(action, "AlterTableCmd") ?? {};
      if (subtype === "AT_AddColumn" || subtype === "AT_AddConstraint") this.#addParts(table, [def], source);
      else if (subtype === "AT_DropConstraint") this.#dropConstraint(table, textOf(name) ?? "", source);
      else if (subtype === "AT_AddIdentity") this.#addIdentity(table, textOf(name) ?? "", source);
      else if (subtype === "AT_DropColumn") this.#dropColumn(table, textOf(name) ?? "", source);
    }
  }

  #dropConstraint(table: Table<Where>, name: string, source: Source<Where>): void {
    const bare = table.name.split(".").at(-1) ?? "";
    const primary = table.keys.find(({ isPrimary }) => isPrimary);
    if (primary !== undefined && name === (primary.name ?? `${bare}_pkey`)) {
      this.#report("drop-primary-key", errors.dropPrimaryKey.message, source);
      return;
    }
    removeWhere(table.keys, (key) => key.name === name);
  }

  #addIdentity(table: Table<Where>, column: string, source: Source<Where>): void {
    const { type, isNotNull } = table.columns.get(column) ?? {};
    if (type === undefined) return;
    if (type.name !== "int8") {
      const message = `datatype ${type.shown} not supported, identity column type must be bigint`;
      this.#report("identity-type", message, source);
    }
    const isKey = table.keys.some(({ isPrimary, columns }) => isPrimary && columns.includes(column));
    if (isNotNull || isKey) return;
    const nullable = `column "${column}" of relation "${table.name}" must be declared NOT NULL before identity can be added`;
    this.#report("identity-not-null", nullable, source);
  }

  #dropColumn(table: Table<Where>, column: string, source: Source<Where>): void {
    const primary = table.keys.find(({ isPrimary }) => isPrimary);
    if (primary?.columns.includes(column) === true) {
      this.#report("drop-key-column", `cannot drop primary key column ${column}`, source);
      return;
    }
    table.columns.delete(column);
    removeWhere(table.keys, ({ columns }) => columns.includes(column));
    removeWhere(table.foreignKeys, ({ columns }) => columns.includes(column));
  }

  #createIndex(fields: TreeNode, source: Source<Where>): void {
    const table = this.#tables.get(relationName(fields["relation"]) ?? "");
    if (table === undefined) return;
    const key = indexKey(fields);
    this.#addKey(table, key, source);
    for (const name of key.columns) {
      const column = table.columns.get(name);
      if (column === undefined || canBeKey(column)) continue;
      const message = `datatype ${column.type.shown} is not supported in a key: column "${name}"`;
      this.#report("index-column-type", message, source);
    }
  }

  #rename(fields: TreeNode): void {
    const table = this.#tables.get(relationName(fields["relation"]) ?? "");
    const newName = textOf(fields["newname"]) ?? "";
    if (table === undefined) return;
    if (fields["renameType"] === "OBJECT_TABLE") {
      this.#tables.delete(table.name);
      this.#tables.set(newName, { ...table, name: newName });
    } else if (fields["renameType"] === "OBJECT_COLUMN")
      renameColumn(table, textOf(fields["subname"]), newName);
  }

  #drop(fields: TreeNode): void {
    const names = listOf(fields["objects"]).map((object) => {
      const parts = namesOf(as(object, "List")?.["items"]);
      return (parts[0] === "public" ? parts.slice(1) : parts).join(".");
    });
    for (const name of names) {
      if (fields["removeType"] === "OBJECT_TABLE") this.#tables.delete(name);
      if (fields["removeType"] !== "OBJECT_INDEX") continue;
      for (const table of this.#tables.values()) {
        removeWhere(table.keys, (key) => key.name === name.split(".").at(-1));
      }
    }
  }

  #sequentialKey(table: Table<Where>): void {
    const primary = table.keys.find(({ isPrimary }) => isPrimary);
    const leading = table.columns.get(primary?.columns[0] ?? "");
    if (leading?.growth === undefined) return;
    const message = `the primary key of "${table.name}" begins with "${leading.name}", which grows: ${leading.growth}`;
    this.#report("sequential-key", message, leading, leading.location);
  }

  #judge(table: Table<Where>): void {
    // Another statement may have added it, which the rule about that statement is for.
    if (table.made !== undefined && !table.keys.some(({ isPrimary }) => isPrimary)) {
      const message = `table "${table.name}" has no primary key`;
      this.#report("missing-primary-key", message, table.made, table.made.location);
    }
    for (const foreignKey of table.foreignKeys) {
      if (table.keys.some((key) => leads(key, foreignKey.columns))) continue;
      const columns = foreignKey.columns.join(", ");
      const message = `no index leads with (${columns}), which references "${foreignKey.parent}"`;
      this.#report("foreign-key-without-index", message, foreignKey, foreignKey.location);
    }
    for (const column of table.columns.values()) {
      if (!tenantName.test(column.name) || isReference(table, column.name)) continue;
      if (table.keys.some((key) => leads(key, [column.name]))) continue;
      const message = `no index of "${table.name}" leads with the tenant, "${column.name}"`;
      this.#report("tenant-without-index", message, column, column.location);
    }
  }

  #report(ruleId: string, message: string, source: Source<Where>, location?: number): void {
    const { statement, where } = source;
    const place: Place = placeAt(statement, location) ?? placeOfHead(statement);
    this.#problems.push({ problem: { ruleId, message, ...place }, where });
  }
}

/** Whether the key's first columns are these, in any order. */
function leads(key: Key, columns: readonly string[]): boolean {
  if (key.isPartial || key.columns.length < columns.length) return false;
  const leading = new Set(key.columns.slice(0, columns.length));
  return columns.every((column) => leading.has(column));
}

/** What a foreign key already asks an index for is said once. */
const isReference = (table: Table<unknown>, column: string): boolean =>
  table.foreignKeys.some(({ columns }) => columns[0] === column);

function declaredBytes(column: Column | undefined): number {
  const isText = column?.type.name === "varchar" || column?.type.name === "bpchar";
  return isText ? (column.type.modifiers[0] ?? 0) : 0;
}

const unkeyable = new Set(supportedTypes.filter(({ canBeKey: can }) => !can).map(({ name }) => name));
const canBeKey = ({ type }: Column): boolean => type.isArray || !unkeyable.has(type.name);

function removeWhere<Element>(list: Element[], isGone: (element: Element) => boolean): void {
  for (let index = list.length - 1; index >= 0; index -= 1) {
    if (isGone(list[index] as Element)) list.splice(index, 1);
  }
}

function renameColumn(table: Table<unknown>, before: string | undefined, after: string): void {
  const column = table.columns.get(before ?? "");
  if (column === undefined) return;
  table.columns.delete(column.name);
  table.columns.set(after, { ...column, name: after });
  const renamed = (columns: readonly string[]): string[] =>
    columns.map((name) => (name === before ? after : name));
  table.keys.forEach((key, index) => (table.keys[index] = { ...key, columns: renamed(key.columns) }));
  table.foreignKeys.forEach(
    (foreignKey, index) =>
      (table.foreignKeys[index] = { ...foreignKey, columns: renamed(foreignKey.columns) }),
  );
}
