/**
 * Statements that may change more rows than a transaction takes, made ready to run a range of keys at a time.
 *
 * Only where that gives what the whole would give: UPDATE, DELETE and INSERT … SELECT that go through one table row by
 * row, without subqueries, aggregates or an order. What others see in between is the work half done.
 *
 * Tests: plan.test.ts; test/migrate.test.ts.
 */
import { listOf, type TreeNode, unwrap } from "@dsql-local/spec";
import type { ParsedStatement } from "../lint/index.ts";
import { quoteIdentifier } from "../identifiers.ts";
import { tableName } from "./recipes.ts";
import type { BatchedStatement } from "./types.ts";

/** @returns undefined when the statement must stay whole */
export function batchedStatement(statement: ParsedStatement): BatchedStatement | undefined {
  const { type, fields, nodes } = statement.subject;
  if (
    nodes.has("SubLink") ||
    fields["withClause"] !== undefined ||
    listOf(fields["returningList"]).length > 0
  )
    return undefined;
  switch (type) {
    case "UpdateStmt":
      return listOf(fields["fromClause"]).length > 0
        ? undefined
        : cut(statement, { relation: fields["relation"], end: undefined, changes: targetsOf(fields) });
    case "DeleteStmt":
      return listOf(fields["usingClause"]).length > 0
        ? undefined
        : cut(statement, { relation: fields["relation"], end: undefined, changes: [] });
    case "InsertStmt":
      return fromSelect(statement);
    default:
      return undefined;
  }
}

const targetsOf = (fields: TreeNode): string[] =>
  listOf(fields["targetList"]).map((target) => String(unwrap(target)?.fields["name"]));

/** What makes a row of the result more than a row of the table. */
const wholes = [
  "groupClause",
  "havingClause",
  "windowClause",
  "distinctClause",
  "sortClause",
  "limitCount",
  "limitOffset",
  "valuesLists",
  "lockingClause",
  "withClause",
];

function fromSelect(statement: ParsedStatement): BatchedStatement | undefined {
  const { fields, nodes } = statement.subject;
  const select = unwrap(fields["selectStmt"])?.fields ?? {};
  const [source, ...others] = listOf(select["fromClause"]);
  const relation = unwrap(source);
  const isWhole = select["op"] !== "SETOP_NONE" || wholes.some((clause) => select[clause] !== undefined);
  if (relation?.type !== "RangeVar" || others.length > 0 || isWhole || mayAggregate(nodes)) return undefined;
  // What it adds to the table that it reads would come again in a later range.
  if (tableName(relation.fields) === tableName(fields["relation"])) return undefined;
  const conflict = fields["onConflictClause"] as TreeNode | undefined;
  const end = conflict === undefined ? undefined : statement.offsetOf(Number(conflict["location"]));
  return cut(statement, { relation: relation.fields, end, changes: [] });
}

/** Functions that are known to look at one row only. The tree does not tell an aggregate from another function. */
const rowFunctions =
  /^(gen_random_uuid|now|lower|upper|trim|btrim|ltrim|rtrim|substring|substr|left|right|replace|concat|concat_ws|length|round|abs|floor|ceil|ceiling|md5|to_char|date_trunc|extract|date_part|clock_timestamp|split_part|format)$/;

function mayAggregate(nodes: ReadonlyMap<string, readonly TreeNode[]>): boolean {
  return (nodes.get("FuncCall") ?? []).some((call) => {
    const name = unwrap(listOf(call["funcname"]).at(-1))?.fields["sval"];
    return typeof name !== "string" || !rowFunctions.test(name);
  });
}

interface Cut {
  readonly relation: unknown;
  /** Where what follows the condition begins; undefined: nothing follows. */
  readonly end: number | undefined;
  readonly changes: readonly string[];
}

function cut(statement: ParsedStatement, { relation, end, changes }: Cut): BatchedStatement | undefined {
  const fields = relation as TreeNode;
  const table = tableName(fields);
  if (table === undefined) return undefined;
  const { text } = statement;
  const last = end ?? text.length;
  const written = statement.lexemes.filter(
    ({ kind, depth, start, end: wordEnd }) =>
      kind === "word" && depth === 0 && start < last && text.slice(start, wordEnd).toUpperCase() === "WHERE",
  );
  // A second WHERE at the top would be one that we do not know.
  if (written.length > 1) return undefined;
  const where = written[0];
  const alias = (fields["alias"] as TreeNode | undefined)?.["aliasname"];
  return {
    sql: text,
    table,
    alias: typeof alias === "string" ? quoteIdentifier(alias) : table,
    head: text.slice(0, where?.start ?? last).trim(),
    where: where === undefined ? "" : text.slice(where.end, last).trim(),
    tail: text.slice(last).trim(),
    changes,
  };
}

/** What {@link KeyRanges.find} answers with. */
export interface RangeRow {
  /** bigint, which node-postgres gives as text. */
  readonly found: string;
  readonly last_key: readonly string[] | null;
}

/** The statements of one range, with `$1` … for the key behind which it begins and then that with which it ends. */
export class KeyRanges {
  readonly #batched: BatchedStatement;
  readonly #columns: readonly string[];
  readonly #rowsMax: number;

  constructor(batched: BatchedStatement, key: readonly string[], rowsMax: number) {
    this.#batched = batched;
    this.#columns = key.map((column) => `${batched.alias}.${quoteIdentifier(column)}`);
    this.#rowsMax = rowsMax;
  }

  /** Answers with the number of rows in the range, `found`, and its last key, `last_key`, each column as text. */
  find(afterKey: readonly string[]): { text: string; values: unknown[] } {
    const { table, alias } = this.#batched;
    const names = this.#columns.map((_, index) => `dsql_key_${index}`);
    const found = this.#columns.map((column, index) => `${column} AS ${names[index] ?? ""}`).join(", ");
    const source = alias === table ? table : `${table} AS ${alias}`;
    const keys = names.map((name) => `${name}::text`).join(", ");
    const text = `
      WITH page AS (
        SELECT ${found} FROM ${source} ${this.#where(this.#bound(">", afterKey, 1))}
        ORDER BY ${names.join(", ")} LIMIT ${this.#rowsMax}
      )
      SELECT (SELECT count(*) FROM page) AS found,
             (SELECT ARRAY[${keys}] FROM page ORDER BY ${names.map((name) => `${name} DESC`).join(", ")} LIMIT 1) AS last_key`;
    return { text, values: [...afterKey] };
  }

  change(afterKey: readonly string[], lastKey: readonly string[]): { text: string; values: unknown[] } {
    const { head, tail, filter } = this.#batched;
    const bounds = [...this.#bound(">", afterKey, 1), ...this.#bound("<=", lastKey, afterKey.length + 1)];
    const conditions = filter === undefined ? bounds : [...bounds, `(${filter}\n)`];
    return { text: `${head}\n${this.#where(conditions)}\n${tail}`, values: [...afterKey, ...lastKey] };
  }

  #bound(operator: string, key: readonly string[], first: number): string[] {
    if (key.length === 0) return [];
    const places = key.map((_, index) => `$${first + index}`).join(", ");
    return [`(${this.#columns.join(", ")}) ${operator} (${places})`];
  }

  #where(bounds: readonly string[]): string {
    const { where } = this.#batched;
    const conditions = [...(where === "" ? [] : [`(${where}\n)`]), ...bounds];
    return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  }
}
