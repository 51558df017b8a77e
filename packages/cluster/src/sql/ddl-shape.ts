/**
 * What of a DDL statement only the catalog can judge: which tables it defines, which keys it would take away, what it
 * adds to the counts that are limited.
 *
 * Tests: ddl-shape.test.ts.
 */
import type {
  AlterTableCmd,
  AlterTableStmt,
  CreateSchemaStmt,
  CreateStmt,
  Node,
  RangeVar,
} from "libpg-query";
import type { CreatedObject, DdlShape, DroppedObjects, ObjectName, TableChange } from "./statement.ts";
import { as, stringsOf } from "./tree.ts";

export const emptyShape: DdlShape = {
  creates: undefined,
  createsSchema: false,
  createsSequence: false,
  definesTables: [],
  createsTable: false,
  definesViews: [],
  changes: undefined,
  indexedTable: undefined,
  describedTable: undefined,
  drops: undefined,
};

export function ddlShape(node: Node): DdlShape {
  const creates = createdObject(node);
  return creates === undefined ? shapeOf(node) : { ...shapeOf(node), creates };
}

function createdObject(node: Node): CreatedObject | undefined {
  const relation = (kind: CreatedObject["kind"], range: RangeVar | undefined): CreatedObject | undefined =>
    range && { kind, schema: range.schemaname };
  const named = (kind: CreatedObject["kind"], parts: Node[] | undefined): CreatedObject | undefined =>
    parts && { kind, schema: stringsOf(parts).at(-2) };
  return (
    relation("table", as(node, "CreateStmt")?.relation) ??
    relation("view", as(node, "ViewStmt")?.view) ??
    relation("sequence", as(node, "CreateSeqStmt")?.sequence) ??
    named("function", as(node, "CreateFunctionStmt")?.funcname) ??
    named("domain", as(node, "CreateDomainStmt")?.domainname)
  );
}

function shapeOf(node: Node): DdlShape {
  const schema = as(node, "CreateSchemaStmt");
  if (schema !== undefined) return schemaShape(schema);
  const table = as(node, "CreateStmt");
  if (table !== undefined) return tableShape(table);
  const alter = as(node, "AlterTableStmt");
  if (alter !== undefined) return alterShape(alter);
  return { ...emptyShape, ...shapeOfOthers(node) };
}

function shapeOfOthers(node: Node): Partial<DdlShape> {
  const view = as(node, "ViewStmt")?.view;
  if (view !== undefined) return { definesViews: [nameOf(view)] };
  if (as(node, "CreateSeqStmt") !== undefined) return { createsSequence: true };
  const index = as(node, "IndexStmt")?.relation;
  if (index !== undefined) return { definesTables: [nameOf(index)], indexedTable: nameOf(index) };
  const described = as(as(node, "CreateStatsStmt")?.relations?.[0], "RangeVar");
  if (described !== undefined) return { describedTable: nameOf(described) };
  const drop = as(node, "DropStmt");
  if (drop === undefined) return {};
  return { drops: dropped(drop.removeType ?? "", drop.objects ?? []) };
}

function dropped(kind: string, objects: readonly Node[]): DroppedObjects {
  const names = objects.map((object) => {
    const parts = stringsOf(as(object, "List")?.items);
    return { schema: parts.at(-2), name: parts.at(-1) ?? "" };
  });
  return { kind: kind.replace(/^OBJECT_/, ""), objects: names };
}

/** A schema may be created with its tables and views; what is not qualified belongs to it. */
function schemaShape(schema: CreateSchemaStmt): DdlShape {
  const name = schema.schemaname ?? schema.authrole?.rolename;
  const elements = (schema.schemaElts ?? []).map((element) => ddlShape(element));
  const inSchema = (object: ObjectName): ObjectName => ({ ...object, schema: object.schema ?? name });
  return {
    ...emptyShape,
    createsSchema: true,
    createsSequence: elements.some(({ createsSequence }) => createsSequence),
    createsTable: elements.some(({ createsTable }) => createsTable),
    definesTables: elements.flatMap(({ definesTables }) => definesTables.map(inSchema)),
    definesViews: elements.flatMap(({ definesViews }) => definesViews.map(inSchema)),
  };
}

function tableShape(table: CreateStmt): DdlShape {
  const { relation } = table;
  if (relation === undefined) return emptyShape;
  return {
    ...emptyShape,
    createsTable: true,
    createsSequence: holdsIdentity(table.tableElts),
    definesTables: [nameOf(relation)],
  };
}

/** Also LIKE … INCLUDING IDENTITY makes a sequence; whether there is one, only the source's columns tell. */
function holdsIdentity(elements: readonly Node[] | undefined): boolean {
  return (elements ?? []).some((element) => {
    if (as(element, "TableLikeClause") !== undefined) return true;
    const constraints = as(element, "ColumnDef")?.constraints ?? [];
    return constraints.some((constraint) => as(constraint, "Constraint")?.contype === "CONSTR_IDENTITY");
  });
}

const defining: ReadonlySet<string> = new Set(["AT_AddColumn", "AT_AddConstraint", "AT_AddIndexConstraint"]);

const changeBySubtype: Readonly<Record<string, TableChange["does"]>> = {
  AT_DropColumn: "dropColumn",
  AT_DropConstraint: "dropConstraint",
  AT_AddIdentity: "makeIdentity",
};

function alterShape(alter: AlterTableStmt): DdlShape {
  const { relation, objtype } = alter;
  if (relation === undefined || objtype !== "OBJECT_TABLE") return emptyShape;
  const commands = (alter.cmds ?? []).map((command) => as(command, "AlterTableCmd") ?? {});
  const table = nameOf(relation);
  const actions = commands.flatMap((command) => changeOf(command));
  return {
    ...emptyShape,
    createsSequence: actions.some(({ does }) => does === "makeIdentity"),
    definesTables: commands.some(({ subtype }) => defining.has(subtype ?? "")) ? [table] : [],
    changes: actions.length === 0 ? undefined : { table, actions },
  };
}

function changeOf({ subtype, name }: AlterTableCmd): TableChange[] {
  const does = changeBySubtype[subtype ?? ""];
  return does === undefined || name === undefined ? [] : [{ does, name }];
}

function nameOf(relation: RangeVar): ObjectName {
  return { schema: relation.schemaname, name: relation.relname ?? "" };
}
