/**
 * The parse tree as the rules see it: PostgreSQL's nodes in JSON, where a node is wrapped in an object whose only key is
 * its type (`{ "FuncCall": { … } }`), and fields that are zero, false or empty are left out.
 *
 * The cluster has the tree from PostgreSQL's parser; a lint may have it from any parser that gives the same JSON.
 */
export type TreeNode = { readonly [field: string]: unknown };

/** Fields that hold a node without its wrapper, and the type that the wrapper would name. */
const typeOfBareField: Readonly<Record<string, string>> = {
  larg: "SelectStmt",
  rarg: "SelectStmt",
  typeName: "TypeName",
  returnType: "TypeName",
  funccall: "FuncCall",
  intoClause: "IntoClause",
};

export const isTreeNode = (value: unknown): value is TreeNode =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @returns the type and fields of a wrapped node */
export function unwrap(value: unknown): { readonly type: string; readonly fields: TreeNode } | undefined {
  if (!isTreeNode(value)) return undefined;
  const type = Object.keys(value)[0];
  if (type === undefined || !startsUpperCase(type)) return undefined;
  const fields = value[type];
  return isTreeNode(fields) ? { type, fields } : undefined;
}

/**
 * Calls `visit` with every node below `value`, itself included, each before its children, in the order of the text. The
 * columns that `FROM f() AS t(a int[])` gives a function's result are left out: they look like columns of a table.
 */
export function visitNodes(value: unknown, visit: (type: string, fields: TreeNode) => void): void {
  if (Array.isArray(value)) {
    for (const element of value) visitNodes(element, visit);
    return;
  }
  if (!isTreeNode(value)) return;
  for (const field in value) {
    const child = value[field];
    if (typeof child !== "object" || child === null || field === "coldeflist") continue;
    const type = startsUpperCase(field) ? field : bareType(field, child);
    if (type !== undefined) visit(type, child as TreeNode);
    visitNodes(child, visit);
  }
}

/** A join's `larg` is wrapped, a set operation's is not. */
function bareType(field: string, child: object): string | undefined {
  const type = typeOfBareField[field];
  return type === undefined || Array.isArray(child) || unwrap(child) !== undefined ? undefined : type;
}

function startsUpperCase(name: string): boolean {
  const code = name.charCodeAt(0);
  return code >= 0x41 && code <= 0x5a;
}

/** @returns the elements of a list field; empty when it is missing */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** @returns the texts of a list of String nodes, such as a qualified name */
export function namesOf(value: unknown): string[] {
  return listOf(value).map((element) => {
    const text = unwrap(element)?.fields["sval"];
    return typeof text === "string" ? text : "";
  });
}
