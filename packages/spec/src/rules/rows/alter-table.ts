import { sources } from "../../sources.ts";
import type { Where } from "../match.ts";
import { addedAlterTableActions, refusedAlterTableActions } from "./alter-table-actions.ts";
import type { Rule } from "../rule.ts";

type Texts = Pick<Rule, "example" | "reason" | "remedy" | "message" | "mark">;

const action = (id: string, where: Where, more: Partial<Rule> & Texts): Rule => ({
  id,
  topic: "alter-table",
  match: { node: "AlterTableCmd", anywhere: true, where },
  source: sources.alterTable,
  ...more,
});

const addConstraint = (
  id: string,
  constraint: Where,
  more: Partial<Rule> & Pick<Rule, "example" | "reason" | "remedy">,
): Rule =>
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

const notValid = {
  reason:
    "A constraint is added to an existing table without looking at its rows, and checked in the background.",
  remedy:
    "Did you mean NOT VALID? Add it so, and then, in a transaction of its own, ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
};

export const alterTableRules: readonly Rule[] = [
  action(
    "add-column-with-constraint",
    {
      subtype: { oneOf: ["AT_AddColumn", "AT_AddColumnToView"] },
      // A bare NULL constrains nothing.
      "def.ColumnDef.constraints": { some: { "Constraint.contype": { noneOf: ["constr_null"] } } },
    },
    {
      example: "ALTER TABLE account ADD COLUMN note text DEFAULT ''",
      reason:
        "ADD COLUMN takes a name, a type and STORAGE only: no default, no NOT NULL, no other constraint.",
      remedy:
        "Add the column by its name and type alone; set its default with ALTER COLUMN … SET DEFAULT in a second transaction, and fill the rows in batches of at most 3,000.",
      message: "ALTER TABLE ADD COLUMN with constraint not supported",
      source: sources.skill,
      mark: "measured",
    },
  ),
  addConstraint(
    "add-primary-key",
    { contype: "CONSTR_PRIMARY" },
    {
      example: "ALTER TABLE account ADD PRIMARY KEY (owner)",
      reason: "The primary key is how a table is stored: it is set in CREATE TABLE and never changes.",
      remedy:
        "A primary key is set in CREATE TABLE only. Make a new table, copy the rows in batches, rename.",
    },
  ),
  addConstraint(
    "add-exclusion-constraint",
    { contype: "CONSTR_EXCLUSION" },
    {
      example: "ALTER TABLE account ADD EXCLUDE USING btree (owner WITH =)",
      reason: "Aurora DSQL has no exclusion constraints.",
      remedy: "Use a unique index on what must not repeat, or check in the transaction under FOR UPDATE.",
    },
  ),
  addConstraint(
    "add-unique",
    { contype: "CONSTR_UNIQUE", indexname: { present: false } },
    {
      example: "ALTER TABLE account ADD UNIQUE (owner)",
      reason: "A unique constraint on an existing table is made from a unique index that was built before.",
      remedy: "CREATE UNIQUE INDEX ASYNC first; when it is valid, ADD CONSTRAINT … UNIQUE USING INDEX.",
    },
  ),
  addConstraint(
    "add-deferrable-unique",
    { contype: "CONSTR_UNIQUE", deferrable: true },
    {
      example: "ALTER TABLE account ADD CONSTRAINT one_owner UNIQUE USING INDEX account_by_owner DEFERRABLE",
      reason: "Only foreign keys can be deferred.",
      remedy: "Leave DEFERRABLE out.",
      message: "ALTER TABLE / ADD CONSTRAINT UNIQUE / DEFERRED / INITIALLY DEFERRED not supported",
      source: sources.ministack,
    },
  ),
  addConstraint(
    "add-unique-using-index",
    { contype: "CONSTR_UNIQUE" },
    {
      example: "ALTER TABLE account ADD CONSTRAINT one_owner UNIQUE USING INDEX account_by_owner",
      reason: "A unique index can become a constraint since April 2026.",
      remedy: "The unique index alone keeps the values apart.",
      until: "2026-04-20",
      mark: "unsure",
    },
  ),
  addConstraint(
    "add-check",
    { contype: "CONSTR_CHECK", skip_validation: { present: false } },
    { example: "ALTER TABLE account ADD CHECK (balance >= 0)", ...notValid },
  ),
  addConstraint(
    "add-check-not-valid",
    { contype: "CONSTR_CHECK" },
    {
      example: "ALTER TABLE account ADD CHECK (balance >= 0) NOT VALID",
      reason: "Constraints can be added to an existing table since 2026-08-03.",
      remedy: "Write the CHECK in CREATE TABLE: make a new table, copy the rows in batches, rename.",
      until: "2026-08-03",
    },
  ),
  addConstraint(
    "add-foreign-key",
    { contype: "CONSTR_FOREIGN", skip_validation: { present: false } },
    { example: "ALTER TABLE transfer ADD FOREIGN KEY (account_id) REFERENCES account", ...notValid },
  ),
  addConstraint(
    "add-foreign-key-not-valid",
    { contype: "CONSTR_FOREIGN" },
    {
      example: "ALTER TABLE transfer ADD FOREIGN KEY (account_id) REFERENCES account NOT VALID",
      reason: "Foreign keys exist since 2026-08-26.",
      remedy: "Keep the reference in the application: read the parent FOR UPDATE before writing the child.",
      until: "2026-08-26",
    },
  ),
  {
    id: "validate-constraint",
    topic: "alter-table",
    match: {
      node: "AlterTableCmd",
      anywhere: true,
      isAsync: false,
      where: { subtype: "AT_ValidateConstraint" },
    },
    example: "ALTER TABLE account VALIDATE CONSTRAINT rich",
    reason: "A constraint is validated in the background: the statement needs the word ASYNC.",
    remedy:
      "Did you mean ALTER TABLE ASYNC … VALIDATE CONSTRAINT? It returns a job_id to wait for with CALL sys.wait_for_job().",
    message: "unsupported ALTER TABLE VALIDATE CONSTRAINT statement",
    source: sources.emulator,
    mark: "measured",
  },
  ...refusedAlterTableActions.map(({ id, subtypes, words, viewsMay = false, ...texts }) => {
    const more = { message: `unsupported ALTER TABLE ${words} statement`, ...texts };
    if (!viewsMay) return action(id, { subtype: { oneOf: subtypes } }, more);
    const where: Where = {
      objtype: { noneOf: ["object_view"] },
      cmds: { some: { "AlterTableCmd.subtype": { oneOf: subtypes } } },
    };
    return { ...action(id, {}, more), match: { node: "AlterTableStmt", where } };
  }),
  ...addedAlterTableActions.map(({ id, subtype, words, ...texts }) =>
    action(id, { subtype }, { message: `unsupported ALTER TABLE ${words} statement`, ...texts }),
  ),
];
