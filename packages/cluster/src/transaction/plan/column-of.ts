import { isTreeNode, namesOf, unwrap } from "@dsql-local/spec";

/** The last part of a column's name: `id` of `job.id`. */
export function columnOf(value: unknown): string | undefined {
  const node = unwrap(value);
  if (node?.type !== "ColumnRef" || !isTreeNode(node.fields)) return undefined;
  return namesOf(node.fields["fields"]).at(-1);
}
