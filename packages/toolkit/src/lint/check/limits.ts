/** Limits that a statement's text already shows. Tests: transactions.test.ts. */
import { limits, listOf, namesOf, type TreeNode } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { as, integerOf, nodesOf } from "./nodes.ts";
import { placeOfHead } from "./place.ts";

/** Of PostgreSQL's protocol. */
const parametersMax = 65_535;
const rowsMax = limits.rowsPerTransactionMax.value;

export function limitProblems(statement: ParsedStatement): Problem[] {
  return [...tooManyRows(statement), ...tooManyParameters(statement)];
}

function tooManyRows(statement: ParsedStatement): Problem[] {
  const rows = rowsWritten(statement);
  if (rows <= rowsMax) return [];
  const message = `${limits.rowsPerTransactionMax.message}: the statement writes ${rows} rows`;
  return [{ ruleId: "rows-per-transaction", message, ...placeOfHead(statement) }];
}

/** @returns how many rows an INSERT writes for sure: its VALUES, or generate_series() between two constants */
export function rowsWritten(statement: ParsedStatement): number {
  if (statement.subject.type !== "InsertStmt") return 0;
  const select = as(statement.subject.fields["selectStmt"], "SelectStmt");
  if (select === undefined) return 1;
  const values = listOf(select["valuesLists"]).length;
  return values > 0 ? values : seriesLength(select);
}

function seriesLength(select: TreeNode): number {
  const [item, ...others] = listOf(select["fromClause"]);
  const bounding = ["whereClause", "limitCount", "distinctClause", "groupClause"] as const;
  if (others.length > 0 || bounding.some((clause) => select[clause] !== undefined)) return 0;
  const [rows] = listOf(as(item, "RangeFunction")?.["functions"]);
  const [first] = listOf(as(rows, "List")?.["items"]);
  const call = as(first, "FuncCall");
  if (namesOf(call?.["funcname"]).at(-1) !== "generate_series") return 0;
  const [from, to, step] = listOf(call?.["args"]).map(integerOf);
  if (from === undefined || to === undefined) return 0;
  return Math.max(0, Math.floor((to - from) / (step ?? 1)) + 1);
}

function tooManyParameters(statement: ParsedStatement): Problem[] {
  const highest = Math.max(0, ...nodesOf(statement, "ParamRef").map(({ number }) => Number(number ?? 0)));
  if (highest <= parametersMax) return [];
  const message = `parameter $${highest}: a statement has at most ${parametersMax}`;
  return [{ ruleId: "parameters-per-statement", message, ...placeOfHead(statement) }];
}
