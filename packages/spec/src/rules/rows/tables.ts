import { limits } from "../../limits.ts";
import { sources } from "../../sources.ts";
import type { Where } from "../match.ts";
import type { Rule } from "../rule.ts";

type Texts = Pick<Rule, "example" | "reason" | "remedy">;

const tableClause = (id: string, clause: string, where: Where, more: Partial<Rule> & Texts): Rule => ({
  id,
  topic: "tables",
  // Tables may be made within CREATE SCHEMA.
  match: { node: "CreateStmt", anywhere: true, where },
  message: `${clause} not supported for CREATE TABLE`,
  source: sources.emulator,
  mark: "unsure",
  ...more,
});

const columnClause = (
  id: string,
  where: Where,
  more: Partial<Rule> & Texts & Pick<Rule, "message" | "source">,
): Rule => ({
  id,
  topic: "tables",
  match: { node: "ColumnDef", anywhere: true, where },
  mark: "unsure",
  ...more,
});

const constraint = (id: string, where: Where, more: Partial<Rule> & Texts & Pick<Rule, "message">): Rule => ({
  id,
  topic: "tables",
  match: { node: "Constraint", anywhere: true, where },
  source: sources.createTable,
  mark: "unsure",
  ...more,
});

const columnsOf = (count: number): string =>
  Array.from({ length: count }, (_, index) => `c${index + 1} int`).join(", ");

const columnCount: Rule = {
  id: "column-count",
  topic: "tables",
  match: {
    node: "DefinedTable",
    anywhere: true,
    where: { columns: { above: "columnsPerTableMax" } },
  },
  example: `CREATE TABLE wide (${columnsOf(257)})`,
  reason: "A table has at most 255 columns (256 were accepted).",
  remedy: "Keep what is rarely read in a second table with the same key, or in a jsonb column.",
  sqlstate: limits.columnsPerTableMax.sqlstate,
  message: limits.columnsPerTableMax.message,
  source: limits.columnsPerTableMax.source,
  mark: "measured",
};

const noPartitions = {
  reason: "Aurora DSQL partitions tables by itself.",
  remedy: "Use one table; an index on the column serves what partitions were for.",
};
const storageIsFixed = {
  reason: "Aurora DSQL's storage has no such parameters.",
  remedy: "Leave the clause out.",
};
const keyConstraints = ["CONSTR_UNIQUE", "CONSTR_PRIMARY"] as const;
const notDeferrable = {
  reason: "Only foreign keys can be deferred.",
  remedy: "Leave DEFERRABLE out.",
  message: "DEFERRABLE constraint not supported",
  source: sources.ministack,
  mark: "measured",
} as const;

const clauseRules: readonly Rule[] = [
  tableClause(
    "temporary-table",
    "TEMPORARY or TEMP table",
    { "relation.relpersistence": "t" },
    {
      example: "CREATE TEMP TABLE note (id int)",
      reason: "Aurora DSQL has no temporary objects.",
      remedy: "Use a CTE, or an ordinary table with a column that tells the sessions apart.",
      mark: "measured",
    },
  ),
  tableClause(
    "unlogged-table",
    "UNLOGGED table",
    { "relation.relpersistence": "u" },
    {
      example: "CREATE UNLOGGED TABLE note (id int)",
      reason: "Every table is durable.",
      remedy: "Leave UNLOGGED out.",
      mark: "measured",
    },
  ),
  tableClause(
    "partition-by",
    "PARTITION BY clause",
    { partspec: { present: true } },
    { example: "CREATE TABLE note (id int) PARTITION BY HASH (id)", ...noPartitions, mark: "measured" },
  ),
  tableClause(
    "partition-of",
    "PARTITION OF clause",
    { partbound: { present: true } },
    { example: "CREATE TABLE note PARTITION OF account DEFAULT", ...noPartitions, mark: "measured" },
  ),
  tableClause(
    "inherits",
    "INHERITS clause",
    { inhRelations: { present: true } },
    {
      example: "CREATE TABLE note (text text) INHERITS (account)",
      reason: "Aurora DSQL has no inheritance.",
      remedy: "Use one table, with a column that tells the kinds apart.",
    },
  ),
  tableClause(
    "typed-table",
    "OF clause",
    { ofTypename: { present: true } },
    {
      example: "CREATE TABLE note OF kind",
      reason: "Aurora DSQL has no composite types for tables to follow.",
      remedy: "Write the columns in CREATE TABLE.",
    },
  ),
  tableClause(
    "table-access-method",
    "USING clause",
    { accessMethod: { present: true } },
    { example: "CREATE TABLE note (id int) USING heap", ...storageIsFixed },
  ),
  tableClause(
    "table-storage-parameters",
    "WITH clause",
    { options: { present: true } },
    {
      example: "CREATE TABLE note (id int) WITH (fillfactor = 90)",
      ...storageIsFixed,
      source: sources.marc,
      mark: "measured",
    },
  ),
  tableClause(
    "on-commit",
    "ON COMMIT clause",
    { oncommit: { oneOf: ["ONCOMMIT_DROP", "ONCOMMIT_DELETE_ROWS", "ONCOMMIT_PRESERVE_ROWS"] } },
    {
      example: "CREATE TABLE note (id int) ON COMMIT PRESERVE ROWS",
      reason: "Aurora DSQL has no temporary objects.",
      remedy: "Leave ON COMMIT out.",
    },
  ),
  tableClause(
    "table-tablespace",
    "TABLESPACE clause",
    { tablespacename: { present: true } },
    {
      example: "CREATE TABLE note (id int) TABLESPACE fast",
      reason: "Aurora DSQL has no tablespaces.",
      remedy: "Leave TABLESPACE out.",
    },
  ),
];

const collation = {
  reason: "The collation of every column is C: text sorts by its bytes.",
  remedy: "Leave it out; write COLLATE in the query where another order is wanted.",
  message: "COLLATE clause not supported",
};

const columnRules: readonly Rule[] = [
  columnClause(
    "column-collation",
    { collClause: { present: true } },
    {
      example: 'CREATE TABLE note (body text COLLATE "C")',
      ...collation,
      source: sources.skill,
      mark: "measured",
    },
  ),
  {
    ...columnClause(
      "domain-collation",
      {},
      { example: 'CREATE DOMAIN word AS text COLLATE "C"', ...collation, source: sources.skill },
    ),
    match: { node: "CreateDomainStmt", where: { collClause: { present: true } } },
  },
  columnClause(
    "column-storage",
    { storage_name: { present: true } },
    {
      example: "CREATE TABLE note (body text STORAGE MAIN)",
      reason: "STORAGE is taken since May 2026.",
      remedy: "Leave STORAGE out.",
      message: "STORAGE clause not supported",
      source: sources.releases,
      until: "2026-05-01",
    },
  ),
  columnClause(
    "column-compression",
    { compression: { present: true } },
    {
      example: "CREATE TABLE note (body text COMPRESSION lz4)",
      reason: "Values are compressed by the service.",
      remedy: "Leave COMPRESSION out.",
      message: "COMPRESSION clause not supported",
      source: sources.createTable,
    },
  ),
];

const constraintRules: readonly Rule[] = [
  constraint(
    "key-storage-parameters",
    { contype: { oneOf: keyConstraints }, options: { present: true } },
    {
      example: "CREATE TABLE note (id int, PRIMARY KEY (id) WITH (fillfactor = 90))",
      ...storageIsFixed,
      message: "WITH clause not supported for CREATE TABLE",
    },
  ),
  constraint(
    "key-tablespace",
    { contype: { oneOf: keyConstraints }, indexspace: { present: true } },
    {
      example: "CREATE TABLE note (id int, UNIQUE (id) USING INDEX TABLESPACE fast)",
      reason: "Aurora DSQL has no tablespaces.",
      remedy: "Leave TABLESPACE out.",
      message: "TABLESPACE clause not supported for CREATE TABLE",
    },
  ),
  constraint(
    "exclusion-constraint",
    { contype: "CONSTR_EXCLUSION" },
    {
      example: "CREATE TABLE note (id int, EXCLUDE USING btree (id WITH =))",
      reason: "Aurora DSQL has no exclusion constraints.",
      remedy: "Use UNIQUE on what must not repeat, or check in the transaction under FOR UPDATE.",
      message: "EXCLUDE clause not supported for CREATE TABLE",
    },
  ),
  constraint(
    "foreign-key",
    { contype: "CONSTR_FOREIGN" },
    {
      example: "CREATE TABLE note (account_id int REFERENCES account)",
      reason: "Foreign keys exist since 2026-08-26.",
      remedy: "Keep the reference in the application: read the parent FOR UPDATE before writing the child.",
      message: "FOREIGN KEY constraint not supported",
      source: sources.foreignKeys,
      mark: "measured",
      until: "2026-08-26",
    },
  ),
  constraint(
    "deferrable-key",
    { contype: { oneOf: keyConstraints }, deferrable: true },
    { example: "CREATE TABLE note (id int, UNIQUE (id) DEFERRABLE)", ...notDeferrable },
  ),
  {
    id: "deferrable-column-key",
    topic: "tables",
    match: { node: "DeferrableColumnKey", anywhere: true },
    example: "CREATE TABLE note (id int UNIQUE DEFERRABLE)",
    ...notDeferrable,
  },
  {
    ...columnCount,
    id: "column-count-with-key",
    match: { ...columnCount.match, where: { ...columnCount.match.where, hasPrimaryKey: true } },
    example: `CREATE TABLE wide (${columnsOf(256)}, id int PRIMARY KEY)`,
    message: "cannot use more than 256 columns in an index",
  },
  columnCount,
  constraint(
    "key-column-count",
    { keys: { above: "columnsPerKeyMax" } },
    {
      example: `CREATE TABLE note (${columnsOf(9)}, PRIMARY KEY (c1, c2, c3, c4, c5, c6, c7, c8, c9))`,
      reason: "A key has at most 8 columns.",
      remedy: "Key the table by a uuid or by the columns that searches name.",
      sqlstate: limits.columnsPerKeyMax.sqlstate,
      message: limits.columnsPerKeyMax.message,
      source: sources.ministack,
      mark: "measured",
    },
  ),
];

export const tableRules: readonly Rule[] = [...clauseRules, ...columnRules, ...constraintRules];
