import { sources } from "../sources.ts";
import type { Where } from "./match.ts";
import type { Rule } from "./rule.ts";

const action = (id: string, where: Where, more: Partial<Rule> & Pick<Rule, "message" | "mark">): Rule => ({
  id,
  topic: "alter-table",
  match: { node: "AlterTableCmd", anywhere: true, where },
  source: sources.alterTable,
  ...more,
});

const addConstraint = (id: string, constraint: Where, more: Partial<Rule> = {}): Rule =>
  action(
    id,
    {
      subtype: "AT_AddConstraint",
      ...Object.fromEntries(
        Object.entries(constraint).map(([path, condition]) => [`def.Constraint.${path}`, condition]),
      ),
    },
    {
      message: "unsupported ALTER TABLE ADD CONSTRAINT statement",
      mark: "measured",
      source: sources.emulator,
      ...more,
    },
  );

const notValidHint =
  "Add NOT VALID, and then, in a transaction of its own, ALTER TABLE ASYNC … VALIDATE CONSTRAINT.";

/** Actions that the service refuses by name. */
const refused: readonly (readonly [
  subtypes: readonly string[],
  words: string,
  mark: Rule["mark"],
  hint?: string,
])[] = [
  [
    ["AT_AlterColumnType"],
    "ALTER COLUMN ... SET DATA TYPE",
    "measured",
    "Add a column of the new type, fill it in batches of at most 3,000 rows, then drop the old one.",
  ],
  [
    ["AT_SetNotNull"],
    "ALTER COLUMN ... SET NOT NULL",
    "measured",
    "Add CHECK (column IS NOT NULL) NOT VALID, then ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
  ],
  [["AT_SetStatistics"], "ALTER COLUMN ... SET STATISTICS", "measured"],
  [["AT_SetCompression"], "ALTER COLUMN ... SET COMPRESSION", "unsure"],
  [["AT_SetOptions", "AT_ResetOptions"], "ALTER COLUMN ... SET", "unsure"],
  [
    ["AT_EnableRowSecurity", "AT_DisableRowSecurity", "AT_ForceRowSecurity", "AT_NoForceRowSecurity"],
    "ENABLE ROW SECURITY",
    "measured",
  ],
  [["AT_ReplicaIdentity"], "REPLICA IDENTITY", "unsure"],
  [["AT_EnableRule", "AT_EnableAlwaysRule", "AT_EnableReplicaRule"], "ENABLE RULE", "unsure"],
  [["AT_DisableRule"], "DISABLE RULE", "unsure"],
  [["AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig"], "ENABLE TRIGGER", "unsure"],
  [["AT_DisableTrig"], "DISABLE TRIGGER", "unsure"],
  [["AT_AddInherit"], "INHERIT", "unsure"],
  [["AT_DropInherit"], "NO INHERIT", "unsure"],
  [["AT_AddOf"], "OF", "unsure"],
  [["AT_DropOf"], "NOT OF", "unsure"],
  [["AT_AttachPartition"], "ATTACH PARTITION", "unsure"],
  [["AT_DetachPartition", "AT_DetachPartitionFinalize"], "DETACH PARTITION", "unsure"],
  [["AT_SetRelOptions"], "SET", "unsure"],
  [["AT_ResetRelOptions"], "RESET", "unsure"],
  [["AT_ClusterOn"], "CLUSTER ON", "unsure"],
  [["AT_DropCluster"], "SET WITHOUT CLUSTER", "unsure"],
  [["AT_SetTableSpace"], "SET TABLESPACE", "unsure"],
  [["AT_SetAccessMethod"], "SET ACCESS METHOD", "unsure"],
  [["AT_SetLogged"], "SET LOGGED", "unsure"],
  [["AT_SetUnLogged"], "SET UNLOGGED", "unsure"],
];

/** Actions that are taken since a date; the texts before it are by pattern, but for DROP COLUMN's. */
const added: readonly (readonly [subtype: string, words: string, until: string, mark?: Rule["mark"]])[] = [
  ["AT_DropColumn", "DROP COLUMN", "2026-08-03", "measured"],
  ["AT_ColumnDefault", "ALTER COLUMN ... SET DEFAULT", "2026-07-06"],
  ["AT_DropNotNull", "ALTER COLUMN ... DROP NOT NULL", "2026-07-06"],
  ["AT_DropExpression", "ALTER COLUMN ... DROP EXPRESSION", "2026-07-06"],
  ["AT_SetStorage", "ALTER COLUMN ... SET STORAGE", "2026-07-06"],
  ["AT_AddIdentity", "ALTER COLUMN ... ADD IDENTITY", "2026-07-06"],
  ["AT_SetIdentity", "ALTER COLUMN ... SET IDENTITY", "2026-07-06"],
  ["AT_DropIdentity", "ALTER COLUMN ... DROP IDENTITY", "2026-07-06"],
  ["AT_DropConstraint", "DROP CONSTRAINT", "2026-08-03"],
  ["AT_AlterConstraint", "ALTER CONSTRAINT", "2026-08-26"],
];

const idOf = (words: string): string => `alter-table-${words.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;

export const alterTableRules: readonly Rule[] = [
  action(
    "add-column-with-constraint",
    {
      subtype: { oneOf: ["AT_AddColumn", "AT_AddColumnToView"] },
      "def.ColumnDef.constraints": { countAtLeast: 1 },
    },
    {
      message: "ALTER TABLE ADD COLUMN with constraint not supported",
      hint: "Add the column by its name and type alone; set its default with ALTER COLUMN … SET DEFAULT in a second transaction.",
      source: sources.skill,
      mark: "measured",
    },
  ),
  addConstraint(
    "add-primary-key",
    { contype: "CONSTR_PRIMARY" },
    { hint: "A primary key is set in CREATE TABLE only." },
  ),
  addConstraint("add-exclusion-constraint", { contype: "CONSTR_EXCLUSION" }),
  addConstraint(
    "add-unique",
    { contype: "CONSTR_UNIQUE", indexname: { present: false } },
    { hint: "CREATE UNIQUE INDEX ASYNC first; when it is valid, ADD CONSTRAINT … UNIQUE USING INDEX." },
  ),
  addConstraint(
    "add-unique-using-index",
    { contype: "CONSTR_UNIQUE" },
    { until: "2026-04-20", mark: "unsure" },
  ),
  addConstraint(
    "add-check",
    { contype: "CONSTR_CHECK", skip_validation: { present: false } },
    { hint: notValidHint },
  ),
  addConstraint("add-check-not-valid", { contype: "CONSTR_CHECK" }, { until: "2026-08-03" }),
  addConstraint(
    "add-foreign-key",
    { contype: "CONSTR_FOREIGN", skip_validation: { present: false } },
    { hint: notValidHint },
  ),
  addConstraint("add-foreign-key-not-valid", { contype: "CONSTR_FOREIGN" }, { until: "2026-08-26" }),
  {
    id: "validate-constraint",
    topic: "alter-table",
    match: {
      node: "AlterTableCmd",
      anywhere: true,
      isAsync: false,
      where: { subtype: "AT_ValidateConstraint" },
    },
    message: "unsupported ALTER TABLE VALIDATE CONSTRAINT statement",
    hint: "Use ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
    source: sources.emulator,
    mark: "measured",
  },
  ...refused.map(([subtypes, words, mark, hint]) =>
    action(
      idOf(words),
      { subtype: { oneOf: subtypes } },
      { message: `unsupported ALTER TABLE ${words} statement`, mark, ...(hint !== undefined && { hint }) },
    ),
  ),
  ...added.map(([subtype, words, until, mark]) =>
    action(
      idOf(words),
      { subtype },
      { message: `unsupported ALTER TABLE ${words} statement`, mark: mark ?? "unsure", until },
    ),
  ),
];
