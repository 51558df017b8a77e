import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

const statement = (id: string, match: Rule["match"], message: string, more: Partial<Rule> = {}): Rule => ({
  id,
  topic: "statements",
  match,
  message,
  source: sources.emulator,
  mark: "measured",
  ...more,
});

/** The service names a statement it lacks by PostgreSQL's parse node, without its suffix. */
const byNode = (id: string, node: string, more: Partial<Rule> = {}): Rule =>
  statement(id, { node }, `unsupported statement: ${node.replace(/Stmt$/, "")}`, more);

const unsure = { mark: "unsure" } as const;

/** Nobody published their texts; by the pattern of those above. */
const unmeasured: readonly string[] = [
  ...["PrepareStmt", "ExecuteStmt", "DeallocateStmt", "DiscardStmt", "DoStmt", "LoadStmt", "CheckPointStmt"],
  ...[
    "FetchStmt",
    "ClosePortalStmt",
    "ReindexStmt",
    "ClusterStmt",
    "RefreshMatViewStmt",
    "RuleStmt",
    "SecLabelStmt",
  ],
  ...[
    "CreateFdwStmt",
    "AlterFdwStmt",
    "CreateForeignServerStmt",
    "AlterForeignServerStmt",
    "ImportForeignSchemaStmt",
  ],
  ...["CreateUserMappingStmt", "AlterUserMappingStmt", "DropUserMappingStmt", "CreatePublicationStmt"],
  ...["AlterPublicationStmt", "CreateSubscriptionStmt", "AlterSubscriptionStmt", "DropSubscriptionStmt"],
  ...[
    "AlterPolicyStmt",
    "CreateEventTrigStmt",
    "AlterEventTrigStmt",
    "CreatePLangStmt",
    "CreateConversionStmt",
  ],
  ...[
    "CreateCastStmt",
    "CreateTransformStmt",
    "CreateOpClassStmt",
    "CreateOpFamilyStmt",
    "AlterOpFamilyStmt",
  ],
  ...[
    "AlterOperatorStmt",
    "CreateAmStmt",
    "AlterExtensionStmt",
    "AlterExtensionContentsStmt",
    "AlterCollationStmt",
  ],
  ...["AlterDatabaseStmt", "AlterDatabaseSetStmt", "AlterDatabaseRefreshCollStmt", "DropdbStmt"],
  ...["AlterTableSpaceOptionsStmt", "DropTableSpaceStmt", "AlterTableMoveAllStmt", "AlterTSDictionaryStmt"],
  ...["AlterObjectDependsStmt", "ReassignOwnedStmt", "DropOwnedStmt"],
];

const idOf = (node: string): string =>
  node
    .replace(/Stmt$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-")
    .toLowerCase();

const objects = (names: string): { readonly oneOf: readonly string[] } => ({
  oneOf: names.split(" ").map((name) => `OBJECT_${name}`),
});

const undroppable = objects(
  "TYPE MATVIEW EXTENSION FDW FOREIGN_SERVER FOREIGN_TABLE ACCESS_METHOD AGGREGATE CAST COLLATION CONVERSION EVENT_TRIGGER LANGUAGE OPERATOR OPCLASS OPFAMILY POLICY PROCEDURE PUBLICATION RULE TRANSFORM TSPARSER TSDICTIONARY TSTEMPLATE TSCONFIGURATION",
);
const unrenamable = objects(
  "TYPE ATTRIBUTE MATVIEW FDW FOREIGN_SERVER FOREIGN_TABLE AGGREGATE COLLATION CONVERSION DATABASE EVENT_TRIGGER LANGUAGE OPCLASS OPFAMILY POLICY PROCEDURE PUBLICATION RULE SUBSCRIPTION TABLESPACE TRIGGER TSPARSER TSDICTIONARY TSTEMPLATE TSCONFIGURATION",
);

export const statementRules: readonly Rule[] = [
  byNode("truncate", "TruncateStmt", {
    hint: "DELETE the rows in batches of at most 3,000, or drop the table and create it again.",
  }),
  byNode("create-extension", "CreateExtensionStmt"),
  statement("create-trigger", { node: "CreateTrigStmt" }, "CREATE TRIGGER not supported", {
    hint: "Do the work in the application, in the same transaction.",
  }),
  byNode("create-database", "CreatedbStmt"),
  // Also within EXPLAIN.
  statement(
    "create-table-as",
    { node: "CreateTableAsStmt", anywhere: true },
    "unsupported statement: CreateTableAs",
    {
      hint: "CREATE TABLE first; then INSERT … SELECT, at most 3,000 rows a transaction.",
    },
  ),
  statement("select-into", { node: "IntoClause", anywhere: true }, "unsupported statement: CreateTableAs", {
    ...unsure,
    hint: "CREATE TABLE first; then INSERT … SELECT, at most 3,000 rows a transaction.",
  }),
  statement("create-enum", { node: "CreateEnumStmt" }, "CREATE TYPE not supported", {
    hint: "Use text with a CHECK constraint.",
  }),
  byNode("create-composite-type", "CompositeTypeStmt"),
  byNode("create-range", "CreateRangeStmt"),
  statement("alter-enum", { node: "AlterEnumStmt" }, "ALTER TYPE not supported"),
  statement("alter-type", { node: "AlterTypeStmt" }, "ALTER TYPE not supported", unsure),
  statement(
    "alter-composite-type",
    { node: "AlterTableStmt", where: { objtype: "OBJECT_TYPE" } },
    "ALTER TYPE not supported",
    unsure,
  ),
  statement(
    "drop-object",
    { node: "DropStmt", where: { removeType: undroppable } },
    "unsupported object in DROP statement",
  ),
  statement(
    "rename-object",
    { node: "RenameStmt", where: { renameType: unrenamable } },
    "unsupported object in RENAME statement",
  ),
  byNode("create-tablespace", "CreateTableSpaceStmt"),
  byNode("create-foreign-table", "CreateForeignTableStmt"),
  statement("vacuum", { node: "VacuumStmt", where: { is_vacuumcmd: true } }, "unsupported VACUUM statement", {
    hint: "Space is reclaimed in the background; ANALYZE works.",
  }),
  byNode("listen", "ListenStmt"),
  byNode("notify", "NotifyStmt"),
  byNode("unlisten", "UnlistenStmt"),
  byNode("alter-system", "AlterSystemStmt"),
  byNode("lock-table", "LockStmt", {
    source: sources.lint,
    hint: "Aurora DSQL never waits for locks. Use SELECT … FOR UPDATE, and retry on conflict.",
  }),
  byNode("declare-cursor", "DeclareCursorStmt", { source: sources.orms }),
  byNode("create-policy", "CreatePolicyStmt", { source: sources.skill }),
  byNode("define", "DefineStmt", { source: sources.skill }),
  byNode("alter-text-search-configuration", "AlterTSConfigurationStmt", { source: sources.skill }),
  statement("merge", { node: "MergeStmt", anywhere: true }, "unsupported statement type: MERGE", {
    hint: "Use INSERT … ON CONFLICT DO UPDATE.",
  }),
  statement(
    "create-procedure",
    { node: "CreateFunctionStmt", where: { is_procedure: true } },
    "PROCEDURE is not supported",
    {
      source: sources.skill,
    },
  ),
  statement(
    "function-language",
    { node: "CreateFunctionLanguage", anywhere: true, where: { language: { noneOf: ["sql"] } } },
    "CREATE FUNCTION with language {language} not supported",
    { slots: { language: "language" }, hint: "Functions are written in LANGUAGE SQL." },
  ),
  statement("alter-function", { node: "AlterFunctionStmt" }, "unsupported statement: AlterFunction", {
    ...unsure,
    source: sources.lint,
  }),
  statement("tablesample", { node: "RangeTableSample", anywhere: true }, "TABLESAMPLE clause not supported"),
  statement(
    "temporary-view",
    { node: "ViewStmt", anywhere: true, where: { "view.relpersistence": "t" } },
    "TEMPORARY or TEMP view not supported for CREATE VIEW",
    unsure,
  ),
  statement(
    "view-check-option",
    {
      node: "ViewStmt",
      anywhere: true,
      where: { withCheckOption: { oneOf: ["LOCAL_CHECK_OPTION", "CASCADED_CHECK_OPTION"] } },
    },
    "WITH CHECK OPTION not supported for CREATE VIEW",
    unsure,
  ),
  statement(
    "view-options",
    { node: "ViewStmt", anywhere: true, where: { options: { present: true } } },
    "WITH clause not supported for CREATE VIEW",
    unsure,
  ),
  statement("copy-program", { node: "CopyStmt", where: { is_program: true } }, "COPY PROGRAM not supported", {
    ...unsure,
    hint: "Use COPY … FROM STDIN, or \\copy in psql.",
  }),
  statement(
    "copy-file",
    { node: "CopyStmt", where: { filename: { present: true } } },
    "COPY with a file not supported",
    { ...unsure, hint: "Use COPY … FROM STDIN, or \\copy in psql." },
  ),
  statement(
    "copy-freeze",
    { node: "CopyStmt", where: { options: { some: { "DefElem.defname": "freeze" } } } },
    "FREEZE not supported for COPY",
    unsure,
  ),
  statement(
    "call-subquery",
    { node: "SubqueryInCall", anywhere: true },
    "cannot use subquery in CALL argument",
  ),
  statement("create-statistics", { node: "CreateStatsStmt" }, "unsupported statement: CreateStats", {
    ...unsure,
    source: sources.createStatistics,
    until: "2026-08-27",
  }),
  statement(
    "statistics-target",
    { node: "AlterStatsStmt", where: { stxstattarget: { between: [101, Number.MAX_SAFE_INTEGER] } } },
    "statistics target {target} exceeds maximum allowed value of 100",
    {
      sqlstate: "22023",
      slots: { target: "stxstattarget" },
      source: sources.skill,
    },
  ),
  statement(
    "alter-index",
    { node: "AlterTableStmt", where: { objtype: "OBJECT_INDEX" } },
    "unsupported ALTER INDEX statement",
    { ...unsure, source: sources.lint },
  ),
  // DEALLOCATE ALL is taken.
  ...unmeasured.map((node) =>
    node === "DeallocateStmt"
      ? statement(
          "deallocate",
          { node, where: { name: { present: true } } },
          "unsupported statement: Deallocate",
          { ...unsure, source: sources.lint },
        )
      : byNode(idOf(node), node, { ...unsure, source: sources.lint }),
  ),
];
