import { limits } from "../limits.ts";
import { sources } from "../sources.ts";
import type { Where } from "./match.ts";
import type { Rule } from "./rule.ts";

const index = (
  id: string,
  match: Omit<Rule["match"], "node">,
  more: Partial<Rule> & Pick<Rule, "message">,
): Rule => ({
  id,
  topic: "indexes",
  match: { node: "IndexStmt", ...match },
  source: sources.ministack,
  mark: "measured",
  ...more,
});

const key = (id: string, where: Where, more: Partial<Rule> & Pick<Rule, "message">): Rule => ({
  ...index(id, {}, more),
  match: { node: "IndexStmt", where: { indexParams: { some: where } } },
});

/** In the order in which the service checks. */
export const indexRules: readonly Rule[] = [
  index(
    "index-concurrently",
    { where: { concurrent: true } },
    {
      message: "CONCURRENTLY not supported for CREATE INDEX",
      hint: "CREATE INDEX ASYNC never blocks writers.",
    },
  ),
  // PostgreSQL's tree says btree also when nothing was written.
  index("index-using", { written: "USING" }, { message: "USING not supported for CREATE INDEX" }),
  index(
    "index-where",
    { where: { whereClause: { present: true } } },
    {
      message: "WHERE not supported for CREATE INDEX",
      until: "2026-09-15",
    },
  ),
  index(
    "index-with",
    { where: { options: { present: true } } },
    {
      message: "WITH not supported for CREATE INDEX",
      mark: "unsure",
    },
  ),
  index(
    "index-tablespace",
    { where: { tableSpace: { present: true } } },
    {
      message: "TABLESPACE not supported for CREATE INDEX",
      mark: "unsure",
    },
  ),
  index(
    "index-without-async",
    { isAsync: false },
    {
      message: "unsupported mode. please use CREATE INDEX ASYNC.",
      hint: "Write CREATE INDEX ASYNC (or CREATE UNIQUE INDEX ASYNC), then CALL sys.wait_for_job() with the job_id it returns.",
      source: sources.emulator,
    },
  ),
  key(
    "index-sort-order",
    { "IndexElem.ordering": { oneOf: ["SORTBY_ASC", "SORTBY_DESC", "SORTBY_USING"] } },
    {
      message: "specifying sort order not supported for index keys",
      source: sources.skill,
    },
  ),
  key(
    "index-opclass",
    { "IndexElem.opclass": { present: true } },
    {
      message: "opclass not supported for index keys",
      source: sources.skill,
    },
  ),
  key(
    "index-collation",
    { "IndexElem.collation": { present: true } },
    {
      message: "COLLATE clause not supported",
      source: sources.createIndex,
      mark: "unsure",
    },
  ),
  key(
    "index-expression",
    { "IndexElem.expr": { present: true } },
    {
      message: "expressions not supported for index keys",
      source: sources.releases,
      mark: "unsure",
      until: "2026-08-13",
    },
  ),
  index(
    "index-included-expression",
    { where: { indexIncludingParams: { some: { "IndexElem.expr": { present: true } } } } },
    { message: "expressions are not supported in included columns" },
  ),
  index(
    "index-key-count",
    { where: { indexParams: { countAtLeast: limits.columnsPerKeyMax.value + 1 } } },
    { sqlstate: limits.columnsPerKeyMax.sqlstate, message: limits.columnsPerKeyMax.message },
  ),
  {
    id: "drop-index-concurrently",
    topic: "indexes",
    match: { node: "DropStmt", where: { removeType: "OBJECT_INDEX", concurrent: true } },
    message: "CONCURRENTLY not supported for DROP INDEX",
    source: sources.lint,
    mark: "unsure",
  },
];
