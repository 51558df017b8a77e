/**
 * Checks an ALTER TABLE ASYNC … VALIDATE CONSTRAINT at the statement: what comes after is background work that can only
 * fail on the data.
 *
 * Source: Aurora DSQL User Guide, "ALTER TABLE"; the errors are PostgreSQL's.
 */
import { SqlError } from "../base/index.ts";
import type { JobTask } from "../jobs/index.ts";
import type { Statement } from "../sql/index.ts";
import { quoteName } from "../catalog/index.ts";
import { type Ask, schemasOf } from "./table-facts.ts";

export type ValidateStatement = Extract<Statement, { kind: "validateConstraintAsync" }>;

/**
 * @returns what the job has to do; undefined when the table is missing and IF EXISTS was said
 * @throws {SqlError} the table or the constraint is missing, belongs to another role, or cannot be validated
 */
export async function defineValidation(
  ask: Ask,
  statement: ValidateStatement,
  searchPath: readonly string[],
): Promise<JobTask | undefined> {
  const { table, constraint } = statement;
  const found = (await ask(constraintQuery, [schemasOf(table, searchPath), table.name, constraint]))[0];
  if (found === undefined) {
    if (statement.ifExists) return undefined;
    const shown = table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
    throw new SqlError({ sqlstate: "42P01", message: `relation "${shown}" does not exist` });
  }
  const [schema, kind, isOwner, constraintKind] = found;
  const words = `constraint "${constraint}" of relation "${table.name}"`;
  if (kind !== "r") throw new SqlError({ sqlstate: "42809", message: `"${table.name}" is not a table` });
  if (isOwner !== "t") {
    throw new SqlError({ sqlstate: "42501", message: `must be owner of table ${table.name}` });
  }
  if (constraintKind === null) throw new SqlError({ sqlstate: "42704", message: `${words} does not exist` });
  if (constraintKind !== "c" && constraintKind !== "f") {
    const message = `${words} is not a foreign key or check constraint`;
    throw new SqlError({ sqlstate: "42809", message });
  }
  return taskOf(schema ?? "", table.name, constraint);
}

function taskOf(schema: string, table: string, name: string): JobTask {
  const target = `${quoteName(schema)}.${quoteName(table)}`;
  const statement = `ALTER TABLE ${target} VALIDATE CONSTRAINT ${quoteName(name)}`;
  return { type: "VALIDATE_CONSTRAINT", schema, table, name, statement };
}

const constraintQuery = `
SELECT n.nspname, c.relkind, pg_catalog.pg_has_role(c.relowner, 'USAGE'), k.contype
FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS path(schema, place)
JOIN pg_catalog.pg_namespace n ON n.nspname = path.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::pg_catalog.text
LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.conname = $3::pg_catalog.text
ORDER BY path.place LIMIT 1`;
