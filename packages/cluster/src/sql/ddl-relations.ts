/**
 * The relations that a catalog statement concerns, by name: a change of one of them is what OC001 tells others of.
 *
 * Tests: ddl-relations.test.ts.
 */
import type { DropStmt, GrantStmt, Node } from "libpg-query";
import { as, stringsOf } from "./tree.ts";

/** Objects whose name leads to no single table: their change may concern any. */
const concernsAny: ReadonlySet<string> = new Set([
  "OBJECT_INDEX",
  "OBJECT_SCHEMA",
  "OBJECT_DOMAIN",
  "OBJECT_FUNCTION",
]);
const relationObjects: ReadonlySet<string> = new Set(["OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_SEQUENCE"]);

/** @returns undefined when it may concern any relation; empty for what concerns none, such as a role */
export function ddlRelations(node: Node): readonly string[] | undefined {
  const drop = as(node, "DropStmt");
  if (drop !== undefined) return droppedRelations(drop);
  const grant = as(node, "GrantStmt");
  if (grant !== undefined) return grantedRelations(grant);
  return relationNames(node);
}

/** Every relation named anywhere in a tree, once. */
export function relationNames(tree: unknown): readonly string[] {
  return [...new Set(namesIn(tree))];
}

function droppedRelations(drop: DropStmt): readonly string[] | undefined {
  const kind = drop.removeType ?? "";
  if (concernsAny.has(kind)) return undefined;
  if (!relationObjects.has(kind)) return [];
  return (drop.objects ?? []).map((object) => stringsOf(as(object, "List")?.items).at(-1) ?? "");
}

function grantedRelations(grant: GrantStmt): readonly string[] | undefined {
  if (grant.targtype !== "ACL_TARGET_OBJECT") return undefined;
  return relationObjects.has(grant.objtype ?? "") ? namesIn(grant.objects) : [];
}

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  // Most fields hold a RangeVar without a wrapper, which its own fields give away.
  if ("relname" in value && typeof value.relname === "string") return [value.relname];
  return Object.values(value).flatMap(namesIn);
}
