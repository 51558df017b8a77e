/**
 * Which relations a locking clause covers, and how strongly.
 *
 * A clause without OF covers every item of its FROM, and goes into subqueries there; the strongest of several wins. The
 * service looks at the result, not at the clause: `SELECT 1 FOR SHARE` passes, and so does a weak clause over a relation
 * that an inner FOR UPDATE covers already.
 *
 * Source: PostgreSQL 16 documentation, "The Locking Clause"; https://github.com/ministackorg/ministack (measured).
 */
import { isTreeNode, listOf, type TreeNode, unwrap } from "./tree.ts";

/** From weak to strong. */
const strengths = ["LCS_FORKEYSHARE", "LCS_FORSHARE", "LCS_FORNOKEYUPDATE", "LCS_FORUPDATE"] as const;
export type LockStrength = (typeof strengths)[number];

/** @returns the RangeVar nodes (by identity) that the locking clauses of this SELECT cover */
export function lockedRelations(select: TreeNode): Map<TreeNode, LockStrength> {
  const locked = new Map<TreeNode, LockStrength>();
  coverSelect(select, undefined, locked);
  return locked;
}

function coverSelect(
  select: TreeNode,
  outer: LockStrength | undefined,
  locked: Map<TreeNode, LockStrength>,
): void {
  const clauses = listOf(select["lockingClause"]).map((clause) => unwrap(clause)?.fields ?? {});
  if (outer === undefined && clauses.length === 0) return;
  for (const item of listOf(select["fromClause"])) coverItem(item, { clauses, outer, locked });
  for (const side of [select["larg"], select["rarg"]]) if (isTreeNode(side)) coverSelect(side, outer, locked);
}

interface Cover {
  readonly clauses: readonly TreeNode[];
  readonly outer: LockStrength | undefined;
  readonly locked: Map<TreeNode, LockStrength>;
}

function coverItem(item: unknown, cover: Cover): void {
  const node = unwrap(item);
  if (node === undefined) return;
  const { type, fields } = node;
  if (type === "JoinExpr") {
    coverItem(fields["larg"], cover);
    coverItem(fields["rarg"], cover);
  } else if (type === "RangeVar") {
    const strength = strongest([cover.outer, strengthFor(fields, cover.clauses), cover.locked.get(fields)]);
    if (strength !== undefined) cover.locked.set(fields, strength);
  } else if (type === "RangeSubselect") {
    const inner = unwrap(fields["subquery"])?.fields;
    const strength = strongest([cover.outer, strengthFor(fields, cover.clauses)]);
    if (inner !== undefined) coverSelect(inner, strength, cover.locked);
  }
}

/** @param item - a RangeVar or RangeSubselect, which OF names by its alias or else by its own name */
function strengthFor(item: TreeNode, clauses: readonly TreeNode[]): LockStrength | undefined {
  const alias = isTreeNode(item["alias"]) ? item["alias"]["aliasname"] : undefined;
  const name = alias ?? item["relname"];
  return strongest(
    clauses
      .filter(({ lockedRels }) => {
        const relations = listOf(lockedRels);
        return relations.length === 0 || relations.some((named) => unwrap(named)?.fields["relname"] === name);
      })
      .map(({ strength }) => strength as LockStrength),
  );
}

function strongest(candidates: readonly (LockStrength | undefined)[]): LockStrength | undefined {
  return strengths.findLast((strength) => candidates.includes(strength));
}
