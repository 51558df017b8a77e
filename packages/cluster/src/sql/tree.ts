/**
 * Small helpers over the parse tree. PostgreSQL's JSON wraps a node in an object whose only key is its type
 * (`{ "RangeVar": { … } }`), and leaves out fields that are zero, false or empty.
 */
import type { Node } from "libpg-query";

/** A node without its wrapper, told by type. */
export type NodeOf<Type extends string> = Node extends infer Member
  ? Member extends Record<Type, infer Fields>
    ? Fields
    : never
  : never;

/** @returns the fields when `node` is of that type */
export function as<Type extends string>(node: Node | undefined, type: Type): NodeOf<Type> | undefined {
  return (node as Partial<Record<string, NodeOf<Type>>> | undefined)?.[type];
}

export function nodeType(node: Node): string {
  return Object.keys(node)[0] ?? "";
}

/** @returns the text of a String node */
export const stringOf = (node: Node | undefined): string | undefined =>
  node === undefined ? undefined : (as(node, "String")?.sval ?? (as(node, "String") && ""));

export const stringsOf = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).map((node) => stringOf(node) ?? "");

/** @returns the text of a string constant, casts around it taken off: `'x'`, `'x'::text` */
export function constantText(node: Node | undefined): string | undefined {
  const cast = as(node, "TypeCast");
  if (cast !== undefined) return constantText(cast.arg);
  const constant = as(node, "A_Const");
  return constant?.sval === undefined ? undefined : (constant.sval.sval ?? "");
}
