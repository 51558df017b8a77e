/** Walks a program's syntax tree without knowing all its types. */

/** A node of @babel/parser's tree. */
export interface Node {
  readonly type: string;
  /** UTF-16 offsets in the file. */
  readonly start: number;
  readonly end: number;
  [field: string]: unknown;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value;

export function nodeField(node: Node | undefined, field: string): Node | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

export function nodesField(node: Node, field: string): readonly Node[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Fields that hold no children of the program. */
const notChildren = new Set([
  "loc",
  "extra",
  "leadingComments",
  "trailingComments",
  "innerComments",
  "errors",
  "tokens",
]);

/**
 * Calls `visit` with every node before its children.
 *
 * @param context - handed to `visit`; what it returns is handed to the children instead
 */
export function walk<Context>(
  root: Node,
  context: Context,
  visit: (node: Node, context: Context) => Context | undefined | void,
): void {
  const waiting: { readonly node: Node; readonly context: Context }[] = [{ node: root, context }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const inner = visit(next.node, next.context) ?? next.context;
    for (const [field, value] of Object.entries(next.node)) {
      if (notChildren.has(field)) continue;
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (isNode(child)) waiting.push({ node: child, context: inner });
      }
    }
  }
}

/** A block comment `sql` before a literal, as editors take it for colouring. */
export function commentMarksSql(node: Node): boolean {
  return nodesField(node, "leadingComments").some(({ value }) =>
    /^\s*(sql|pgsql|postgres)\s*$/i.test(String(value)),
  );
}

const nameOf = ({ name }: Node): string => (typeof name === "string" ? name : "");

/** `sql` of `Prisma.sql`, of `db.sql<Row>` and of `sql` itself. */
export function lastName(node: Node | undefined): string {
  if (node === undefined) return "";
  const property = nodeField(node, "property");
  if (property !== undefined && node["computed"] !== true) return nameOf(property);
  const inner = nodeField(node, "expression");
  return inner === undefined ? nameOf(node) : lastName(inner);
}

/** `tx` of `tx.query`, `tx.raw("…").execute` and `tx` itself. */
export function rootName(node: Node | undefined): string {
  if (node === undefined) return "";
  const inner = nodeField(node, "object") ?? nodeField(node, "callee") ?? nodeField(node, "expression");
  return inner === undefined ? nameOf(node) : rootName(inner);
}
