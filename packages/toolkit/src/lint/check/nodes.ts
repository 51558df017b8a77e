/** Small readers of parse tree nodes that several checks share. */
import { listOf, type TreeNode, unwrap } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";

export function nodesOf({ subject }: ParsedStatement, type: string): readonly TreeNode[] {
  return subject.nodes.get(type) ?? [];
}

/** @returns the fields of a wrapped node when it is of that type */
export function as(value: unknown, type: string): TreeNode | undefined {
  const node = unwrap(value);
  return node?.type === type ? node.fields : undefined;
}

export const locationOf = (node: TreeNode | undefined): number | undefined =>
  typeof node?.["location"] === "number" ? node["location"] : undefined;

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** @returns the value of an integer constant, also one too large for 32 bits */
export function integerOf(value: unknown): number | undefined {
  const constant = as(value, "A_Const");
  if (constant === undefined) return undefined;
  const { ival, fval } = constant as { ival?: { ival?: number }; fval?: { fval?: string } };
  // A zero is left out of the tree.
  if (ival !== undefined) return ival.ival ?? 0;
  return fval?.fval === undefined ? undefined : Number(fval.fval);
}

/** @returns the last name of a column reference: `c` of `t.c` */
export function columnOf(value: unknown): string | undefined {
  const reference = as(value, "ColumnRef");
  return reference && textOf(as(listOf(reference["fields"]).at(-1), "String")?.["sval"]);
}

/** @returns `schema.name` as written; the names alone tell tables apart within a project */
export function relationName(relation: unknown): string | undefined {
  const fields = as(relation, "RangeVar") ?? (relation as TreeNode | undefined);
  const name = textOf(fields?.["relname"]);
  const schema = textOf(fields?.["schemaname"]);
  return schema === undefined || schema === "public" ? name : `${schema}.${name ?? ""}`;
}
