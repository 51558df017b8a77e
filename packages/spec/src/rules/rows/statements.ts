import { sources } from "../../sources.ts";
import { statementsByPattern } from "./statements-by-pattern.ts";
import type { Rule } from "../rule.ts";

/** The guide of this month lists them; the grammar that was derived from a live cluster on 2026-08-07 does not. */
const viewOptionsSince = "2026-09-01";

type Texts = Pick<Rule, "example" | "reason" | "remedy">;

const statement = (id: string, match: Rule["match"], message: string, more: Partial<Rule> & Texts): Rule => ({
  id,
  topic: "statements",
  match,
  message,
  source: sources.emulator,
  mark: "measured",
  ...more,
});

/** The service names a statement it lacks by PostgreSQL's parse node, without its suffix. */
const byNode = (id: string, node: string, more: Partial<Rule> & Texts): Rule =>
  statement(id, { node }, `unsupported statement: ${node.replace(/Stmt$/, "")}`, more);

const unsure = { mark: "unsure" } as const;

const objects = (names: string): { readonly oneOf: readonly string[] } => ({
  oneOf: names.split(" ").map((name) => `OBJECT_${name}`),
});

const undroppable = objects(
  "TYPE MATVIEW EXTENSION FDW FOREIGN_SERVER FOREIGN_TABLE ACCESS_METHOD AGGREGATE CAST COLLATION CONVERSION EVENT_TRIGGER LANGUAGE OPERATOR OPCLASS OPFAMILY POLICY PROCEDURE PUBLICATION RULE TRANSFORM TSPARSER TSDICTIONARY TSTEMPLATE TSCONFIGURATION",
);
const unrenamable = objects(
  "TYPE ATTRIBUTE MATVIEW FDW FOREIGN_SERVER FOREIGN_TABLE AGGREGATE COLLATION CONVERSION DATABASE EVENT_TRIGGER LANGUAGE OPCLASS OPFAMILY POLICY PROCEDURE PUBLICATION RULE SUBSCRIPTION TABLESPACE TRIGGER TSPARSER TSDICTIONARY TSTEMPLATE TSCONFIGURATION",
);
const withoutOwner = objects(
  "TYPE AGGREGATE COLLATION CONVERSION DATABASE EVENT_TRIGGER FDW FOREIGN_SERVER LANGUAGE LARGEOBJECT OPCLASS OPERATOR OPFAMILY PROCEDURE PUBLICATION SUBSCRIPTION TABLESPACE TSCONFIGURATION TSDICTIONARY",
);
const immovable = objects(
  "TYPE AGGREGATE COLLATION CONVERSION EXTENSION FOREIGN_TABLE MATVIEW OPCLASS OPERATOR OPFAMILY PROCEDURE TSCONFIGURATION TSDICTIONARY TSPARSER TSTEMPLATE",
);
/** Of what exists at all: those that the grammar lists may be commented on, and columns. */
const uncommentable = objects(
  "ACCESS_METHOD AGGREGATE CAST COLLATION CONVERSION DATABASE DOMCONSTRAINT EVENT_TRIGGER EXTENSION FDW FOREIGN_SERVER FOREIGN_TABLE LANGUAGE LARGEOBJECT MATVIEW OPCLASS OPERATOR OPFAMILY POLICY PROCEDURE PUBLICATION RULE SUBSCRIPTION TABLESPACE TRANSFORM TRIGGER TSCONFIGURATION TSDICTIONARY TSPARSER TSTEMPLATE TYPE",
);

const copyRows = {
  reason: "A table is made empty: what fills it counts against the rows of a transaction.",
  remedy: "CREATE TABLE first; then INSERT … SELECT, at most 3,000 rows a transaction.",
};
const noTypes = {
  reason: "Aurora DSQL has no types of one's own but domains.",
  remedy: "Use text with a CHECK constraint, a domain, or jsonb.",
};
const noListeners = {
  reason: "Aurora DSQL has no notifications between sessions.",
  remedy: "Write a row and poll it, or send a message through a queue after COMMIT.",
};
const onlyStandardStreams = {
  reason: "The server has no files that a client could name.",
  remedy: "Use COPY … FROM STDIN, or \\copy in psql.",
};

const refusedObjects: readonly Rule[] = [
  byNode("truncate", "TruncateStmt", {
    example: "TRUNCATE account",
    reason: "Aurora DSQL removes rows one by one.",
    remedy: "DELETE the rows in batches of at most 3,000, or drop the table and create it again.",
  }),
  byNode("create-extension", "CreateExtensionStmt", {
    example: "CREATE EXTENSION pg_trgm",
    reason: "Aurora DSQL has no extensions.",
    remedy: "Leave it out; gen_random_uuid() is built in.",
  }),
  // Also within CREATE SCHEMA.
  statement("create-trigger", { node: "CreateTrigStmt", anywhere: true }, "CREATE TRIGGER not supported", {
    example: "CREATE TRIGGER a BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION f()",
    reason: "Aurora DSQL has no triggers.",
    remedy: "Do the work in the application, in the same transaction.",
  }),
  byNode("create-database", "CreatedbStmt", {
    example: "CREATE DATABASE other",
    reason: "A cluster has one database, postgres.",
    remedy: "Use a schema, or a second cluster.",
  }),
  // Also within EXPLAIN.
  statement(
    "create-table-as",
    { node: "CreateTableAsStmt", anywhere: true },
    "unsupported statement: CreateTableAs",
    { example: "CREATE TABLE note AS SELECT 1 AS id", ...copyRows },
  ),
  statement("select-into", { node: "IntoClause", anywhere: true }, "unsupported statement: CreateTableAs", {
    example: "SELECT 1 AS id INTO note",
    ...copyRows,
    ...unsure,
  }),
  statement("create-enum", { node: "CreateEnumStmt" }, "CREATE TYPE not supported", {
    example: "CREATE TYPE mood AS ENUM ('sad')",
    ...noTypes,
  }),
  byNode("create-composite-type", "CompositeTypeStmt", {
    example: "CREATE TYPE pair AS (a int, b int)",
    ...noTypes,
  }),
  byNode("create-range", "CreateRangeStmt", {
    example: "CREATE TYPE span AS RANGE (subtype = int4)",
    ...noTypes,
  }),
  statement("alter-enum", { node: "AlterEnumStmt" }, "ALTER TYPE not supported", {
    example: "ALTER TYPE mood ADD VALUE 'happy'",
    ...noTypes,
  }),
  statement("alter-type", { node: "AlterTypeStmt" }, "ALTER TYPE not supported", {
    example: "ALTER TYPE pair SET (STORAGE = plain)",
    ...noTypes,
    ...unsure,
  }),
  statement(
    "alter-composite-type",
    { node: "AlterTableStmt", where: { objtype: "OBJECT_TYPE" } },
    "ALTER TYPE not supported",
    { example: "ALTER TYPE pair ADD ATTRIBUTE c int", ...noTypes, ...unsure },
  ),
  statement(
    "drop-domain-cascade",
    { node: "DropStmt", where: { removeType: "OBJECT_DOMAIN", behavior: "DROP_CASCADE" } },
    "DROP DOMAIN with CASCADE unsupported",
    {
      example: "DROP DOMAIN word CASCADE",
      reason: "A domain takes no column along: rows are never changed by the definition of their types.",
      remedy: "Drop the columns that use the domain first, or move them to another type; then DROP DOMAIN.",
      source: sources.dsqlbase,
    },
  ),
  statement(
    "drop-object",
    { node: "DropStmt", where: { removeType: undroppable } },
    "unsupported object in DROP statement",
    {
      example: "DROP TYPE mood",
      reason: "Aurora DSQL has no objects of this kind.",
      remedy: "Leave it out.",
    },
  ),
  statement(
    "rename-object",
    { node: "RenameStmt", where: { renameType: unrenamable } },
    "unsupported object in RENAME statement",
    {
      example: "ALTER TYPE mood RENAME TO feeling",
      reason: "Aurora DSQL has no objects of this kind, or the service names them.",
      remedy: "Leave it out.",
    },
  ),
  statement(
    "owner-object",
    { node: "AlterOwnerStmt", where: { objectType: withoutOwner } },
    "unsupported object in ALTER OWNER statement",
    {
      example: "ALTER TYPE mood OWNER TO CURRENT_USER",
      reason: "Aurora DSQL has no objects of this kind, or they belong to the service.",
      remedy: "Leave it out; a domain has ALTER DOMAIN … OWNER TO.",
      source: sources.lint,
      ...unsure,
    },
  ),
  statement(
    "schema-of-object",
    { node: "AlterObjectSchemaStmt", where: { objectType: immovable } },
    "unsupported object in SET SCHEMA statement",
    {
      example: "ALTER AGGREGATE total (int) SET SCHEMA shop",
      reason: "Aurora DSQL has no objects of this kind, or they belong to the service.",
      remedy: "Leave it out; a domain has ALTER DOMAIN … SET SCHEMA.",
      source: sources.lint,
      ...unsure,
    },
  ),
  statement(
    "comment-object",
    { node: "CommentStmt", where: { objtype: uncommentable } },
    "unsupported object in COMMENT statement",
    {
      example: "COMMENT ON DATABASE postgres IS 'x'",
      reason:
        "Comments are kept on tables, columns, views, indexes, sequences, schemas, roles, functions and constraints.",
      remedy: "Leave it out, or comment on the schema.",
      source: sources.lint,
      ...unsure,
    },
  ),
  byNode("create-tablespace", "CreateTableSpaceStmt", {
    example: "CREATE TABLESPACE fast LOCATION '/x'",
    reason: "Aurora DSQL has no tablespaces.",
    remedy: "Leave it out.",
  }),
  byNode("create-foreign-table", "CreateForeignTableStmt", {
    example: "CREATE FOREIGN TABLE far (id int) SERVER s",
    reason: "Aurora DSQL reaches no foreign data.",
    remedy: "Copy the rows in with COPY … FROM STDIN or a loader.",
  }),
  byNode("create-policy", "CreatePolicyStmt", {
    example: "CREATE POLICY p ON account",
    reason: "Aurora DSQL has no row level security.",
    remedy: "Give each tenant a schema and a role, or read through views with a condition on the tenant.",
    source: sources.skill,
  }),
  byNode("define", "DefineStmt", {
    example: "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int)",
    reason: "Aurora DSQL takes no aggregates, operators, collations or text search objects of one's own.",
    remedy: "Write a function in LANGUAGE SQL, or compute in the application.",
    source: sources.skill,
  }),
  byNode("alter-text-search-configuration", "AlterTSConfigurationStmt", {
    example: "ALTER TEXT SEARCH CONFIGURATION simple ADD MAPPING FOR word WITH simple",
    reason: "Of text search Aurora DSQL has the configuration 'simple' only.",
    remedy: "Use the configuration 'simple', or search outside the database.",
    source: sources.skill,
  }),
];

const refusedCommands: readonly Rule[] = [
  statement("vacuum", { node: "VacuumStmt", where: { is_vacuumcmd: true } }, "unsupported VACUUM statement", {
    example: "VACUUM account",
    reason: "The service reclaims space in the background.",
    remedy: "Leave it out; ANALYZE works.",
  }),
  byNode("listen", "ListenStmt", { example: "LISTEN channel", ...noListeners }),
  byNode("notify", "NotifyStmt", { example: "NOTIFY channel", ...noListeners }),
  byNode("unlisten", "UnlistenStmt", { example: "UNLISTEN channel", ...noListeners }),
  byNode("alter-system", "AlterSystemStmt", {
    example: "ALTER SYSTEM SET work_mem = '8MB'",
    reason: "The server's settings belong to the service.",
    remedy: "Leave it out.",
  }),
  byNode("lock-table", "LockStmt", {
    example: "LOCK TABLE account",
    reason: "Aurora DSQL never waits for locks.",
    remedy: "Use SELECT … FOR UPDATE, and retry on conflict.",
    source: sources.lint,
  }),
  byNode("declare-cursor", "DeclareCursorStmt", {
    // Also within EXPLAIN.
    match: { node: "DeclareCursorStmt", anywhere: true },
    example: "DECLARE c CURSOR FOR SELECT 1",
    reason: "Aurora DSQL has no cursors in SQL.",
    remedy: "Let the driver fetch in portions by the protocol's row limit, or page by key.",
    source: sources.orms,
  }),
  statement("merge", { node: "MergeStmt", anywhere: true }, "unsupported statement type: MERGE", {
    example: "MERGE INTO account a USING transfer t ON a.id = t.account_id WHEN MATCHED THEN DELETE",
    reason: "Aurora DSQL has no MERGE.",
    remedy: "Use INSERT … ON CONFLICT DO UPDATE.",
  }),
  statement("tablesample", { node: "RangeTableSample", anywhere: true }, "TABLESAMPLE clause not supported", {
    example: "SELECT id FROM account TABLESAMPLE SYSTEM (1)",
    reason: "Aurora DSQL does not sample tables.",
    remedy: "Filter on a column of random values, or ORDER BY random() LIMIT n for small tables.",
  }),
  statement(
    "call-subquery",
    { node: "SubqueryInCall", anywhere: true },
    "cannot use subquery in CALL argument",
    {
      example: "CALL sys.wait_for_job((SELECT 'x'))",
      reason: "The arguments of CALL are plain values.",
      remedy: "SELECT the job_id first, then CALL with it.",
    },
  ),
  statement(
    "system-column",
    { node: "SystemColumn", anywhere: true },
    "cannot retrieve a system column in this context",
    {
      example: "SELECT ctid FROM account",
      reason:
        "Rows have no place in a file and no transaction numbers: Aurora DSQL's tables lack PostgreSQL's system columns.",
      remedy:
        "Name rows by their primary key; tell inserted rows from updated ones, or versions of a row, by a column of your own.",
      source: sources.sql,
      ...unsure,
    },
  ),
  statement("copy-program", { node: "CopyStmt", where: { is_program: true } }, "COPY PROGRAM not supported", {
    example: "COPY account TO PROGRAM 'x'",
    ...onlyStandardStreams,
    ...unsure,
  }),
  statement(
    "copy-file",
    { node: "CopyStmt", where: { filename: { present: true } } },
    "COPY with a file not supported",
    { example: "COPY account FROM '/x'", ...onlyStandardStreams, ...unsure },
  ),
  statement(
    "copy-freeze",
    { node: "CopyStmt", where: { options: { some: { "DefElem.defname": "freeze" } } } },
    "FREEZE not supported for COPY",
    {
      example: "COPY account FROM STDIN (FREEZE)",
      reason: "Rows have no state that could be frozen.",
      remedy: "Leave FREEZE out.",
      ...unsure,
    },
  ),
];

const functionsAndViews: readonly Rule[] = [
  statement(
    "create-procedure",
    { node: "CreateFunctionStmt", where: { is_procedure: true } },
    "PROCEDURE is not supported",
    {
      example: "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
      reason: "CALL is for the service's own procedures.",
      remedy: "Use CREATE FUNCTION … LANGUAGE SQL.",
      source: sources.skill,
    },
  ),
  statement(
    "function-language",
    { node: "CreateFunctionLanguage", anywhere: true, where: { language: { noneOf: ["sql"] } } },
    "CREATE FUNCTION with language {language} not supported",
    {
      example: "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
      reason: "Aurora DSQL has no procedural language.",
      remedy: "Functions are written in LANGUAGE SQL; loops and branches belong into the application.",
      slots: { language: "language" },
    },
  ),
  statement("alter-function", { node: "AlterFunctionStmt" }, "unsupported statement: AlterFunction", {
    example: "ALTER FUNCTION f() IMMUTABLE",
    reason: "A function's properties are set when it is created.",
    remedy: "Use CREATE OR REPLACE FUNCTION with the new properties.",
    source: sources.lint,
    ...unsure,
  }),
  statement(
    "temporary-view",
    { node: "ViewStmt", anywhere: true, where: { "view.relpersistence": "t" } },
    "TEMPORARY or TEMP view not supported for CREATE VIEW",
    {
      example: "CREATE TEMP VIEW rich AS SELECT 1 AS id",
      reason: "Aurora DSQL has no temporary objects.",
      remedy: "Use a CTE, or an ordinary view.",
      ...unsure,
    },
  ),
  statement(
    "view-check-option",
    {
      node: "ViewStmt",
      anywhere: true,
      where: { withCheckOption: { oneOf: ["LOCAL_CHECK_OPTION", "CASCADED_CHECK_OPTION"] } },
    },
    "WITH CHECK OPTION not supported for CREATE VIEW",
    {
      example: "CREATE VIEW rich AS SELECT id FROM account WHERE balance > 0 WITH CHECK OPTION",
      reason: "What is written through a view is held against its condition since September 2026.",
      remedy: "Write to the table, with a CHECK constraint.",
      until: viewOptionsSince,
      ...unsure,
    },
  ),
  statement(
    "view-options",
    { node: "ViewStmt", anywhere: true, where: { options: { present: true } } },
    "WITH clause not supported for CREATE VIEW",
    {
      example: "CREATE VIEW rich WITH (security_barrier) AS SELECT 1 AS id",
      reason: "Views have options since September 2026.",
      remedy: "Leave WITH out.",
      until: viewOptionsSince,
      ...unsure,
    },
  ),
  statement(
    "alter-view-options",
    {
      node: "AlterTableStmt",
      where: {
        objtype: "OBJECT_VIEW",
        cmds: {
          some: {
            "AlterTableCmd.subtype": {
              oneOf: ["AT_SetRelOptions", "AT_ResetRelOptions", "AT_ReplaceRelOptions"],
            },
          },
        },
      },
    },
    "unsupported ALTER VIEW statement",
    {
      example: "ALTER VIEW rich SET (security_barrier)",
      reason: "Views have options since September 2026.",
      remedy: "Leave it out.",
      source: sources.lint,
      until: viewOptionsSince,
      ...unsure,
    },
  ),
  statement(
    "alter-domain",
    // The letters of PostgreSQL's AlterDomainStmt: SET NOT NULL, ADD CONSTRAINT, VALIDATE CONSTRAINT. That they are refused is
    // settled, their text is not published.
    { node: "AlterDomainStmt", where: { subtype: { oneOf: ["O", "C", "V"] } } },
    "unsupported ALTER DOMAIN statement",
    {
      example: "ALTER DOMAIN word SET NOT NULL",
      reason: "A domain's constraints are set when it is created, and can be dropped.",
      remedy: "Make a new domain, or put the constraint on the tables.",
      source: sources.lint,
      ...unsure,
    },
  ),
  statement(
    "schema-element",
    { node: "CreateSchemaStmt", where: { schemaElts: { some: { IndexStmt: { present: true } } } } },
    "CREATE INDEX not supported for CREATE SCHEMA",
    {
      example: "CREATE SCHEMA shop CREATE TABLE item (id int) CREATE INDEX item_by_id ON item (id)",
      reason: "CREATE SCHEMA takes tables, views, sequences and grants with it, and no index.",
      remedy: "CREATE INDEX ASYNC afterwards, in a transaction of its own.",
      source: sources.sql,
      ...unsure,
    },
  ),
  statement(
    "schema-element-dated",
    {
      node: "CreateSchemaStmt",
      where: { schemaElts: { some: { CreateSeqStmt: { present: true } } } },
    },
    "CREATE SEQUENCE not supported for CREATE SCHEMA",
    {
      example: "CREATE SCHEMA shop CREATE SEQUENCE number CACHE 1",
      reason: "CREATE SCHEMA takes sequences and grants with it since April 2026.",
      remedy: "Make the sequence afterwards, in a transaction of its own.",
      source: sources.releases,
      until: "2026-04-01",
      ...unsure,
    },
  ),
];

const statisticsRules: readonly Rule[] = [
  statement("create-statistics", { node: "CreateStatsStmt" }, "unsupported statement: CreateStats", {
    example: "CREATE STATISTICS s ON owner, balance FROM account",
    reason: "Extended statistics exist since 2026-08-27.",
    remedy: "Leave it out; ANALYZE gathers each column's statistics.",
    source: sources.createStatistics,
    until: "2026-08-27",
    ...unsure,
  }),
  statement(
    "statistics-target",
    { node: "AlterStatsStmt", where: { stxstattarget: { above: "statisticsTargetMax" } } },
    "statistics target {target} exceeds maximum allowed value of 100",
    {
      example: "ALTER STATISTICS s SET STATISTICS 101",
      reason: "Statistics are kept in at most 100 entries.",
      remedy: "Choose a target of at most 100.",
      sqlstate: "22023",
      slots: { target: "stxstattarget" },
      source: sources.skill,
    },
  ),
  statement(
    "alter-index",
    { node: "AlterTableStmt", where: { objtype: "OBJECT_INDEX" } },
    "unsupported ALTER INDEX statement",
    {
      example: "ALTER INDEX account_pkey SET (fillfactor = 90)",
      reason: "An index can be renamed, nothing else.",
      remedy: "CREATE INDEX ASYNC a second one; when it is valid, DROP INDEX the first.",
      source: sources.lint,
      ...unsure,
    },
  ),
];

export const statementRules: readonly Rule[] = [
  ...refusedObjects,
  ...refusedCommands,
  ...functionsAndViews,
  ...statisticsRules,
  ...statementsByPattern,
];
