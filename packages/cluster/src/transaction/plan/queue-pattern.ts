/**
 * The common way to take work from a queue: `UPDATE job … WHERE id = (SELECT id FROM job … FOR UPDATE …)`, or with IN,
 * or with DELETE. It writes every row that it locks, so nobody needs to look for locks.
 */
import { listOf, namesOf, type TreeNode, unwrap } from "@dsql-local/spec";
import type { Analysis } from "../../sql/index.ts";
import type { Table } from "../../catalog/index.ts";
import { columnOf } from "./column-of.ts";

/** @param table - in which a subquery of the statement locks rows */
export function updatesWhatItLocks({ dml, tree, command }: Analysis, table: Table): boolean {
  if (dml?.target.name !== table.name || (command !== "update" && command !== "delete")) return false;
  const [key, ...more] = table.primaryKey;
  if (key === undefined || more.length > 0) return false;
  const where = unwrap(unwrap(tree)?.fields["whereClause"]);
  const [tested, link] = comparison(where);
  if (columnOf(tested) !== key || link === undefined) return false;
  const select = unwrap(link["subselect"])?.fields;
  if (select === undefined) return false;
  const [item, ...otherItems] = listOf(select["targetList"]);
  const [from, ...otherFrom] = listOf(select["fromClause"]);
  return (
    otherItems.length === 0 &&
    otherFrom.length === 0 &&
    columnOf(unwrap(item)?.fields["val"]) === key &&
    unwrap(from)?.fields["relname"] === table.name
  );
}

/** @returns what is compared with a subquery, and the subquery */
function comparison(where: ReturnType<typeof unwrap>): [unknown, TreeNode | undefined] {
  if (where?.type === "SubLink" && where.fields["subLinkType"] === "ANY_SUBLINK") {
    const isEqual = listOf(where.fields["operName"]).length === 0;
    return [where.fields["testexpr"], isEqual ? where.fields : undefined];
  }
  if (where?.type !== "A_Expr" || where.fields["kind"] !== "AEXPR_OP") return [undefined, undefined];
  const link = unwrap(where.fields["rexpr"]);
  const isEqual = namesOf(where.fields["name"]).join() === "=";
  const isScalar = link?.type === "SubLink" && link.fields["subLinkType"] === "EXPR_SUBLINK";
  return [where.fields["lexpr"], isEqual && isScalar ? link.fields : undefined];
}
