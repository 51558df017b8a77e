/** The table that is loaded: found in the catalog or made, and the statement that inserts a chunk into it. */
import type { Pool, QueryResultRow } from "pg";
import { UsageError } from "../errors.ts";
import { quoteIdentifier, quoteList, quoteTable } from "../identifiers.ts";
import { retryConflicts } from "../retry.ts";
import type { OnConflict } from "./options.ts";
import type { Row } from "./records.ts";

export interface Target {
  readonly table: string;
  readonly columns: readonly string[];
  /** As the catalog names them, without length or precision. */
  readonly types: readonly string[];
  readonly onConflict: OnConflict;
  readonly primaryKey: readonly string[];
}

/** A type that is written into SQL: words and, in parentheses, one or two numbers. */
const typePattern = /^[a-z][a-z0-9_ ]*(\(\d+(,\s*-?\d+)?\))?$/i;

export interface TableToCreate {
  readonly table: string | readonly string[];
  readonly columns: readonly string[];
  readonly types: readonly string[];
  readonly primaryKey: readonly string[];
}

export async function createTable(pool: Pool, wanted: TableToCreate): Promise<void> {
  await autocommit(pool, createTableStatement(wanted));
}

/** @throws {UsageError} a type is more than a name */
export function createTableStatement(wanted: TableToCreate): string {
  const columns = wanted.columns.map((column, index) => {
    const type = wanted.types[index] ?? "text";
    if (!typePattern.test(type))
      throw new UsageError(`column ${column} has no type that could be written into SQL`);
    return `${quoteIdentifier(column)} ${type}`;
  });
  if (wanted.primaryKey.length > 0) columns.push(`PRIMARY KEY (${quoteList(wanted.primaryKey)})`);
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(wanted.table)} (${columns.join(", ")})`;
}

/** @returns the names of the table's columns in its order; undefined where there is no such table */
export async function columnsOf(
  pool: Pool,
  table: string | readonly string[],
): Promise<readonly string[] | undefined> {
  const found = await autocommit<{ attname: string }>(
    pool,
    `SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [quoteTable(table)],
  );
  return found.length === 0 ? undefined : found.map(({ attname }) => attname);
}

/** @throws {UsageError} the table is not there, or has not all the columns */
export async function openTarget(
  pool: Pool,
  wanted: Pick<TableToCreate, "table" | "columns"> & {
    readonly onConflict: OnConflict;
    /** Where the names come from the file's first record: what to do if that is a row. */
    readonly hasHeaderNames?: boolean;
  },
): Promise<Target> {
  const table = quoteTable(wanted.table);
  const found = await autocommit<{ name: string; type: string; key: number | null }>(
    pool,
    // The place in the primary key, whose index includes the table's other columns on Aurora DSQL; base types, because a cast
    // to varchar(5) would cut what is too long in silence.
    `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
            array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) AS key
     FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
    [table],
  );
  if (found.length === 0)
    throw new UsageError(`table ${table} does not exist: make it, or have the load create it`);
  const types = wanted.columns.map((column) => {
    const type = found.find(({ name }) => name === column)?.type;
    if (type === undefined) {
      const unlessHeader =
        wanted.hasHeaderNames === true
          ? "; if the first record is a row and not the names of the columns, load with --no-header (header: false)"
          : "";
      throw new UsageError(`table ${table} has no column ${quoteIdentifier(column)}${unlessHeader}`);
    }
    return type;
  });
  const keyed = found
    .filter(({ key }) => key !== null)
    .sort((left, right) => Number(left.key) - Number(right.key));
  const primaryKey = keyed.map(({ name }) => name);
  if (wanted.onConflict === "update" && !primaryKey.every((column) => wanted.columns.includes(column))) {
    throw new UsageError("onConflict update needs every column of the primary key in the file");
  }
  if (wanted.onConflict === "update" && primaryKey.length === 0) {
    throw new UsageError("onConflict update needs a table with a primary key");
  }
  return { table, columns: wanted.columns, types, onConflict: wanted.onConflict, primaryKey };
}

/** Written into the columns by assignment, which checks their length. */
const textTypes = new Set(["text", "character varying", "character", "bpchar"]);

/** One statement for any number of rows, so it is parsed once; each column travels as one array. */
export function insertStatement(target: Target): string {
  const names = target.columns.map((_, index) => `c${index}`);
  const arrays = names.map((_, index) => `$${index + 1}::text[]`).join(", ");
  const values = names.map((name, index) => {
    const type = target.types[index] ?? "text";
    return textTypes.has(type) ? name : `${name}::${type}`;
  });
  return (
    `INSERT INTO ${target.table} (${quoteList(target.columns)}) ` +
    `SELECT ${values.join(", ")} FROM unnest(${arrays}) AS chunk(${names.join(", ")})${conflictClause(target)}`
  );
}

export function insertValues(target: Target, rows: readonly Row[]): (string | null)[][] {
  return target.columns.map((_, index) => rows.map((row) => row.values[index] ?? null));
}

function conflictClause({ onConflict, columns, primaryKey }: Target): string {
  if (onConflict === "error") return "";
  const others = columns.filter((column) => !primaryKey.includes(column));
  if (onConflict === "ignore" || others.length === 0) return " ON CONFLICT DO NOTHING";
  const changes = others.map((column) => `${quoteIdentifier(column)} = EXCLUDED.${quoteIdentifier(column)}`);
  return ` ON CONFLICT (${quoteList(primaryKey)}) DO UPDATE SET ${changes.join(", ")}`;
}

export async function countRows(pool: Pool, target: Target): Promise<number> {
  const [row] = await autocommit<{ count: string }>(pool, `SELECT count(*) FROM ${target.table}`);
  return Number(row?.count);
}

/** A statement in a transaction of its own, again when the schema has just changed. */
export async function autocommit<Found extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: unknown[] = [],
): Promise<Found[]> {
  return await retryConflicts(async () => (await pool.query<Found>(text, values)).rows);
}
