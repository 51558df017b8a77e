/**
 * Advice that a statement alone gives: what works on Aurora DSQL and will hurt.
 *
 * Tests: advice.test.ts, for each rule what it finds and what it leaves alone.
 */
import { listOf, namesOf, serialTypes, type TreeNode, unwrap } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { as, columnOf, integerOf, locationOf, nodesOf, textOf } from "./nodes.ts";
import { type Place, placeAt, placeOfHead, placeOfWord } from "./place.ts";

/** What a check needs to know besides the statement. */
export interface AdviceContext {
  /** Parts of the text are put in by a program when it runs: what is missing may be there. */
  readonly isPartial: boolean;
}

export function adviceProblems(statement: ParsedStatement, { isPartial }: AdviceContext): Problem[] {
  const problems = [
    ...sequenceCacheOne(statement),
    ...hotCounter(statement),
    ...skipLocked(statement),
    ...offsetPaging(statement),
    ...bareNumeric(statement),
  ];
  return isPartial ? problems : [...problems, ...unboundedChange(statement)];
}

function problem(statement: ParsedStatement, ruleId: string, message: string, place?: Place): Problem {
  return { ruleId, message, ...(place ?? placeOfHead(statement)) };
}

function sequenceCacheOne(statement: ParsedStatement): Problem[] {
  return nodesOf(statement, "DefElem")
    .filter(({ defname, arg }) => defname === "cache" && as(arg, "Integer")?.["ival"] === 1)
    .map((option) =>
      problem(
        statement,
        "sequence-cache-one",
        "CACHE 1: each value costs a write to one row",
        placeAt(statement, locationOf(option)),
      ),
    );
}

/** Names of numbers that many add to. */
const counterName =
  /(^|_)(count|counts|counter|total|totals|hits|views|visits|likes|votes|score|sum|ytd|num|seq|clicks|downloads)(_|$)/i;
/** Rows of their own per thing, where a conflict is what keeps the promise. */
const ownName =
  /(^|_)(version|revision|balance|stock|quantity|qty|inventory|attempts?|retries|retry|failures)(_|$)/i;

function hotCounter(statement: ParsedStatement): Problem[] {
  return assignmentsOf(statement).flatMap((target) => {
    const column = textOf(target["name"]);
    const sum = as(target["val"], "A_Expr");
    if (column === undefined || sum === undefined || !isCounterStep(column, sum)) return [];
    const place = placeAt(statement, locationOf(target));
    return [problem(statement, "hot-counter", `"${column}" is a counter in a row`, place)];
  });
}

/** What UPDATE and ON CONFLICT DO UPDATE set. */
function assignmentsOf(statement: ParsedStatement): TreeNode[] {
  const updates = nodesOf(statement, "UpdateStmt");
  const conflicts = nodesOf(statement, "InsertStmt").map(
    ({ onConflictClause }) => (onConflictClause ?? {}) as TreeNode,
  );
  return [...updates, ...conflicts].flatMap(({ targetList }) =>
    listOf(targetList).map((target) => as(target, "ResTarget") ?? {}),
  );
}

/** `n = n + 1`, and `total = total + x` for names that say so; a balance or a version is no such counter. */
function isCounterStep(column: string, sum: TreeNode): boolean {
  const operator = namesOf(sum["name"])[0];
  if (operator !== "+" && operator !== "-") return false;
  if (columnOf(sum["lexpr"]) !== column || ownName.test(column)) return false;
  return integerOf(sum["rexpr"]) === 1 || counterName.test(column);
}

function skipLocked(statement: ParsedStatement): Problem[] {
  const clauses = nodesOf(statement, "LockingClause").filter(
    ({ waitPolicy }) => waitPolicy === "LockWaitSkip",
  );
  if (clauses.length === 0) return [];
  const place = placeOfWord(statement, ["SKIP"]);
  return [problem(statement, "skip-locked", "SKIP LOCKED skips nothing", place)];
}

function offsetPaging(statement: ParsedStatement): Problem[] {
  return nodesOf(statement, "SelectStmt")
    .filter(({ limitOffset }) => limitOffset !== undefined && integerOf(limitOffset) !== 0)
    .slice(0, 1)
    .map(() =>
      problem(
        statement,
        "offset-paging",
        "OFFSET reads the rows that it leaves out",
        placeOfWord(statement, ["OFFSET"]),
      ),
    );
}

/** Of columns alone: a cast keeps every digit, and of a domain nobody knows. */
function bareNumeric(statement: ParsedStatement): Problem[] {
  return nodesOf(statement, "ColumnDef")
    .map(({ colname, typeName }) => ({ colname, type: (typeName ?? {}) as TreeNode }))
    .filter(({ type }) => namesOf(type["names"]).at(-1) === "numeric" && listOf(type["typmods"]).length === 0)
    .map(({ colname, type }) => {
      const message = `"${textOf(colname) ?? ""}" becomes numeric(18,6)`;
      return problem(statement, "bare-numeric", message, placeAt(statement, locationOf(type)));
    });
}

function unboundedChange(statement: ParsedStatement): Problem[] {
  const changes = (["UpdateStmt", "DeleteStmt"] as const).flatMap((type) =>
    nodesOf(statement, type)
      .filter(({ whereClause }) => whereClause === undefined)
      .map(() => {
        const verb = type === "UpdateStmt" ? "UPDATE" : "DELETE";
        return problem(
          statement,
          "unbounded-change",
          `${verb} without WHERE changes every row`,
          placeOfWord(statement, [verb]),
        );
      }),
  );
  return [...changes, ...unboundedCopy(statement)];
}

/** INSERT … SELECT from a table, with nothing that bounds it. */
function unboundedCopy(statement: ParsedStatement): Problem[] {
  const insert = statement.subject.type === "InsertStmt" ? statement.subject.fields : undefined;
  const select = as(insert?.["selectStmt"], "SelectStmt");
  if (select === undefined || select["limitCount"] !== undefined || select["whereClause"] !== undefined) {
    return [];
  }
  // A WITH query is bounded, or blamed, by itself.
  const withNames = new Set(nodesOf(statement, "CommonTableExpr").map(({ ctename }) => ctename));
  const isFromTable = listOf(select["fromClause"]).some((item) => {
    const { type, fields } = unwrap(item) ?? {};
    return type === "JoinExpr" || (type === "RangeVar" && !withNames.has(fields?.["relname"]));
  });
  if (!isFromTable || isAggregate(select)) return [];
  return [problem(statement, "unbounded-change", "INSERT … SELECT without WHERE or LIMIT writes every row")];
}

const aggregates = new Set(["count", "sum", "min", "max", "avg", "bool_and", "bool_or"]);

/** Without GROUP BY an aggregate gives one row. */
function isAggregate(select: TreeNode): boolean {
  if (select["groupClause"] !== undefined) return false;
  return listOf(select["targetList"]).some((target) => {
    const call = as(as(target, "ResTarget")?.["val"], "FuncCall");
    return aggregates.has(namesOf(call?.["funcname"]).at(-1) ?? "");
  });
}

/** Whether the values of a column made so grow one after the other. @returns by what */
export function growthOf(column: TreeNode): string | undefined {
  const names = namesOf((column["typeName"] as TreeNode | undefined)?.["names"]);
  const type = names.at(-1) ?? "";
  if (serialTypes.includes(type)) return type;
  const constraints = listOf(column["constraints"]).map((own) => as(own, "Constraint") ?? {});
  if (constraints.some(({ contype }) => contype === "CONSTR_IDENTITY")) return "an identity";
  const byDefault = constraints.find(({ contype }) => contype === "CONSTR_DEFAULT")?.["raw_expr"];
  const maker = namesOf(as(byDefault, "FuncCall")?.["funcname"]).at(-1);
  if (maker === "nextval") return "a sequence";
  if (maker !== undefined && /^(uuid_?v7|uuid_generate_v7|gen_uuid_v7|ulid)/.test(maker)) return `${maker}()`;
  return /^(timestamp|timestamptz|date)$/.test(type) ? "a time" : undefined;
}
