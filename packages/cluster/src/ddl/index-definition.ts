/**
 * Checks a CREATE INDEX ASYNC at the statement, as the service does, and fixes the index's name: what comes after is
 * background work that can only fail on the data.
 *
 * PostgreSQL itself judges the definition, on an empty temporary copy of the table, and names an index without a name.
 */
import { applyEdits, lex } from "@dsql-local/sql";
import { SqlError } from "../base/index.ts";
import type { JobTask } from "../jobs/index.ts";
import { type Statement } from "../sql/index.ts";
import { quoteName, textArray } from "../catalog/index.ts";
import type { Transaction } from "../transaction/index.ts";
import { checkKey } from "./after.ts";
import type { CheckContext } from "./before.ts";
import { keyTypeError } from "./key-type-error.ts";
import { requireWithin } from "./limit-error.ts";
import { tableFacts } from "./table-facts.ts";

export interface IndexContext extends CheckContext {
  /** Builds that wait for another one: their indexes have a name, but are not in the catalog yet. */
  readonly unbegun: readonly JobTask[];
}

export type IndexStatement = Extract<Statement, { kind: "createIndexAsync" }>;

/**
 * @returns what the job has to do; undefined when the index exists and IF NOT EXISTS was said
 * @throws {SqlError} the table or a column is missing, the name is taken, the definition is refused
 */
export async function defineIndex(
  transaction: Transaction,
  statement: IndexStatement,
  context: IndexContext,
): Promise<JobTask | undefined> {
  const { schema, table } = await findTable(transaction, statement, context.searchPath);
  const isTaken = async (name: string): Promise<boolean> =>
    context.unbegun.some((build) => build.schema === schema && build.name === name) ||
    (await isInCatalog(transaction, schema, name));
  if (statement.index !== undefined && (await isTaken(statement.index))) {
    if (statement.ifNotExists) return undefined;
    throw new SqlError({ sqlstate: "42P07", message: `relation "${statement.index}" already exists` });
  }
  await tryOnCopy(transaction, statement, { schema, table });
  await checkCopy(context, { schema, table });
  await transaction.checkNewKeys();
  const name = statement.index ?? (await generatedName(transaction, table, isTaken));
  // The copy has served, and holds no lock any more.
  await transaction.undo();
  const target = `${quoteName(schema)}.${quoteName(table)}`;
  return {
    type: "INDEX_BUILD",
    schema,
    table,
    name,
    statement: named(onTable(statement, statement.concurrentText, target), statement, name),
  };
}

interface Place {
  readonly schema: string;
  readonly table: string;
}

async function tryOnCopy(
  transaction: Transaction,
  statement: IndexStatement,
  { schema, table }: Place,
): Promise<void> {
  const copy = `pg_temp.${quoteName(table)}`;
  await transaction.request(
    `CREATE TEMP TABLE ${quoteName(table)} (LIKE ${quoteName(schema)}.${quoteName(table)} INCLUDING GENERATED) ON COMMIT DROP`,
  );
  try {
    await transaction.request(onTable(statement, statement.text, copy));
  } catch (error) {
    throw keyTypeError(error);
  }
}

/** What the service refuses of a definition that PostgreSQL takes. */
async function checkCopy(context: IndexContext, { schema, table }: Place): Promise<void> {
  const [temporary] = await context.ask("SELECT pg_catalog.pg_my_temp_schema()::pg_catalog.regnamespace", []);
  const copy = await tableFacts(context.ask, { schema: temporary?.[0] ?? "", name: table }, []);
  for (const key of copy?.keys ?? []) checkKey(context, key);
  const waiting = context.unbegun.filter((build) => build.schema === schema && build.table === table);
  const names = textArray(waiting.map(({ name }) => name));
  const [count] = await context.ask(indexCount, [schema, table, names]);
  requireWithin(context.limits, "indexesPerTableMax", Number(count?.[0]) + 1);
}

/** Invalid ones count, and those whose build waits. */
const indexCount = `
SELECT pg_catalog.count(*) FROM (
  SELECT i.relname
  FROM pg_catalog.pg_namespace n
  JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = $2::pg_catalog.text
  JOIN pg_catalog.pg_index x ON x.indrelid = t.oid
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  WHERE n.nspname = $1::pg_catalog.text
  UNION SELECT unnest FROM pg_catalog.unnest($3::pg_catalog.text[])) AS names`;

async function findTable(
  transaction: Transaction,
  statement: IndexStatement,
  searchPath: readonly string[],
): Promise<{ schema: string; table: string }> {
  const { schema, name } = statement.table;
  const schemas = schema === undefined ? searchPath : [schema];
  const rows = await transaction.request(
    `SELECT n.nspname, c.relkind, pg_catalog.pg_has_role(c.relowner, 'USAGE')
     FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS path(schema, place)
     JOIN pg_catalog.pg_namespace n ON n.nspname = path.schema
     JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::pg_catalog.text
     ORDER BY path.place LIMIT 1`,
    [`{${schemas.map((one) => JSON.stringify(one)).join(",")}}`, name],
  );
  const [foundSchema, kind, isOwner] = rows[0] ?? [];
  if (foundSchema === undefined || foundSchema === null) {
    const shown = schema === undefined ? name : `${schema}.${name}`;
    throw new SqlError({ sqlstate: "42P01", message: `relation "${shown}" does not exist` });
  }
  if (kind !== "r") {
    throw new SqlError({ sqlstate: "42809", message: `cannot create index on relation "${name}"` });
  }
  if (isOwner !== "t") throw new SqlError({ sqlstate: "42501", message: `must be owner of table ${name}` });
  return { schema: foundSchema, table: name };
}

async function isInCatalog(transaction: Transaction, schema: string, name: string): Promise<boolean> {
  const rows = await transaction.request(
    "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
    [schema, name],
  );
  return rows.length > 0;
}

/** The name that PostgreSQL chose on the copy, with a number where the real schema has it already. */
async function generatedName(
  transaction: Transaction,
  table: string,
  isTaken: (name: string) => Promise<boolean>,
): Promise<string> {
  const rows = await transaction.request(
    `SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = pg_catalog.to_regclass('pg_temp.' || pg_catalog.quote_ident($1))`,
    [table],
  );
  const chosen = rows[0]?.[0] ?? `${table}_idx`;
  let name = chosen;
  for (let number = 1; await isTaken(name); number++) name = `${chosen}${number}`;
  return name;
}

/** The statement with the table's name replaced. */
function onTable(statement: IndexStatement, text: string, table: string): string {
  const { start, end } = statement.table;
  // Both texts end alike: they differ in the words behind INDEX only.
  const fromEnd = statement.text.length - end;
  const length = end - start;
  const at = text.length - fromEnd;
  return applyEdits(text, [{ start: at - length, end: at, text: table }]);
}

function named(text: string, statement: IndexStatement, index: string): string {
  if (statement.index !== undefined) return text;
  const on = lex(text).find(
    (lexeme) => lexeme.kind === "word" && /^on$/i.test(text.slice(lexeme.start, lexeme.end)),
  );
  if (on === undefined) return text;
  return applyEdits(text, [{ start: on.start, end: on.start, text: `${quoteName(index)} ` }]);
}
