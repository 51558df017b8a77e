import { limits } from "../limits.ts";
import { sources } from "../sources.ts";
import type { Where } from "./match.ts";
import type { Rule } from "./rule.ts";

const tableClause = (id: string, clause: string, where: Where, mark: Rule["mark"] = "unsure"): Rule => ({
  id,
  topic: "tables",
  // Tables may be made within CREATE SCHEMA.
  match: { node: "CreateStmt", anywhere: true, where },
  message: `${clause} not supported for CREATE TABLE`,
  source: sources.emulator,
  mark,
});

const constraint = (id: string, contype: string, message: string, more: Partial<Rule> = {}): Rule => ({
  id,
  topic: "tables",
  match: { node: "Constraint", anywhere: true, where: { contype } },
  message,
  source: sources.createTable,
  mark: "unsure",
  ...more,
});

const columnCount: Rule = {
  id: "column-count",
  topic: "tables",
  match: {
    node: "DefinedTable",
    anywhere: true,
    where: { columns: { between: [limits.columnsPerTableMax.value + 1, Number.MAX_SAFE_INTEGER] } },
  },
  sqlstate: limits.columnsPerTableMax.sqlstate,
  message: limits.columnsPerTableMax.message,
  source: limits.columnsPerTableMax.source,
  mark: "measured",
};

export const tableRules: readonly Rule[] = [
  {
    ...tableClause(
      "temporary-table",
      "TEMPORARY or TEMP table",
      { "relation.relpersistence": "t" },
      "measured",
    ),
    hint: "Use a CTE, or an ordinary table with a column that tells the sessions apart.",
  },
  tableClause("unlogged-table", "UNLOGGED table", { "relation.relpersistence": "u" }, "measured"),
  tableClause("partition-by", "PARTITION BY clause", { partspec: { present: true } }, "measured"),
  tableClause("partition-of", "PARTITION OF clause", { partbound: { present: true } }, "measured"),
  tableClause("inherits", "INHERITS clause", { inhRelations: { present: true } }),
  tableClause("typed-table", "OF clause", { ofTypename: { present: true } }),
  tableClause("table-access-method", "USING clause", { accessMethod: { present: true } }),
  {
    ...tableClause("table-storage-parameters", "WITH clause", { options: { present: true } }, "measured"),
    source: sources.marc,
  },
  tableClause("on-commit", "ON COMMIT clause", {
    oncommit: { oneOf: ["ONCOMMIT_DROP", "ONCOMMIT_DELETE_ROWS", "ONCOMMIT_PRESERVE_ROWS"] },
  }),
  tableClause("table-tablespace", "TABLESPACE clause", { tablespacename: { present: true } }),
  {
    id: "column-collation",
    topic: "tables",
    match: { node: "ColumnDef", anywhere: true, where: { collClause: { present: true } } },
    message: "COLLATE clause not supported",
    hint: "The collation of every column is C. Write COLLATE in the query where another order is wanted.",
    source: sources.skill,
    mark: "measured",
  },
  {
    id: "column-storage",
    topic: "tables",
    match: { node: "ColumnDef", anywhere: true, where: { storage_name: { present: true } } },
    message: "STORAGE clause not supported",
    source: sources.releases,
    mark: "unsure",
    until: "2026-05-01",
  },
  {
    id: "column-compression",
    topic: "tables",
    match: { node: "ColumnDef", anywhere: true, where: { compression: { present: true } } },
    message: "COMPRESSION clause not supported",
    source: sources.createTable,
    mark: "unsure",
  },
  constraint("exclusion-constraint", "CONSTR_EXCLUSION", "EXCLUDE clause not supported for CREATE TABLE"),
  {
    id: "foreign-key",
    topic: "tables",
    match: { node: "Constraint", anywhere: true, where: { contype: "CONSTR_FOREIGN" } },
    message: "FOREIGN KEY constraint not supported",
    source: sources.foreignKeys,
    mark: "measured",
    until: "2026-08-26",
  },
  {
    id: "deferrable-key",
    topic: "tables",
    match: {
      node: "Constraint",
      anywhere: true,
      where: { contype: { oneOf: ["CONSTR_UNIQUE", "CONSTR_PRIMARY"] }, deferrable: true },
    },
    message: "DEFERRABLE clause not supported for CREATE TABLE",
    source: sources.foreignKeys,
    mark: "unsure",
  },
  {
    id: "deferrable-column-key",
    topic: "tables",
    match: {
      node: "ColumnDef",
      anywhere: true,
      where: {
        constraints: { some: { "Constraint.contype": "CONSTR_ATTR_DEFERRABLE" } },
        // Written after the column, DEFERRABLE is about the constraint before it: a foreign key's is allowed.
        "constraints.0.Constraint.contype": { oneOf: ["CONSTR_UNIQUE", "CONSTR_PRIMARY"] },
      },
    },
    message: "DEFERRABLE clause not supported for CREATE TABLE",
    source: sources.foreignKeys,
    mark: "unsure",
  },
  {
    ...columnCount,
    id: "column-count-with-key",
    match: { ...columnCount.match, where: { ...columnCount.match.where, hasPrimaryKey: true } },
    message: "cannot use more than 256 columns in an index",
  },
  columnCount,
  {
    id: "key-column-count",
    topic: "tables",
    match: {
      node: "Constraint",
      anywhere: true,
      where: { keys: { countAtLeast: limits.columnsPerKeyMax.value + 1 } },
    },
    sqlstate: limits.columnsPerKeyMax.sqlstate,
    message: limits.columnsPerKeyMax.message,
    source: limits.columnsPerKeyMax.source,
    mark: "documented",
  },
];
