/**
 * Which rows a transaction has lost on: those that its statement means in its own snapshot, and that a transaction has changed
 * whose commit the snapshot does not show. PostgreSQL keeps who in the row's `xmax`.
 *
 * It is asked once the transaction has lost, so nothing depends on the answer. Where PostgreSQL cannot tell, nothing is guessed.
 */
import type { Range } from "@dsql-local/sql";
import type { ErrorFieldMap } from "../../wire/index.ts";
import { PostgresError } from "../../backend/index.ts";
import { qualifiedName, quoteName, type Table } from "../../catalog/index.ts";
import type { Execution } from "../exchange/execution.ts";
import { postgresConflict } from "../exchange/postgres-errors.ts";
import type { Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import { answer } from "../shadow/answer.ts";

export interface LostOn {
  readonly relation: string;
  readonly rows: readonly Readonly<Record<string, string>>[] | undefined;
}

/** Rows told of one loss. */
const rowsMax = 10;

/**
 * @param refused - PostgreSQL's error, where it was about a key
 * @returns undefined for a statement that has no table to write
 */
export async function lostOn(
  services: Pick<TransactionServices, "catalog">,
  hold: Hold,
  execution: Execution,
  context: { readonly searchPath: readonly string[]; readonly refused: ErrorFieldMap | undefined },
): Promise<LostOn | undefined> {
  const { statement } = execution;
  if (statement.kind !== "write") return undefined;
  const { dml, relations } = statement.analysis;
  const target = dml?.target ?? relations.find(({ role }) => role === "target");
  if (target === undefined) return undefined;
  const relation = target.name;
  const refusedRow = rowOfRefusedKey(context.refused);
  if (refusedRow !== undefined) return { relation, rows: [refusedRow] };
  const table = await services.catalog.table(target, context.searchPath);
  if (table === undefined || table.primaryKey.length === 0) return { relation, rows: undefined };
  const text = changedSinceText(execution, table);
  if (text === undefined) return { relation, rows: undefined };
  await hold.toSettings();
  const rows = await ask(hold, execution, { text, table });
  return { relation, rows: rows.length === 0 ? undefined : rows };
}

/** The statement as a SELECT of the keys that it means, and that another has changed since. */
function changedSinceText({ statement }: Execution, table: Table): string | undefined {
  if (statement.kind !== "write") return undefined;
  const { command, dml } = statement.analysis;
  if (dml === undefined || (command !== "update" && command !== "delete")) return undefined;
  const { text } = statement;
  const part = (range: Range | undefined): string =>
    range === undefined ? "" : text.slice(range.start, range.end);
  const name = quoteName(dml.target.alias ?? dml.target.name);
  const keys = table.primaryKey.map((column) => `${name}.${quoteName(column)}::text`);
  const changer = `${name}.xmax::text::pg_catalog.xid8`;
  const others = dml.from === undefined ? "" : `, ${part(dml.from)}`;
  const where = dml.where === undefined ? "true" : part(dml.where);
  // Looked at in this order, since the status of a transaction that never was is an error.
  const isNewer =
    `CASE WHEN ${name}.xmax::text = '0' THEN false ` +
    `WHEN pg_catalog.pg_visible_in_snapshot(${changer}, pg_catalog.pg_current_snapshot()) THEN false ` +
    `ELSE pg_catalog.pg_xact_status(${changer}) = 'committed' END`;
  return (
    `${part(dml.with)} SELECT ${keys.join(", ")} FROM ${qualifiedName(table)} AS ${name}${others} ` +
    `WHERE (${where}) AND ${isNewer} LIMIT ${rowsMax}`
  );
}

async function ask(
  hold: Hold,
  execution: Execution,
  { text, table }: { text: string; table: Table },
): Promise<readonly Readonly<Record<string, string>>[]> {
  const given = await answer(hold, execution, { text, ownColumns: table.primaryKey.length, hasRows: false });
  if (given.result.kind === "error") throw new PostgresError(given.result.fields);
  return given.own.map((row) =>
    Object.fromEntries(table.primaryKey.map((column, place) => [column, row[place] ?? ""])),
  );
}

/** `Key (id)=(7) already exists.`, of a key of one column: of several, a value could not be told from the next. */
function rowOfRefusedKey(fields: ErrorFieldMap | undefined): Record<string, string> | undefined {
  if (fields?.get("C") !== postgresConflict.uniqueKey) return undefined;
  const [, column, value] =
    /^Key \(("(?:[^"]|"")+"|[^,()"]+)\)=\((.*)\) already exists\.$/s.exec(fields.get("D") ?? "") ?? [];
  if (column === undefined || value === undefined) return undefined;
  return { [column.replace(/^"(.*)"$/s, "$1").replaceAll('""', '"')]: value };
}
