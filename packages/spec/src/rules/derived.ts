/**
 * Nodes that PostgreSQL's tree only implies and rules ask for:
 *
 * - ColumnType: the type of a table's column or a domain, by its internal and its printed name;
 * - KeyColumn: a column that CREATE TABLE puts in a key, with its type;
 * - LockedRelation: a relation that a locking clause covers, and how strongly;
 * - DefinedTable: how many columns CREATE TABLE lists, and whether it has a primary key;
 * - IdentityColumn: the type of a column that CREATE TABLE makes an identity;
 * - SequenceType: the type that CREATE SEQUENCE or ALTER SEQUENCE gives;
 * - DeferrableColumnKey: a key behind a column that is followed by DEFERRABLE or INITIALLY DEFERRED;
 * - CreateFunctionLanguage: the language of a function;
 * - FunctionType: the type of an argument or of the result of a function;
 * - SystemColumn: a column that PostgreSQL gives every table, such as ctid;
 * - SubqueryInCall: a subquery among the arguments of CALL.
 *
 * Where the node behind it has a `location`, the derived one has it too.
 *
 * Tests: derived.test.ts.
 */
import { lockedRelations } from "./locking.ts";
import { isTreeNode, listOf, namesOf, type TreeNode, unwrap, visitNodes } from "./tree.ts";
import { mayBeSystemColumn, systemColumnsIn } from "./system-columns.ts";
import { columnTypeOf } from "./type-name.ts";

export interface DerivedNode {
  readonly type:
    | "ColumnType"
    | "KeyColumn"
    | "LockedRelation"
    | "DefinedTable"
    | "IdentityColumn"
    | "SequenceType"
    | "CreateFunctionLanguage"
    | "DeferrableColumnKey"
    | "FunctionType"
    | "SystemColumn"
    | "SubqueryInCall";
  readonly fields: TreeNode;
}

const nothing: readonly DerivedNode[] = [];

/** @param root - the whole statement that the node belongs to */
export function derivedNodes(type: string, fields: TreeNode, root: unknown): readonly DerivedNode[] {
  switch (type) {
    case "ColumnDef":
      return [
        ...typeNode("ColumnType", fields["typeName"]),
        ...identityColumn(fields),
        ...deferrableColumnKeys(fields),
      ];
    case "CreateDomainStmt":
      return typeNode("ColumnType", fields["typeName"]);
    case "CreateStmt":
      return [definedTable(fields), ...keyColumns(fields)];
    case "SelectStmt":
      return fields["lockingClause"] === undefined ? nothing : locked(fields, root);
    case "CreateSeqStmt":
    case "AlterSeqStmt":
      return typeNode("SequenceType", optionOf(fields, "as", "TypeName"));
    case "CreateFunctionStmt":
      return [...functionLanguage(fields), ...functionTypes(fields)];
    case "ColumnRef":
      return mayBeSystemColumn(fields) ? systemColumn(fields, root) : nothing;
    case "CallStmt":
      return subqueryInCall(fields);
    default:
      return nothing;
  }
}

function typeNode(type: DerivedNode["type"], typeName: unknown): readonly DerivedNode[] {
  if (!isTreeNode(typeName)) return nothing;
  return [{ type, fields: { ...columnTypeOf(typeName), location: typeName["location"] } }];
}

/** @returns the fields of the argument of the statement's option `name`, when that is a node of type `type` */
function optionOf(fields: TreeNode, name: string, type: string): TreeNode | undefined {
  const options = listOf(fields["options"]).map((option) => unwrap(option)?.fields ?? {});
  const argument = unwrap(options.find((option) => option["defname"] === name)?.["arg"]);
  return argument?.type === type ? argument.fields : undefined;
}

function identityColumn(column: TreeNode): readonly DerivedNode[] {
  const isIdentity = listOf(column["constraints"]).some(
    (constraint) => unwrap(constraint)?.fields["contype"] === "CONSTR_IDENTITY",
  );
  return isIdentity ? typeNode("IdentityColumn", column["typeName"]) : nothing;
}

function functionLanguage(fields: TreeNode): readonly DerivedNode[] {
  const language = optionOf(fields, "language", "String")?.["sval"];
  return language === undefined ? nothing : [{ type: "CreateFunctionLanguage", fields: { language } }];
}

function functionTypes(fields: TreeNode): readonly DerivedNode[] {
  const parameters = listOf(fields["parameters"]).map((parameter) => unwrap(parameter)?.fields["argType"]);
  return [...parameters, fields["returnType"]].flatMap((type) => typeNode("FunctionType", type));
}

function systemColumn(columnRef: TreeNode, root: unknown): readonly DerivedNode[] {
  return systemColumnsIn(root).has(columnRef) ? [{ type: "SystemColumn", fields: columnRef }] : nothing;
}

/** Written after a column, DEFERRABLE is about the constraint before it. */
function deferrableColumnKeys(column: TreeNode): readonly DerivedNode[] {
  let before: unknown;
  return listOf(column["constraints"]).flatMap((element): DerivedNode[] => {
    const fields = unwrap(element)?.fields ?? {};
    const contype = String(fields["contype"]);
    if (!contype.startsWith("CONSTR_ATTR_")) before = contype;
    const isDeferrable = contype === "CONSTR_ATTR_DEFERRABLE" || contype === "CONSTR_ATTR_DEFERRED";
    const isKey = before === "CONSTR_PRIMARY" || before === "CONSTR_UNIQUE";
    return isDeferrable && isKey ? [{ type: "DeferrableColumnKey", fields }] : [];
  });
}

function subqueryInCall(call: TreeNode): readonly DerivedNode[] {
  let found = nothing;
  visitNodes(call["funccall"], (type, fields) => {
    if (type === "SubLink") found = [{ type: "SubqueryInCall", fields }];
  });
  return found;
}

function definedTable(table: TreeNode): DerivedNode {
  const elements = listOf(table["tableElts"]).map(unwrap);
  const columns = elements.filter((element) => element?.type === "ColumnDef").length;
  const hasPrimaryKey = constraintsOf(table).some(
    ({ constraint }) => constraint["contype"] === "CONSTR_PRIMARY",
  );
  return { type: "DefinedTable", fields: { columns, hasPrimaryKey } };
}

interface ConstraintOfTable {
  readonly constraint: TreeNode;
  /** The columns it is about. */
  readonly columns: readonly string[];
}

/** Constraints written after a column and those written as elements of their own. */
function constraintsOf(table: TreeNode): readonly ConstraintOfTable[] {
  return listOf(table["tableElts"]).flatMap((element): ConstraintOfTable[] => {
    const node = unwrap(element);
    if (node?.type === "Constraint")
      return [{ constraint: node.fields, columns: namesOf(node.fields["keys"]) }];
    if (node?.type !== "ColumnDef") return [];
    const columns = [String(node.fields["colname"])];
    return listOf(node.fields["constraints"]).map((constraint) => ({
      constraint: unwrap(constraint)?.fields ?? {},
      columns,
    }));
  });
}

function keyColumns(table: TreeNode): readonly DerivedNode[] {
  const typeByColumn = new Map<string, TreeNode>();
  for (const element of listOf(table["tableElts"])) {
    const node = unwrap(element);
    const typeName = node?.fields["typeName"];
    if (node?.type === "ColumnDef" && isTreeNode(typeName)) {
      typeByColumn.set(String(node.fields["colname"]), { ...columnTypeOf(typeName) });
    }
  }
  return constraintsOf(table)
    .filter(
      ({ constraint }) =>
        constraint["contype"] === "CONSTR_PRIMARY" || constraint["contype"] === "CONSTR_UNIQUE",
    )
    .flatMap(({ constraint, columns }) => columns.map((column) => ({ column, constraint })))
    .map(({ column, constraint }) => ({
      type: "KeyColumn",
      fields: { column, type: typeByColumn.get(column), location: constraint["location"] },
    }));
}

/** The name of a CTE is no relation: a locking clause does not reach into it. */
function locked(select: TreeNode, root: unknown): readonly DerivedNode[] {
  const ctes = new Set<unknown>();
  visitNodes(root, (type, fields) => {
    if (type === "CommonTableExpr") ctes.add(fields["ctename"]);
  });
  return [...lockedRelations(select)]
    .filter(([relation]) => relation["schemaname"] !== undefined || !ctes.has(relation["relname"]))
    .map(([relation, strength]) => ({ type: "LockedRelation", fields: { ...relation, strength } }));
}
