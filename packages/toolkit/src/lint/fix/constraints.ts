/** Fixes of ALTER TABLE … ADD CONSTRAINT, of its validation, and of DO blocks around it. Tests: fix.test.ts. */
import { listOf, namesOf, type TreeNode } from "@dsql-local/spec";
import { quoteName } from "@dsql-local/sql";
import { as, textOf } from "../check/nodes.ts";
import { wordOf } from "../check/place.ts";
import type { ParsedStatement } from "../read/statement.ts";
import { type Fixer, indexAt, indexOfWord, insertion, lexemeAt, textAt } from "./fix.ts";

const validateAsync: Fixer = ({ statement }) => {
  if (listOf(statement.subject.fields["cmds"]).length !== 1) return undefined;
  const index = indexOfWord(statement, ["TABLE"], { depth: 0 });
  return {
    edits: [insertion(lexemeAt(statement, index).end, " ASYNC")],
    what: "inserts ASYNC",
    warning: jobWarning,
  };
};

const jobWarning =
  "it returns a job_id; the constraint is valid when CALL sys.wait_for_job(job_id) says true";

/** NOT VALID, and a statement that validates it. */
const addNotValid: Fixer = ({ statement, node }) => {
  const constraint = as(node["def"], "Constraint");
  if (listOf(statement.subject.fields["cmds"]).length !== 1 || constraint === undefined) return undefined;
  const table = tableAsWritten(statement);
  const name = textOf(constraint["conname"]);
  const given = name ?? generatedName(table, constraint);
  const end = lexemeAt(statement, statement.lexemes.length - 1).end;
  const validate = `;\nALTER TABLE ASYNC ${table} VALIDATE CONSTRAINT ${quoted(given)}`;
  const naming = name === undefined ? [nameConstraint(statement, constraint, given)] : [];
  return {
    edits: [...naming, insertion(end, ` NOT VALID${validate}`)],
    what: "adds NOT VALID, and ALTER TABLE ASYNC … VALIDATE CONSTRAINT in a transaction of its own",
    warning: jobWarning,
  };
};

const nameConstraint = (
  statement: ParsedStatement,
  constraint: TreeNode,
  name: string,
): ReturnType<typeof insertion> =>
  insertion(
    lexemeAt(statement, indexAt(statement, constraint["location"])).start,
    `CONSTRAINT ${quoted(name)} `,
  );

/** A unique index first, then the constraint that uses it. */
const uniqueByIndex: Fixer = ({ statement, node, refuses }) => {
  const constraint = as(node["def"], "Constraint");
  if (listOf(statement.subject.fields["cmds"]).length !== 1 || constraint === undefined) return undefined;
  const table = tableAsWritten(statement);
  const name = quoted(textOf(constraint["conname"]) ?? generatedName(table, constraint));
  const columns = namesOf(constraint["keys"]).map(quoted).join(", ");
  const isPlain = constraint["including"] === undefined && constraint["nulls_not_distinct"] !== true;
  if (!isPlain || columns === "") return undefined;
  const index = `CREATE UNIQUE INDEX ASYNC ${name} ON ${table} (${columns})`;
  const rest = `;\nALTER TABLE ${table} ADD CONSTRAINT ${name} UNIQUE USING INDEX ${name}`;
  const isLate = refuses("add-unique-using-index");
  return {
    edits: [{ start: 0, end: statement.text.length, text: isLate ? index : index + rest }],
    what: isLate ? "writes a unique index" : "writes a unique index, and a constraint that uses it",
    warning: "CALL sys.wait_for_job(job_id) before the constraint: it takes a valid index only",
  };
};

/** `schema.table` between ALTER TABLE and its first action, as written. */
function tableAsWritten(statement: ParsedStatement): string {
  let at = indexOfWord(statement, ["TABLE"], { depth: 0 }) + 1;
  const word = (): string => wordOf(statement, lexemeAt(statement, at));
  if (word() === "IF") at += 2;
  if (word() === "ONLY") at += 1;
  const first = at;
  while (textAt(statement, at + 1) === ".") at += 2;
  return statement.text.slice(lexemeAt(statement, first).start, lexemeAt(statement, at).end);
}

/** As PostgreSQL would name it: `child_parent_id_fkey`. */
function generatedName(table: string, constraint: TreeNode): string {
  const bare = table.split(".").at(-1)?.replaceAll('"', "") ?? "";
  const contype = constraint["contype"];
  const columns = namesOf(contype === "CONSTR_FOREIGN" ? constraint["fk_attrs"] : constraint["keys"]);
  const suffix = contype === "CONSTR_FOREIGN" ? "fkey" : contype === "CONSTR_UNIQUE" ? "key" : "check";
  return [bare, ...columns, suffix].join("_").slice(0, 63);
}

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteName(name));

/**
 * drizzle-kit once wrote `DO $$ BEGIN ALTER TABLE … ADD CONSTRAINT …; EXCEPTION WHEN duplicate_object THEN null; END $$`.
 * The statement in it is what is left.
 */
const unwrapDo: Fixer = ({ statement }) => {
  const inner =
    /^DO\s+(\$\w*\$)\s*BEGIN\s+(ALTER\s+TABLE\s[^;]*);\s*EXCEPTION\s+WHEN\s+duplicate_object\s+THEN\s+null;\s*END\s*;?\s*\1$/i.exec(
      statement.text,
    )?.[2];
  if (inner === undefined) return undefined;
  return {
    edits: [{ start: 0, end: statement.text.length, text: inner.trim() }],
    what: "takes ALTER TABLE out of the DO block",
    warning: "it fails when the constraint is there already",
  };
};

export const constraintFixers: Readonly<Record<string, Fixer>> = {
  "validate-constraint": validateAsync,
  "add-check": addNotValid,
  "add-foreign-key": addNotValid,
  "add-unique": uniqueByIndex,
  do: unwrapDo,
};
