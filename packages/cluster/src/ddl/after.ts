/**
 * What the service refuses of a DDL statement that PostgreSQL has taken: types and counts that only its result shows, as
 * with LIKE, domains and identity columns. The statement's transaction fails then, so nothing of it stays.
 *
 * Source: Aurora DSQL User Guide, "Quotas and limits", "Supported data types"; AWS Labs' DSQL skill (measured).
 * Tests: test/ddl-checks.test.ts.
 */
import { limits as facts } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { DdlShape, ObjectName } from "../sql/index.ts";
import type { CheckContext } from "./before.ts";
import { limitError, requireWithin } from "./limit-error.ts";
import { type ColumnFacts, schemasOf, type TableFacts, tableFacts } from "./table-facts.ts";
import { countOf } from "./user-objects.ts";

/** @throws {SqlError} the service refuses the statement */
export async function checkAfter(context: CheckContext, shape: DdlShape): Promise<void> {
  const { ask, limits, searchPath } = context;
  for (const name of shape.definesTables) {
    const table = await tableFacts(ask, name, searchPath);
    if (table !== undefined) checkTable(context, table);
  }
  for (const name of shape.definesViews) await checkView(context, name);
  if (shape.describedTable !== undefined) {
    const table = await tableFacts(ask, shape.describedTable, searchPath);
    requireWithin(limits, "statisticsPerTableMax", table?.statistics ?? 0);
  }
  await checkCounts(context, shape);
}

function checkTable(context: CheckContext, table: TableFacts): void {
  const { limits, parser } = context;
  for (const { type } of table.columns) raise(parser.refuseColumnType(type));
  for (const key of table.keys) checkKey(context, key);
  requireWithin(limits, "indexesPerTableMax", table.keys.length);
  if (table.columns.length > limits.columnsPerTableMax) throw tooManyColumns(context, table);
}

/** Each key of a table is held against the same rules, whichever statement made it. @throws {SqlError} */
export function checkKey({ limits, parser }: CheckContext, key: readonly ColumnFacts[]): void {
  for (const { type } of key) raise(parser.refuseKeyType(type));
  requireWithin(limits, "columnsPerKeyMax", key.length);
}

/** The other columns are stored in the primary key's index, so there it is that which is too wide. */
function tooManyColumns({ limits }: CheckContext, table: TableFacts): SqlError {
  const error = limitError(limits, "columnsPerTableMax");
  if (table.primaryKey.length === 0) return error;
  return error.with({
    message: `cannot use more than ${facts.columnsPerTableMax.value} columns in an index`,
  });
}

async function checkView({ ask, limits, searchPath }: CheckContext, name: ObjectName): Promise<void> {
  // Measured: the limit is on the internal form, so 131 KiB of literals meet it as 524 KiB of names do.
  const rows = await ask(
    `SELECT pg_catalog.octet_length(r.ev_action::pg_catalog.text)
     FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS path(schema, place)
     JOIN pg_catalog.pg_namespace n ON n.nspname = path.schema
     JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::pg_catalog.text
     JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
     WHERE c.relkind = 'v' ORDER BY path.place LIMIT 1`,
    [schemasOf(name, searchPath), name.name],
  );
  requireWithin(limits, "viewDefinitionBytesMax", Number(rows[0]?.[0] ?? 0));
}

async function checkCounts({ ask, limits }: CheckContext, shape: DdlShape): Promise<void> {
  const count = async (kind: "r" | "v" | "S"): Promise<number> =>
    Number((await ask(countOf(kind), []))[0]?.[0]);
  if (shape.createsTable) requireWithin(limits, "tablesMax", await count("r"));
  if (shape.definesViews.length > 0) requireWithin(limits, "viewsMax", await count("v"));
  if (shape.createsSequence) requireWithin(limits, "sequencesMax", await count("S"));
}

function raise(refusal: ConstructorParameters<typeof SqlError>[0] | undefined): void {
  if (refusal !== undefined) throw new SqlError(refusal);
}
