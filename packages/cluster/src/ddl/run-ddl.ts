/**
 * Runs a DDL statement in its transaction, between the checks that need the catalog.
 *
 * Tests: test/ddl-checks.test.ts, test/jobs-and-ddl.test.ts.
 */
import { SqlError } from "../base/index.ts";
import type { Job, JobTask } from "../jobs/index.ts";
import type { Statement } from "../sql/index.ts";
import { quoteName } from "../catalog/index.ts";
import { answerWith, type Outcome, type Sink, type Transaction } from "../transaction/index.ts";
import { checkAfter } from "./after.ts";
import { checkBefore, type CheckContext } from "./before.ts";
import { checkContext, type DdlContext } from "./context.ts";
import { keyTypeError } from "./key-type-error.ts";
import { schemasOf, tableFacts } from "./table-facts.ts";

export type DdlStatement = Extract<Statement, { kind: "ddl" }>;

/**
 * @param run - has PostgreSQL run the statement within the block's transaction
 * @throws {SqlError} the service or PostgreSQL refuses it
 */
export async function runDdl(
  context: DdlContext,
  statement: DdlStatement,
  sink: Sink,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const transaction = context.block.enter();
  const { relations, shape, command } = statement;
  const isCreation = command.startsWith("CREATE ");
  transaction.noteCatalogChange(relations === undefined ? undefined : new Set(relations), isCreation);
  // Before the transaction has begun: a build that ends now would be a change that it loses to.
  await holdJobs(context, statement);
  if (await cancelUnbegun(context, statement, transaction)) return answerWith(sink, { tag: command });
  const check = checkContext(context, transaction);
  await checkBefore(check, shape);
  if (statement.unless !== undefined) await requireEmpty(check, statement);
  const outcome = await run().catch((error: unknown) => {
    throw keyTypeError(error);
  });
  if (transaction.state === "active") await checkAfter(check, shape);
  const { jobs } = context.services;
  if (command.startsWith("DROP ")) transaction.afterCommit(() => jobs.removeOld());
  return outcome;
}

/** Without ASYNC an index is built on an empty table only. @throws {SqlError} 0A000 */
async function requireEmpty({ ask, searchPath }: CheckContext, statement: DdlStatement): Promise<void> {
  const { indexedTable } = statement.shape;
  const table = indexedTable && (await tableFacts(ask, indexedTable, searchPath));
  if (table === undefined || statement.refusal === undefined) return; // PostgreSQL says what is wrong.
  const rows = await ask(`SELECT FROM ${quoteName(table.schema)}.${quoteName(table.name)} LIMIT 1`, []);
  if (rows.length > 0) throw new SqlError(statement.refusal);
}

/** An index whose build waits for another one is not in the catalog yet: DROP INDEX cancels it without PostgreSQL. */
async function cancelUnbegun(
  { block, services: { jobs } }: DdlContext,
  { shape }: DdlStatement,
  transaction: Transaction,
): Promise<boolean> {
  if (shape.drops?.kind !== "INDEX" || !jobs.isBusy) return false;
  const { objects } = shape.drops;
  const found = objects.map(({ schema, name }) =>
    jobs.unbegun((task) => isIndex(task, name) && (schema === undefined || schema === task.schema)),
  );
  if (found.some((each) => each.length === 0)) return false;
  const waiting: readonly Job[] = found.flat();
  // Without a statement there would be no transaction to commit.
  await transaction.request("SELECT");
  block.whenOver(await jobs.keepOff((task) => waiting.some(({ name }) => isIndex(task, name))));
  transaction.afterCommit(() => jobs.cancel(waiting));
  return true;
}

function isIndex(task: JobTask, name: string): boolean {
  return task.type === "INDEX_BUILD" && task.name === name;
}

async function holdJobs(context: DdlContext, statement: DdlStatement): Promise<void> {
  const { jobs } = context.services;
  if (!jobs.isBusy) return;
  const tables = await tablesOf(context, statement);
  context.block.whenOver(await jobs.keepOff((task) => tables?.has(task.table) ?? true));
}

/** @returns names of the tables that the statement may lock; undefined: any */
async function tablesOf(
  { services, block, role }: DdlContext,
  { relations, shape }: DdlStatement,
): Promise<ReadonlySet<string> | undefined> {
  if (shape.drops?.kind !== "INDEX") return relations && new Set(relations);
  const searchPath = block.settingsInForce.searchPath(role);
  const tables = new Set<string>();
  for (const index of shape.drops.objects) {
    const values = [schemasOf(index, searchPath), index.name];
    const { rows } = await services.coordinator.system.request(tableOfIndex, values);
    for (const [table] of rows) tables.add(table ?? "");
  }
  return tables;
}

const tableOfIndex = `
SELECT t.relname
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::pg_catalog.text
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE n.nspname = ANY ($1::pg_catalog.text[])`;
