/**
 * Which names in a statement are PostgreSQL's system columns of a table: `ctid`, `xmin` and their like. A column of a
 * subquery, a CTE or a function may have such a name too, and a catalog's is PostgreSQL's own; neither is meant.
 *
 * Tests: packages/cluster/src/sql/system-columns.test.ts.
 */
import { isTreeNode, listOf, namesOf, type TreeNode, unwrap } from "./tree.ts";

export const systemColumnNames: ReadonlySet<string> = new Set([
  "ctid",
  "xmin",
  "xmax",
  "cmin",
  "cmax",
  "tableoid",
]);

const systemSchemas: ReadonlySet<string> = new Set(["pg_catalog", "information_schema", "sys"]);

/** What FROM, or the target of a write, lets columns be named of. */
interface Item {
  readonly name: string;
  /** A table or a view, as opposed to a catalog, a subquery, a CTE, a function. */
  readonly isTable: boolean;
  /** Columns of its own by the name of a system column. */
  readonly columns: ReadonlySet<string>;
}

interface Scope {
  readonly items: readonly Item[];
  readonly ctes: ReadonlyMap<string, ReadonlySet<string>>;
  readonly outer: Scope | undefined;
}

const none: ReadonlySet<string> = new Set();
const outermost: Scope = { items: [], ctes: new Map(), outer: undefined };

/** Cheap and sure for nearly all: @returns whether the reference could be one */
export const mayBeSystemColumn = (columnRef: TreeNode): boolean =>
  systemColumnNames.has(namesOf(columnRef["fields"]).at(-1) ?? "");

/** @returns the ColumnRef nodes (by identity) below `root` that name a system column of a table */
export function systemColumnsIn(root: unknown): ReadonlySet<TreeNode> {
  const found = new Set<TreeNode>();
  visit(root, outermost, found);
  return found;
}

function visit(value: unknown, scope: Scope, found: Set<TreeNode>): void {
  if (Array.isArray(value)) {
    for (const element of value) visit(element, scope, found);
    return;
  }
  if (!isTreeNode(value)) return;
  const inner = isQuery(value) ? scopeOf(value, scope) : scope;
  for (const [field, child] of Object.entries(value)) {
    if (field === "ColumnRef" && isTreeNode(child)) {
      if (mayBeSystemColumn(child) && isOfTable(child, inner)) found.add(child);
    } else visit(child, inner, found);
  }
}

/** By its fields: set operations hold their sides without the wrapper that would name the type. */
const isQuery = (node: TreeNode): boolean =>
  ["targetList", "fromClause", "valuesLists", "whereClause", "returningList", "selectStmt"].some(
    (field) => field in node,
  );

function scopeOf(query: TreeNode, outer: Scope): Scope {
  const ctes = new Map(outer.ctes);
  const withClause = isTreeNode(query["withClause"]) ? query["withClause"] : {};
  for (const cte of listOf(withClause["ctes"])) {
    const fields = unwrap(cte)?.fields ?? {};
    const named = namesOf(fields["aliascolnames"]);
    ctes.set(
      textOf(fields["ctename"]) ?? "",
      named.length > 0 ? ownNames(named) : columnsOf(fields["ctequery"]),
    );
  }
  const scope = { ctes, outer };
  const target = isTreeNode(query["relation"]) ? [{ RangeVar: query["relation"] }] : [];
  const places = [...target, ...listOf(query["fromClause"]), ...listOf(query["usingClause"])];
  return { ...scope, items: places.flatMap((place) => itemsOf(place, ctes)) };
}

function itemsOf(place: unknown, ctes: Scope["ctes"]): Item[] {
  const node = unwrap(place);
  if (node === undefined) return [];
  const { type, fields } = node;
  if (type === "JoinExpr") return [...itemsOf(fields["larg"], ctes), ...itemsOf(fields["rarg"], ctes)];
  const alias = isTreeNode(fields["alias"]) ? fields["alias"] : {};
  const renamed = namesOf(alias["colnames"]);
  const name = textOf(alias["aliasname"]) ?? textOf(fields["relname"]) ?? "";
  if (type === "RangeVar") {
    const schema = textOf(fields["schemaname"]);
    const relation = textOf(fields["relname"]) ?? "";
    const cte = schema === undefined ? ctes.get(relation) : undefined;
    const isCatalog = systemSchemas.has(schema ?? "") || (schema ?? relation).startsWith("pg_");
    const columns = isCatalog && cte === undefined ? systemColumnNames : (cte ?? ownNames(renamed));
    return [{ name, isTable: cte === undefined && !isCatalog, columns }];
  }
  const columns = renamed.length > 0 ? ownNames(renamed) : columnsOf(fields["subquery"]);
  return [{ name, isTable: false, columns }];
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const ownNames = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.filter((name) => systemColumnNames.has(name)));

/** Of a query: its output columns that have the name of a system column. */
function columnsOf(query: unknown): ReadonlySet<string> {
  const fields = unwrap(query)?.fields;
  if (fields === undefined) return none;
  const first = isTreeNode(fields["larg"]) ? firstOf(fields["larg"]) : fields;
  // A data-modifying CTE gives what it returns; its other lists are what it writes.
  const targets = listOf(
    first["returningList"] ?? (first["relation"] === undefined ? first["targetList"] : []),
  );
  return ownNames(targets.map((target) => outputName(unwrap(target)?.fields ?? {})));
}

/** The first query of a set operation names the columns. */
function firstOf(select: TreeNode): TreeNode {
  return isTreeNode(select["larg"]) ? firstOf(select["larg"]) : select;
}

function outputName(target: TreeNode): string {
  if (typeof target["name"] === "string") return target["name"];
  const value = unwrap(target["val"]);
  return value?.type === "ColumnRef" ? (namesOf(value.fields["fields"]).at(-1) ?? "") : "";
}

function isOfTable(columnRef: TreeNode, scope: Scope): boolean {
  const names = namesOf(columnRef["fields"]);
  const column = names.at(-1) ?? "";
  const qualifier = names.at(-2);
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const named = qualifier === undefined ? at.items : at.items.filter(({ name }) => name === qualifier);
    if (named.some(({ columns }) => columns.has(column))) return false;
    if (named.some(({ isTable }) => isTable)) return true;
    // A catalog, or a subquery under that name, hides what is further out.
    if (qualifier !== undefined && named.length > 0) return false;
  }
  return false;
}
