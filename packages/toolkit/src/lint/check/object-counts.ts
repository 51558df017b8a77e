/**
 * How many schemas, tables, views and sequences the statements seen so far leave in a cluster.
 *
 * What is made twice (IF NOT EXISTS, a second copy of the schema) counts once: a name is one object. One finding a kind, at
 * the statement that passes the limit: what follows it is past it too.
 *
 * Tests: object-counts.test.ts.
 */
import { type LimitName, limits, listOf, namesOf, type TreeNode, unwrap } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { as, nodesOf, relationName, textOf } from "./nodes.ts";
import { placeOfHead } from "./place.ts";
import { growthOf } from "./advice.ts";

type Kind = "schemas" | "tables" | "views" | "sequences";

const limitOf = {
  schemas: "schemasMax",
  tables: "tablesMax",
  views: "viewsMax",
  sequences: "sequencesMax",
} as const satisfies Record<Kind, LimitName>;

const kindOfObject: Readonly<Record<string, Kind>> = {
  OBJECT_SCHEMA: "schemas",
  OBJECT_TABLE: "tables",
  OBJECT_VIEW: "views",
  OBJECT_SEQUENCE: "sequences",
};

export class ObjectCounts {
  readonly #names: Readonly<Record<Kind, Set<string>>> = {
    schemas: new Set(),
    tables: new Set(),
    views: new Set(),
    sequences: new Set(),
  };
  readonly #exceeded = new Set<Kind>();

  /** @returns a finding when the statement makes one object more than a cluster takes */
  add(statement: ParsedStatement): Problem[] {
    const { type, fields } = statement.subject;
    if (type === "DropStmt") this.#drop(fields);
    else if (type === "RenameStmt") this.#rename(fields);
    else this.#create(statement);
    return this.#newlyExceeded(statement);
  }

  #create(statement: ParsedStatement): void {
    const { type, fields } = statement.subject;
    const within = type === "CreateSchemaStmt" ? schemaName(fields) : undefined;
    if (within !== undefined && within !== "public") this.#names.schemas.add(within);
    const nameOf = (relation: unknown): string => qualified(relationName(relation) ?? "", within);
    for (const table of nodesOf(statement, "CreateStmt")) this.#createTable(table, nameOf(table["relation"]));
    for (const { view } of nodesOf(statement, "ViewStmt")) this.#names.views.add(nameOf(view));
    for (const { sequence } of nodesOf(statement, "CreateSeqStmt"))
      this.#names.sequences.add(nameOf(sequence));
  }

  #createTable(table: TreeNode, name: string): void {
    this.#names.tables.add(name);
    for (const element of listOf(table["tableElts"])) {
      const column = as(element, "ColumnDef");
      if (column === undefined || growthOf(column) !== "an identity") continue;
      this.#names.sequences.add(identityOf(name, textOf(column["colname"])));
    }
  }

  #drop(fields: TreeNode): void {
    const kind = kindOfObject[String(fields["removeType"])];
    if (kind === undefined) return;
    for (const object of listOf(fields["objects"])) {
      const name = droppedName(object);
      this.#names[kind].delete(name);
      if (kind === "tables") removeBelow(this.#names.sequences, identityOf(name, ""));
      if (kind !== "schemas") continue;
      for (const names of Object.values(this.#names)) removeBelow(names, `${name}.`);
    }
  }

  #rename(fields: TreeNode): void {
    const kind = kindOfObject[String(fields["renameType"])];
    const newName = textOf(fields["newname"]);
    if (kind === undefined || newName === undefined) return;
    const name = kind === "schemas" ? textOf(fields["subname"]) : relationName(fields["relation"]);
    if (name === undefined || !this.#names[kind].delete(name)) return;
    const schema = kind === "schemas" ? undefined : schemaOf(name);
    this.#names[kind].add(qualified(newName, schema));
  }

  #newlyExceeded(statement: ParsedStatement): Problem[] {
    return (Object.keys(limitOf) as Kind[]).flatMap((kind) => {
      const { value, message } = limits[limitOf[kind]];
      const count = this.#names[kind].size;
      if (count <= value || this.#exceeded.has(kind)) return [];
      this.#exceeded.add(kind);
      const full = `${message}: with this statement there are ${count}`;
      return [{ ruleId: "objects-per-cluster", message: full, ...placeOfHead(statement) }];
    });
  }
}

/** CREATE SCHEMA AUTHORIZATION role calls it like the role. */
const schemaName = (fields: TreeNode): string =>
  textOf(fields["schemaname"]) ?? textOf((fields["authrole"] as TreeNode | undefined)?.["rolename"]) ?? "";

const qualified = (name: string, schema: string | undefined): string =>
  schema === undefined || schema === "public" || name.includes(".") ? name : `${schema}.${name}`;

const schemaOf = (name: string): string | undefined => {
  const dot = name.indexOf(".");
  return dot === -1 ? undefined : name.slice(0, dot);
};

/** An identity's sequence goes with its table. The blank keeps it apart from sequences that have names of their own. */
const identityOf = (table: string, column: string | undefined): string => `${table} ${column ?? ""}`;

function droppedName(object: unknown): string {
  const node = unwrap(object);
  const parts = node?.type === "List" ? namesOf(node.fields["items"]) : namesOf([object]);
  return (parts[0] === "public" && parts.length > 1 ? parts.slice(1) : parts).join(".");
}

function removeBelow(names: Set<string>, prefix: string): void {
  for (const name of names) if (name.startsWith(prefix)) names.delete(name);
}
