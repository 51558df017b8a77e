/**
 * Statements that the service lacks and whose refusal nobody published. The service names what it lacks by PostgreSQL's
 * parse node without its suffix, as `TruncateStmt` shows, so these say the same.
 */
import { sources } from "../../sources.ts";
import type { Rule } from "../rule.ts";

type Lacking = readonly [node: string, example: string, words?: Pick<Rule, "reason" | "remedy">];

const sqlPrepare = {
  reason: "Statements are prepared by the protocol, not by SQL.",
  remedy: "Let the driver prepare it, which the protocol does with Parse and Bind.",
};
const cursors = {
  reason: "Aurora DSQL has no cursors in SQL.",
  remedy: "Let the driver fetch in portions by the protocol's row limit, or page by key.",
};
const foreignData = {
  reason: "Aurora DSQL reaches no foreign data.",
  remedy: "Copy the rows in with COPY … FROM STDIN or a loader.",
};
const replication = {
  reason: "Aurora DSQL has no logical replication.",
  remedy: "Use the service's change data capture.",
};
const operators = {
  reason: "Aurora DSQL takes no operators, casts or access methods of one's own.",
  remedy: "Write a function in LANGUAGE SQL and call it by name.",
};
const oneDatabase = {
  reason: "A cluster has one database, postgres, which cannot be changed.",
  remedy: "Use schemas to keep things apart.",
};
const serviceKeeps = {
  reason: "The service looks after storage and files itself.",
  remedy: "Leave it out.",
};
const policies = {
  reason: "Aurora DSQL has no row level security.",
  remedy: "Give each tenant a schema and a role, or read through views with a condition on the tenant.",
};
const triggers = {
  reason: "Aurora DSQL has no triggers.",
  remedy: "Do the work in the application, in the same transaction.",
};
const extensions = { reason: "Aurora DSQL has no extensions.", remedy: "Leave it out." };

const lacking: readonly Lacking[] = [
  ["PrepareStmt", "PREPARE one AS SELECT 1", sqlPrepare],
  ["ExecuteStmt", "EXECUTE one", sqlPrepare],
  [
    "DiscardStmt",
    "DISCARD ALL",
    {
      reason: "A session keeps nothing that DISCARD would remove but its settings.",
      remedy: "Turn the pool's reset off, or use RESET ALL.",
    },
  ],
  [
    "DoStmt",
    "DO 'x'",
    { reason: "Aurora DSQL has no procedural language.", remedy: "Run the statements from the application." },
  ],
  ["LoadStmt", "LOAD 'x'", extensions],
  ["CheckPointStmt", "CHECKPOINT", serviceKeeps],
  ["FetchStmt", "FETCH NEXT FROM c", cursors],
  ["ClosePortalStmt", "CLOSE c", cursors],
  [
    "ReindexStmt",
    "REINDEX TABLE account",
    {
      reason: "An index is never rebuilt in place.",
      remedy: "CREATE INDEX ASYNC a second one; when it is valid, DROP INDEX the first.",
    },
  ],
  [
    "ClusterStmt",
    "CLUSTER account",
    { reason: "A table is stored in the order of its primary key.", remedy: "Leave it out." },
  ],
  [
    "RefreshMatViewStmt",
    "REFRESH MATERIALIZED VIEW v",
    {
      reason: "Aurora DSQL has no materialized views.",
      remedy: "Use a view, or a table that the application fills in batches.",
    },
  ],
  [
    "RuleStmt",
    "CREATE RULE a AS ON INSERT TO account DO NOTHING",
    { reason: "Aurora DSQL has no rules.", remedy: "Use a view, and write to its tables." },
  ],
  ["SecLabelStmt", "SECURITY LABEL ON TABLE account IS 'x'", extensions],
  ["CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER w", foreignData],
  ["AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER w NO HANDLER", foreignData],
  ["CreateForeignServerStmt", "CREATE SERVER s FOREIGN DATA WRAPPER w", foreignData],
  ["AlterForeignServerStmt", "ALTER SERVER s VERSION '2'", foreignData],
  ["ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b", foreignData],
  ["CreateUserMappingStmt", "CREATE USER MAPPING FOR CURRENT_USER SERVER s", foreignData],
  ["AlterUserMappingStmt", "ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (SET a 'b')", foreignData],
  ["DropUserMappingStmt", "DROP USER MAPPING FOR CURRENT_USER SERVER s", foreignData],
  ["CreatePublicationStmt", "CREATE PUBLICATION p", replication],
  ["AlterPublicationStmt", "ALTER PUBLICATION p ADD TABLE account", replication],
  ["CreateSubscriptionStmt", "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", replication],
  ["AlterSubscriptionStmt", "ALTER SUBSCRIPTION s DISABLE", replication],
  ["DropSubscriptionStmt", "DROP SUBSCRIPTION s", replication],
  ["AlterPolicyStmt", "ALTER POLICY p ON account USING (true)", policies],
  ["CreateEventTrigStmt", "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", triggers],
  ["AlterEventTrigStmt", "ALTER EVENT TRIGGER e DISABLE", triggers],
  ["CreatePLangStmt", "CREATE LANGUAGE plperl HANDLER h", extensions],
  ["CreateConversionStmt", "CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM f", operators],
  ["CreateCastStmt", "CREATE CAST (text AS int) WITH INOUT", operators],
  [
    "CreateTransformStmt",
    "CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))",
    operators,
  ],
  ["CreateOpClassStmt", "CREATE OPERATOR CLASS c FOR TYPE int USING btree AS STORAGE int", operators],
  ["CreateOpFamilyStmt", "CREATE OPERATOR FAMILY f USING btree", operators],
  ["AlterOpFamilyStmt", "ALTER OPERATOR FAMILY f USING btree DROP FUNCTION 1 (int)", operators],
  ["AlterOperatorStmt", "ALTER OPERATOR + (int, int) SET (RESTRICT = NONE)", operators],
  ["CreateAmStmt", "CREATE ACCESS METHOD a TYPE INDEX HANDLER h", operators],
  ["AlterExtensionStmt", "ALTER EXTENSION plpgsql UPDATE", extensions],
  ["AlterExtensionContentsStmt", "ALTER EXTENSION plpgsql ADD TABLE account", extensions],
  [
    "AlterCollationStmt",
    'ALTER COLLATION "C" REFRESH VERSION',
    { reason: "The collation is C.", remedy: "Leave it out." },
  ],
  ["AlterDatabaseStmt", "ALTER DATABASE postgres CONNECTION LIMIT 5", oneDatabase],
  ["AlterDatabaseSetStmt", "ALTER DATABASE postgres SET search_path TO shop", oneDatabase],
  ["AlterDatabaseRefreshCollStmt", "ALTER DATABASE postgres REFRESH COLLATION VERSION", oneDatabase],
  ["DropdbStmt", "DROP DATABASE other", oneDatabase],
  ["AlterTableSpaceOptionsStmt", "ALTER TABLESPACE fast SET (random_page_cost = 1)", serviceKeeps],
  ["DropTableSpaceStmt", "DROP TABLESPACE fast", serviceKeeps],
  ["AlterTableMoveAllStmt", "ALTER TABLE ALL IN TABLESPACE fast SET TABLESPACE slow", serviceKeeps],
  [
    "AlterTSDictionaryStmt",
    "ALTER TEXT SEARCH DICTIONARY simple (StopWords = x)",
    {
      reason: "Of text search Aurora DSQL has the configuration 'simple' only.",
      remedy: "Use the configuration 'simple', or search outside the database.",
    },
  ],
  [
    "ReassignOwnedStmt",
    "REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER",
    {
      reason: "Owners change object by object.",
      remedy: "ALTER … OWNER TO each object, in a transaction of its own.",
    },
  ],
  [
    "DropOwnedStmt",
    "DROP OWNED BY CURRENT_USER",
    {
      reason: "Objects are dropped one by one: a transaction takes one DDL statement.",
      remedy: "DROP SCHEMA … CASCADE for the role's schemas, REVOKE its rights, then DROP ROLE.",
    },
  ],
];

/** `CreateFdwStmt` gives `create-fdw`. */
const idOf = (node: string): string =>
  node
    .replace(/Stmt$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-")
    .toLowerCase();

export const statementsByPattern: readonly Rule[] = [
  ...lacking.map(([node, example, words = serviceKeeps]): Rule => ({
    id: idOf(node),
    topic: "statements",
    match: { node },
    example,
    ...words,
    message: `unsupported statement: ${node.replace(/Stmt$/, "")}`,
    source: sources.lint,
    mark: "unsure",
  })),
  {
    id: "alter-object-depends",
    topic: "statements",
    // AWS's lint counts the form for functions among what runs.
    match: {
      node: "AlterObjectDependsStmt",
      where: { objectType: { noneOf: ["object_function", "object_routine"] } },
    },
    example: "ALTER INDEX account_owner DEPENDS ON EXTENSION plpgsql",
    ...extensions,
    message: "unsupported statement: AlterObjectDepends",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "explain-execute",
    topic: "statements",
    match: { node: "ExplainStmt", where: { "query.ExecuteStmt": { present: true } } },
    example: "EXPLAIN EXECUTE one",
    ...sqlPrepare,
    message: "unsupported statement: Execute",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "deallocate",
    topic: "statements",
    // DEALLOCATE ALL is taken.
    match: { node: "DeallocateStmt", where: { name: { present: true } } },
    example: "DEALLOCATE one",
    reason: sqlPrepare.reason,
    remedy: "Let the driver close its statements; DEALLOCATE ALL is taken.",
    message: "unsupported statement: Deallocate",
    source: sources.lint,
    mark: "unsure",
  },
];
