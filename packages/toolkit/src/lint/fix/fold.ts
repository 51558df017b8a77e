/**
 * What pg_dump writes after a table and Aurora DSQL takes in CREATE TABLE only: a primary key, a unique constraint, the
 * bigint of an identity. It goes into the CREATE TABLE of the same file.
 *
 * Rows that the file writes in between are none in the way: the constraint looks at each as it comes.
 *
 * Tests: fold.test.ts.
 */
import { listOf, namesOf, type TreeNode } from "@dsql-local/spec";
import type { TextEdit } from "@dsql-local/sql";
import { as, relationName, textOf } from "../check/nodes.ts";
import type { LocatedStatement } from "../read/statements.ts";
import type { ParsedStatement } from "../read/statement.ts";
import { closingIndex, indexAt, lexemeAt, textAt } from "./fix.ts";
import { removalInFile } from "./in-file.ts";

export interface Fold {
  readonly ruleId: "add-primary-key" | "add-unique" | "identity-type";
  /** The statement that CREATE TABLE takes in. */
  readonly located: LocatedStatement;
  /** Offsets in the source's text, which for files are those of the file. */
  readonly edits: readonly TextEdit[];
  readonly what: string;
  readonly warning?: string;
}

interface CreatedTable {
  readonly located: LocatedStatement;
  readonly statement: ParsedStatement;
  readonly columns: ReadonlyMap<string, TreeNode>;
}

/** @param statements - of files, in the order of the text */
export function foldsOf(statements: readonly LocatedStatement[]): Fold[] {
  const tables = new Map<string, CreatedTable>();
  return statements.flatMap((located) => {
    const { statement } = located;
    // drizzle-kit counts the statements of a file: there they stay as many.
    if (statement === undefined || located.source.separator !== ";\n") return [];
    const { type, fields } = statement.subject;
    const name = relationName(fields["relation"]) ?? "";
    if (type === "CreateStmt") tables.set(name, { located, statement, columns: columnsOf(fields) });
    // Another name, or another table of the name: what comes after is about something else.
    else if (type === "RenameStmt") tables.delete(name);
    else if (type === "DropStmt") tables.clear();
    const table = tables.get(name);
    if (type !== "AlterTableStmt" || table === undefined || table.located.source !== located.source)
      return [];
    const fold = foldInto(table, located, statement);
    return fold === undefined ? [] : [fold];
  });
}

function columnsOf(table: TreeNode): Map<string, TreeNode> {
  const columns = listOf(table["tableElts"]).flatMap((element): TreeNode[] => {
    const column = as(element, "ColumnDef");
    return column === undefined ? [] : [column];
  });
  return new Map(columns.map((column) => [textOf(column["colname"]) ?? "", column]));
}

function foldInto(
  table: CreatedTable,
  located: LocatedStatement,
  statement: ParsedStatement,
): Fold | undefined {
  const [action, ...others] = listOf(statement.subject.fields["cmds"]).map(
    (node) => as(node, "AlterTableCmd") ?? {},
  );
  if (action === undefined || others.length > 0) return undefined;
  switch (action["subtype"]) {
    case "AT_AddConstraint":
      return foldConstraint(table, located, { statement, constraint: as(action["def"], "Constraint") ?? {} });
    case "AT_AddIdentity":
      return foldIdentityType(table, located, textOf(action["name"]) ?? "");
    default:
      return undefined;
  }
}

const foldable: Readonly<Record<string, Fold["ruleId"] | undefined>> = {
  CONSTR_PRIMARY: "add-primary-key",
  CONSTR_UNIQUE: "add-unique",
};

function foldConstraint(
  { located: table, statement: create, columns }: CreatedTable,
  located: LocatedStatement,
  { statement, constraint }: { statement: ParsedStatement; constraint: TreeNode },
): Fold | undefined {
  const ruleId = foldable[textOf(constraint["contype"]) ?? ""];
  const keys = namesOf(constraint["keys"]);
  const isPlain = constraint["indexname"] === undefined && constraint["deferrable"] !== true;
  const first = indexAt(statement, constraint["location"]);
  if (ruleId === undefined || !isPlain || first < 0 || !keys.every((key) => columns.has(key)))
    return undefined;
  const open = create.lexemes.findIndex((_, index) => textAt(create, index) === "(");
  const close = closingIndex(create, open);
  if (open < 0 || close <= open + 1) return undefined;
  const written = statement.text.slice(lexemeAt(statement, first).start).trim();
  const at = table.extent.start + lexemeAt(create, close - 1).end;
  const removal = removalInFile(located);
  if (removal === undefined) return undefined;
  return {
    ruleId,
    located,
    edits: [{ start: at, end: at, text: `,\n    ${written}` }, ...removal],
    what: `moves ${ruleId === "add-unique" ? "the unique constraint" : "the primary key"} into CREATE TABLE`,
  };
}

function foldIdentityType(
  { located: table, statement: create, columns }: CreatedTable,
  located: LocatedStatement,
  name: string,
): Fold | undefined {
  const type = columns.get(name)?.["typeName"] as TreeNode | undefined;
  const index = indexAt(create, type?.["location"]);
  if (index < 0 || !/^(int|integer|int4|smallint|int2)$/i.test(textAt(create, index))) return undefined;
  const { start, end } = lexemeAt(create, index);
  return {
    ruleId: "identity-type",
    located,
    edits: [{ start: table.extent.start + start, end: table.extent.start + end, text: "bigint" }],
    what: `writes bigint for ${textAt(create, index)} in CREATE TABLE`,
    warning: "many drivers give a bigint as a string",
  };
}
