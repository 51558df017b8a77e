import { errors } from "../../errors.ts";
import { sources } from "../../sources.ts";
import type { Condition, Where } from "../match.ts";
import type { Rule } from "../rule.ts";

/** PostgreSQL makes whatever is created in this schema a temporary object, without the word TEMP. */
const temporarySchema: Condition = { matches: /^pg_temp(?:_\d+)?$/ };

const inTemporarySchema = (
  kind: "table" | "view" | "sequence" | "function" | "domain",
  node: string,
  where: Where,
  { example, remedy }: Pick<Rule, "example" | "remedy">,
): Rule => ({
  id: `${kind}-in-temporary-schema`,
  topic: "tables",
  // Some of them may be made within CREATE SCHEMA.
  match: { node, anywhere: true, where },
  example,
  reason: "Aurora DSQL has no temporary objects.",
  remedy,
  message: errors.temporaryObject(kind).message,
  source: sources.emulator,
  mark: "unsure",
});

/** Where a name is a list of its parts: the first of at least two is the schema. */
const qualifiedBy = (list: string): Where => ({
  [`${list}.0.String.sval`]: temporarySchema,
  [`${list}.1`]: { present: true },
});

export const temporarySchemaRules: readonly Rule[] = [
  inTemporarySchema(
    "table",
    "CreateStmt",
    { "relation.schemaname": temporarySchema },
    {
      example: "CREATE TABLE pg_temp.note (id int)",
      remedy: "Use a CTE, or an ordinary table with a column that tells the sessions apart.",
    },
  ),
  inTemporarySchema(
    "view",
    "ViewStmt",
    { "view.schemaname": temporarySchema },
    { example: "CREATE VIEW pg_temp.rich AS SELECT 1 AS id", remedy: "Use a CTE, or an ordinary view." },
  ),
  inTemporarySchema(
    "sequence",
    "CreateSeqStmt",
    { "sequence.schemaname": temporarySchema },
    {
      example: "CREATE SEQUENCE pg_temp.number CACHE 1",
      remedy: "Use generate_series() or row_number() within the query.",
    },
  ),
  inTemporarySchema("function", "CreateFunctionStmt", qualifiedBy("funcname"), {
    example: "CREATE FUNCTION pg_temp.one() RETURNS int LANGUAGE sql RETURN 1",
    remedy: "Create it in a schema of its own, and drop it afterwards.",
  }),
  inTemporarySchema("domain", "CreateDomainStmt", qualifiedBy("domainname"), {
    example: "CREATE DOMAIN pg_temp.word AS text",
    remedy: "Create it in a schema of its own, and drop it afterwards.",
  }),
];
