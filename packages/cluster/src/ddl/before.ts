/**
 * What the service refuses before a DDL statement does anything: it would take away a key, make a temporary object, or there
 * are too many schemas.
 *
 * Source: recorded answers of the service; Aurora DSQL User Guide, "ALTER TABLE", "Quotas and limits".
 * Tests: test/ddl-checks.test.ts.
 */
import { errors } from "@dsql-local/spec";
import { type LimitValues, SqlError } from "../base/index.ts";
import type { CreatedObject, DdlShape, ObjectName, SqlParser, TableChange } from "../sql/index.ts";
import { limitError } from "./limit-error.ts";
import { type Ask, type TableFacts, tableFacts } from "./table-facts.ts";
import { userSchemas } from "./user-objects.ts";

export interface CheckContext {
  /** Sees what the statement sees. */
  readonly ask: Ask;
  readonly searchPath: readonly string[];
  readonly limits: LimitValues;
  readonly parser: SqlParser;
}

/** @throws {SqlError} the service refuses the statement */
export async function checkBefore(context: CheckContext, shape: DdlShape): Promise<void> {
  if (shape.createsSchema) await checkSchemas(context);
  if (shape.creates !== undefined) await checkNotTemporary(context, shape.creates);
  if (shape.changes !== undefined) await checkChanges(context, shape.changes.table, shape.changes.actions);
}

/** Measured: the limit is looked at before IF NOT EXISTS. `public` does not count. */
async function checkSchemas({ ask, limits }: CheckContext): Promise<void> {
  const rows = await ask(
    `SELECT pg_catalog.count(*) FROM (${userSchemas}) AS s WHERE s.nspname <> 'public'`,
    [],
  );
  if (Number(rows[0]?.[0]) >= limits.schemasMax) throw limitError(limits, "schemasMax");
}

/** With pg_temp first in the search path PostgreSQL makes temporary objects without the word TEMP. */
async function checkNotTemporary({ ask, searchPath }: CheckContext, creates: CreatedObject): Promise<void> {
  if (creates.schema !== undefined || !searchPath.some((schema) => schema.startsWith("pg_temp"))) return;
  const [row] = await ask("SELECT pg_catalog.current_schema()", []);
  if (row?.[0]?.startsWith("pg_temp") === true) throw SqlError.of(errors.temporaryObject(creates.kind));
}

async function checkChanges(
  { ask, searchPath }: CheckContext,
  name: ObjectName,
  actions: readonly TableChange[],
): Promise<void> {
  const table = await tableFacts(ask, name, searchPath);
  // PostgreSQL says that it is missing, or that it is no table.
  if (table === undefined) return;
  for (const action of actions) checkChange(table, action);
}

function checkChange(table: TableFacts, { does, name }: TableChange): void {
  if (does === "dropColumn") {
    if (table.primaryKey.includes(name)) throw SqlError.of(errors.dropKeyColumn(name));
  } else if (does === "dropConstraint") {
    if (table.primaryKeyName === name) throw SqlError.of(errors.dropPrimaryKey);
  } else {
    const type = table.columns.find((column) => column.name === name)?.type;
    if (type !== undefined && type.name !== "int8") throw SqlError.of(errors.identityType(type.shown));
  }
}
