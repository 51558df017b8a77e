/** A table as the statements seen so far leave it: columns, keys, indexes, references. */
import { type ColumnType, columnTypeOf, listOf, namesOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { growthOf } from "./advice.ts";
import { as, locationOf, textOf } from "./nodes.ts";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Declared so by itself; a primary key makes it so too. */
  readonly isNotNull: boolean;
  /** By what its values grow one after the other, if they do. */
  readonly growth: string | undefined;
  readonly location: number | undefined;
}

export interface Key {
  /** As the index, or the constraint, is called; undefined when PostgreSQL names it. */
  readonly name: string | undefined;
  /** An empty text stands for an expression. */
  readonly columns: readonly string[];
  readonly isPrimary: boolean;
  /** Serves only some of the rows. */
  readonly isPartial: boolean;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly parent: string;
  readonly location: number | undefined;
}

/** @param table - a CreateStmt. @returns whether what it is copied from may bring a primary key along */
export function isCopied(table: TreeNode): boolean {
  return (
    table["partbound"] !== undefined ||
    table["ofTypename"] !== undefined ||
    listOf(table["tableElts"]).some((element) => as(element, "TableLikeClause") !== undefined)
  );
}

export interface TableParts {
  readonly columns: readonly Column[];
  readonly keys: readonly Key[];
  readonly foreignKeys: readonly ForeignKey[];
}

/** @param elements - columns and constraints, as CREATE TABLE lists and ALTER TABLE adds them */
export function tableParts(elements: readonly unknown[]): TableParts {
  const columns: Column[] = [];
  const keys: Key[] = [];
  const foreignKeys: ForeignKey[] = [];
  for (const element of elements) {
    const column = as(element, "ColumnDef");
    if (column !== undefined) columns.push(columnFrom(column));
    for (const { constraint, own } of constraintsIn(element)) {
      const key = keyFrom(constraint, own);
      const foreignKey = foreignKeyFrom(constraint, own);
      if (key !== undefined) keys.push(key);
      if (foreignKey !== undefined) foreignKeys.push(foreignKey);
    }
  }
  return { columns, keys, foreignKeys };
}

function columnFrom(column: TreeNode): Column {
  return {
    name: textOf(column["colname"]) ?? "",
    type: columnTypeOf((column["typeName"] as TreeNode | undefined) ?? {}),
    isNotNull: listOf(column["constraints"]).some(
      (own) => as(own, "Constraint")?.["contype"] === "CONSTR_NOTNULL",
    ),
    growth: growthOf(column),
    location: locationOf(column),
  };
}

/** @returns the constraints of an element, and the column they stand behind when they stand behind one */
function constraintsIn(element: unknown): { constraint: TreeNode; own: string | undefined }[] {
  const constraint = as(element, "Constraint");
  if (constraint !== undefined) return [{ constraint, own: undefined }];
  const column = as(element, "ColumnDef");
  return listOf(column?.["constraints"]).map((behind) => ({
    constraint: as(behind, "Constraint") ?? {},
    own: textOf(column?.["colname"]),
  }));
}

function keyFrom(constraint: TreeNode, own: string | undefined): Key | undefined {
  const isPrimary = constraint["contype"] === "CONSTR_PRIMARY";
  if (!isPrimary && constraint["contype"] !== "CONSTR_UNIQUE") return undefined;
  // USING INDEX makes a constraint of an index that is counted already.
  if (constraint["indexname"] !== undefined) return undefined;
  const columns = own === undefined ? namesOf(constraint["keys"]) : [own];
  return { name: textOf(constraint["conname"]), columns, isPrimary, isPartial: false };
}

function foreignKeyFrom(constraint: TreeNode, own: string | undefined): ForeignKey | undefined {
  if (constraint["contype"] !== "CONSTR_FOREIGN") return undefined;
  const parent = textOf((constraint["pktable"] as TreeNode | undefined)?.["relname"]) ?? "";
  const columns = own === undefined ? namesOf(constraint["fk_attrs"]) : [own];
  return { columns, parent, location: locationOf(constraint) };
}

/** @param index - an IndexStmt */
export function indexKey(index: TreeNode): Key {
  return {
    name: textOf(index["idxname"]),
    columns: listOf(index["indexParams"]).map((param) => textOf(unwrap(param)?.fields["name"]) ?? ""),
    isPrimary: false,
    isPartial: index["whereClause"] !== undefined,
  };
}
