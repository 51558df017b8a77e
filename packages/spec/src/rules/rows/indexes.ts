import { limits } from "../../limits.ts";
import { sources } from "../../sources.ts";
import type { Where } from "../match.ts";
import type { Rule } from "../rule.ts";

type Texts = Pick<Rule, "example" | "reason" | "remedy" | "message">;

const index = (id: string, match: Omit<Rule["match"], "node">, more: Partial<Rule> & Texts): Rule => ({
  id,
  topic: "indexes",
  match: { node: "IndexStmt", ...match },
  source: sources.ministack,
  mark: "measured",
  ...more,
});

const key = (id: string, where: Where, more: Partial<Rule> & Texts): Rule =>
  index(id, { where: { indexParams: { some: where } } }, more);

/** In the order in which the service checks. */
export const indexRules: readonly Rule[] = [
  index(
    "index-concurrently",
    { where: { concurrent: true } },
    {
      example: "CREATE INDEX CONCURRENTLY account_by_owner ON account (owner)",
      reason: "Indexes are built in the background with ASYNC, which never blocks writers.",
      remedy: "Write CREATE INDEX ASYNC instead of CREATE INDEX CONCURRENTLY.",
      message: "CONCURRENTLY not supported for CREATE INDEX",
    },
  ),
  // PostgreSQL's tree says btree also when nothing was written.
  index(
    "index-using",
    { written: "USING" },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account USING btree (owner)",
      reason: "Aurora DSQL has one kind of index, a B-tree of its own.",
      remedy: "Leave USING out. For search in text or JSON, index an expression such as (details->>'k').",
      message: "USING not supported for CREATE INDEX",
    },
  ),
  index(
    "index-where",
    { where: { whereClause: { present: true } } },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account (owner) WHERE balance > 0",
      reason: "Partial indexes exist since September 2026.",
      remedy: "Index all rows, or keep the few in a table of their own.",
      message: "WHERE not supported for CREATE INDEX",
      until: "2026-09-15",
    },
  ),
  index(
    "index-with",
    { where: { options: { present: true } } },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account (owner) WITH (fillfactor = 90)",
      reason: "Aurora DSQL's storage has no such parameters.",
      remedy: "Leave WITH out.",
      message: "WITH not supported for CREATE INDEX",
      mark: "unsure",
    },
  ),
  index(
    "index-tablespace",
    { where: { tableSpace: { present: true } } },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account (owner) TABLESPACE fast",
      reason: "Aurora DSQL has no tablespaces.",
      remedy: "Leave TABLESPACE out.",
      message: "TABLESPACE not supported for CREATE INDEX",
      mark: "unsure",
    },
  ),
  index(
    "index-without-async",
    // CONCURRENTLY is refused by its own rule, in whose place ASYNC would stand.
    { isAsync: false, where: { concurrent: { present: false } } },
    {
      example: "CREATE INDEX account_by_owner ON account (owner)",
      reason: "Indexes are built in the background: CREATE INDEX needs the word ASYNC.",
      remedy:
        "Did you mean CREATE INDEX ASYNC (or CREATE UNIQUE INDEX ASYNC)? It returns a job_id to wait for with CALL sys.wait_for_job().",
      message: "unsupported mode. please use CREATE INDEX ASYNC.",
      source: sources.emulator,
    },
  ),
  key(
    "index-sort-order",
    { "IndexElem.ordering": { oneOf: ["SORTBY_ASC", "SORTBY_DESC", "SORTBY_USING"] } },
    {
      example: "CREATE INDEX ASYNC account_by_balance ON account (balance DESC)",
      reason: "The keys of an index are always ascending; an index is read in both directions.",
      remedy:
        "Leave ASC and DESC out: ORDER BY … DESC reads the index backward. NULLS FIRST and LAST are taken.",
      message: "specifying sort order not supported for index keys",
      source: sources.skill,
    },
  ),
  key(
    "index-opclass",
    { "IndexElem.opclass": { present: true } },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account (owner text_pattern_ops)",
      reason: "Each type has one way of being indexed.",
      remedy: "Leave the operator class out: the collation is C, so LIKE 'x%' uses a plain index.",
      message: "opclass not supported for index keys",
      source: sources.skill,
    },
  ),
  key(
    "index-collation",
    { "IndexElem.collation": { present: true } },
    {
      example: 'CREATE INDEX ASYNC account_by_owner ON account (owner COLLATE "C")',
      reason: "The collation of every column and index is C.",
      remedy: "Leave COLLATE out. For another order, index an expression such as lower(owner).",
      message: "COLLATE clause not supported",
      source: sources.createIndex,
      mark: "unsure",
    },
  ),
  key(
    "index-expression",
    { "IndexElem.expr": { present: true } },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account (lower(owner))",
      reason: "Indexes on expressions exist since 2026-08-13.",
      remedy: "Keep the expression's value in a column that the application fills, and index that.",
      message: "expressions not supported for index keys",
      source: sources.releases,
      mark: "unsure",
      until: "2026-08-13",
    },
  ),
  index(
    "index-included-expression",
    { where: { indexIncludingParams: { some: { "IndexElem.expr": { present: true } } } } },
    {
      example: "CREATE INDEX ASYNC account_by_owner ON account (owner) INCLUDE ((balance + 1))",
      reason: "INCLUDE takes columns only.",
      remedy: "Include the columns of the expression, or make the expression a key.",
      message: "expressions are not supported in included columns",
    },
  ),
  index(
    "index-key-count",
    { where: { indexParams: { above: "columnsPerKeyMax" } } },
    {
      example: `CREATE INDEX ASYNC account_by_all ON account (${Array(9).fill("owner").join(", ")})`,
      reason: "A key has at most 8 columns.",
      remedy: "Keep the columns that searches name, and add the others with INCLUDE.",
      sqlstate: limits.columnsPerKeyMax.sqlstate,
      message: limits.columnsPerKeyMax.message,
    },
  ),
  {
    id: "drop-index-concurrently",
    topic: "indexes",
    match: { node: "DropStmt", where: { removeType: "OBJECT_INDEX", concurrent: true } },
    example: "DROP INDEX CONCURRENTLY account_by_owner",
    reason: "Dropping an index never blocks writers.",
    remedy: "Leave CONCURRENTLY out: DROP INDEX never waits.",
    message: "DROP INDEX CONCURRENTLY must be first action in transaction",
    source: sources.pistachio,
    mark: "measured",
  },
];
