/**
 * The actions of ALTER TABLE that the service refuses by name, for ever or until a date. The texts not measured follow the
 * pattern of those that were.
 */
import type { Mark, Rule } from "../rule.ts";

interface Action extends Pick<Rule, "id" | "example" | "reason" | "remedy" | "mark"> {
  readonly words: string;
}

interface RefusedAction extends Action {
  readonly subtypes: readonly string[];
  /** ALTER VIEW takes it. */
  readonly viewsMay?: true;
}

interface AddedAction extends Action {
  readonly subtype: string;
  readonly until: string;
}

/** A rule is named after the words of its message. */
const idOf = (words: string): string => `alter-table-${words.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;

const refused = (
  subtypes: readonly string[],
  words: string,
  example: string,
  texts: Pick<RefusedAction, "reason" | "remedy" | "viewsMay"> & { readonly mark?: Mark },
): RefusedAction => ({
  id: idOf(words),
  subtypes,
  words,
  example: `ALTER TABLE account ${example}`,
  mark: "unsure",
  ...texts,
});

const noTriggers = {
  reason: "Aurora DSQL has no triggers; only ALL and USER are taken, with no effect.",
  remedy: "Do the work in the application, in the same transaction.",
};
const noRules = { reason: "Aurora DSQL has no rules.", remedy: "Use a view, and write to its tables." };
const noInheritance = {
  reason: "Aurora DSQL has no inheritance.",
  remedy: "Use one table, with a column that tells the kinds apart.",
};
const noPartitions = {
  reason: "Aurora DSQL partitions tables by itself.",
  remedy: "Use one table; an index on the column serves what partitions were for.",
};
const noTypedTables = {
  reason: "Aurora DSQL has no composite types for tables to follow.",
  remedy: "Leave it out; write the columns in CREATE TABLE.",
};
const noStorageOptions = {
  reason: "Aurora DSQL's storage has no such parameters.",
  remedy: "Leave it out.",
};

export const refusedAlterTableActions: readonly RefusedAction[] = [
  refused(["AT_AlterColumnType"], "ALTER COLUMN ... SET DATA TYPE", "ALTER COLUMN balance TYPE bigint", {
    mark: "measured",
    reason: "The type of a column never changes.",
    remedy:
      "Add a column of the new type, fill it in batches of at most 3,000 rows, then drop the old one and rename.",
  }),
  refused(["AT_SetNotNull"], "ALTER COLUMN ... SET NOT NULL", "ALTER COLUMN owner SET NOT NULL", {
    mark: "measured",
    reason: "NOT NULL is set in CREATE TABLE only.",
    remedy: "Add CHECK (column IS NOT NULL) NOT VALID, then ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
  }),
  refused(["AT_SetStatistics"], "ALTER COLUMN ... SET STATISTICS", "ALTER COLUMN owner SET STATISTICS 10", {
    mark: "measured",
    reason: "The detail of a column's statistics is the service's choice.",
    remedy: "Leave it out; CREATE STATISTICS helps with columns that depend on each other.",
  }),
  refused(
    ["AT_SetCompression"],
    "ALTER COLUMN ... SET COMPRESSION",
    "ALTER COLUMN owner SET COMPRESSION lz4",
    {
      reason: "Values are compressed by the service.",
      remedy: "Leave it out; pg_dump writes it with every column unless told --no-toast-compression.",
    },
  ),
  refused(["AT_SetOptions", "AT_ResetOptions"], "ALTER COLUMN ... SET", "ALTER owner SET (n_distinct = 5)", {
    reason: "Columns have no options in Aurora DSQL.",
    remedy: "Leave it out.",
  }),
  refused(
    ["AT_EnableRowSecurity", "AT_DisableRowSecurity", "AT_ForceRowSecurity", "AT_NoForceRowSecurity"],
    "ENABLE ROW SECURITY",
    "ENABLE ROW LEVEL SECURITY",
    {
      mark: "measured",
      reason: "Aurora DSQL has no row level security.",
      remedy: "Give each tenant a schema and a role, or read through views with a condition on the tenant.",
    },
  ),
  refused(["AT_ReplicaIdentity"], "REPLICA IDENTITY", "REPLICA IDENTITY FULL", {
    reason: "Aurora DSQL has no logical replication.",
    remedy: "Use the service's change data capture.",
  }),
  refused(
    ["AT_EnableRule", "AT_EnableAlwaysRule", "AT_EnableReplicaRule"],
    "ENABLE RULE",
    "ENABLE RULE a",
    noRules,
  ),
  refused(["AT_DisableRule"], "DISABLE RULE", "DISABLE RULE a", noRules),
  refused(
    // ENABLE ALWAYS and ENABLE REPLICA TRIGGER are known to AWS's lint: PostgreSQL finds no trigger of the name.
    ["AT_EnableTrig"],
    "ENABLE TRIGGER",
    "ENABLE TRIGGER a",
    noTriggers,
  ),
  refused(["AT_DisableTrig"], "DISABLE TRIGGER", "DISABLE TRIGGER a", noTriggers),
  refused(["AT_AddInherit"], "INHERIT", "INHERIT transfer", noInheritance),
  refused(["AT_DropInherit"], "NO INHERIT", "NO INHERIT transfer", noInheritance),
  refused(["AT_AddOf"], "OF", "OF kind", noTypedTables),
  refused(["AT_DropOf"], "NOT OF", "NOT OF", noTypedTables),
  refused(["AT_AttachPartition"], "ATTACH PARTITION", "ATTACH PARTITION transfer DEFAULT", noPartitions),
  refused(
    ["AT_DetachPartition", "AT_DetachPartitionFinalize"],
    "DETACH PARTITION",
    "DETACH PARTITION transfer",
    noPartitions,
  ),
  refused(["AT_SetRelOptions"], "SET", "SET (fillfactor = 90)", {
    ...noStorageOptions,
    viewsMay: true,
  }),
  refused(["AT_ResetRelOptions"], "RESET", "RESET (fillfactor)", {
    ...noStorageOptions,
    viewsMay: true,
  }),
  refused(["AT_ClusterOn"], "CLUSTER ON", "CLUSTER ON account_pkey", {
    reason: "A table is stored in the order of its primary key.",
    remedy: "Choose the primary key by which rows are read together.",
  }),
  refused(["AT_DropCluster"], "SET WITHOUT CLUSTER", "SET WITHOUT CLUSTER", noStorageOptions),
  refused(["AT_SetTableSpace"], "SET TABLESPACE", "SET TABLESPACE fast", {
    reason: "Aurora DSQL has no tablespaces.",
    remedy: "Leave it out.",
  }),
  refused(["AT_SetAccessMethod"], "SET ACCESS METHOD", "SET ACCESS METHOD heap", {
    reason: "Tables have one access method.",
    remedy: "Leave it out.",
  }),
  refused(["AT_SetLogged"], "SET LOGGED", "SET LOGGED", {
    reason: "Every table is durable.",
    remedy: "Leave it out.",
  }),
  refused(["AT_SetUnLogged"], "SET UNLOGGED", "SET UNLOGGED", {
    reason: "Every table is durable.",
    remedy: "Leave it out.",
  }),
];

const rebuild = "Make a new table, copy the rows in batches of at most 3,000, drop the old one and rename.";

const added = (subtype: string, words: string, example: string, until: string, mark: Mark): AddedAction => ({
  id: idOf(words),
  subtype,
  words,
  example: `ALTER TABLE account ${example}`,
  reason: `ALTER TABLE takes ${words.replace("ALTER COLUMN ... ", "")} since ${until}.`,
  remedy: rebuild,
  until,
  mark,
});

export const addedAlterTableActions: readonly AddedAction[] = [
  added("AT_DropColumn", "DROP COLUMN", "DROP COLUMN balance", "2026-08-03", "measured"),
  added(
    "AT_ColumnDefault",
    "ALTER COLUMN ... SET DEFAULT",
    "ALTER balance SET DEFAULT 0",
    "2026-07-06",
    "unsure",
  ),
  added(
    "AT_DropNotNull",
    "ALTER COLUMN ... DROP NOT NULL",
    "ALTER owner DROP NOT NULL",
    "2026-07-06",
    "unsure",
  ),
  added(
    "AT_DropExpression",
    "ALTER COLUMN ... DROP EXPRESSION",
    "ALTER a DROP EXPRESSION",
    "2026-07-06",
    "unsure",
  ),
  added(
    "AT_SetStorage",
    "ALTER COLUMN ... SET STORAGE",
    "ALTER owner SET STORAGE MAIN",
    "2026-07-06",
    "unsure",
  ),
  added(
    "AT_AddIdentity",
    "ALTER COLUMN ... ADD IDENTITY",
    "ALTER id ADD GENERATED ALWAYS AS IDENTITY (CACHE 1)",
    "2026-07-06",
    "unsure",
  ),
  added("AT_SetIdentity", "ALTER COLUMN ... SET IDENTITY", "ALTER id RESTART WITH 5", "2026-07-06", "unsure"),
  added(
    "AT_DropIdentity",
    "ALTER COLUMN ... DROP IDENTITY",
    "ALTER id DROP IDENTITY",
    "2026-07-06",
    "unsure",
  ),
  added("AT_DropConstraint", "DROP CONSTRAINT", "DROP CONSTRAINT rich", "2026-08-03", "unsure"),
  added(
    "AT_AlterConstraint",
    "ALTER CONSTRAINT",
    "ALTER CONSTRAINT owned DEFERRABLE",
    "2026-08-26",
    "unsure",
  ),
];
