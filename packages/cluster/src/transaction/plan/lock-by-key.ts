/**
 * FOR UPDATE as it was until 2026-08-24: rows of a single table, each by its whole primary key.
 *
 * Source: Aurora DSQL User Guide, "Supported subsets of PostgreSQL commands", before the release notes of 2026-08-24.
 */
import { type ErrorFact, errors, listOf, namesOf, type TreeNode, unwrap, visitNodes } from "@dsql-local/spec";
import type { Statement } from "../../sql/index.ts";
import type { StatementTables } from "../../catalog/index.ts";
import { columnOf } from "./column-of.ts";

/** @returns why a FOR UPDATE of the statement was not taken; undefined when it was, or there is none */
export function refuseLock(statement: Statement, tables: StatementTables): ErrorFact | undefined {
  if (statement.kind !== "read" && statement.kind !== "write") return undefined;
  if (statement.analysis.lockingClause !== "forUpdate") return undefined;
  const selects: TreeNode[] = [];
  visitNodes(statement.analysis.tree, (type, fields) => {
    if (type === "SelectStmt" && locksForUpdate(fields)) selects.push(fields);
  });
  for (const select of selects) {
    const refusal = refuseSelect(select, tables);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function locksForUpdate(select: TreeNode): boolean {
  return listOf(select["lockingClause"]).some(
    (clause) => unwrap(clause)?.fields["strength"] === "LCS_FORUPDATE",
  );
}

function refuseSelect(select: TreeNode, tables: StatementTables): ErrorFact | undefined {
  const [item, ...others] = listOf(select["fromClause"]);
  const from = unwrap(item);
  if (from === undefined) return undefined;
  if (others.length > 0 || from.type !== "RangeVar") return errors.lockingSeveralTables;
  const table = tables.of({
    schema: nameOf(from.fields["schemaname"]),
    name: nameOf(from.fields["relname"]) ?? "",
  });
  const given = new Set(equalColumns(select["whereClause"]));
  const hasKey = table !== undefined && table.primaryKey.length > 0;
  return hasKey && table.primaryKey.every((column) => given.has(column))
    ? undefined
    : errors.lockingWithoutKey;
}

function nameOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The columns that a condition compares with a value by `=`, where all its parts must hold. */
function equalColumns(condition: unknown): readonly string[] {
  const node = unwrap(condition);
  if (node?.type === "BoolExpr" && node.fields["boolop"] === "AND_EXPR") {
    return listOf(node.fields["args"]).flatMap(equalColumns);
  }
  if (node?.type !== "A_Expr" || node.fields["kind"] !== "AEXPR_OP") return [];
  if (namesOf(node.fields["name"]).join() !== "=") return [];
  const [left, right] = [columnOf(node.fields["lexpr"]), columnOf(node.fields["rexpr"])];
  const column = left ?? right;
  return column === undefined || (left !== undefined && right !== undefined) ? [] : [column];
}
