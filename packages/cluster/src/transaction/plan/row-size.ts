/**
 * What a written row counts for the limits on keys, values, rows and transactions, and when it has to be measured.
 *
 * PostgreSQL does not say how much a transaction has written. What a client sends is known without asking, and rows of
 * fixed width need no measuring; everything else (UPDATE of wide rows, INSERT … SELECT, functions that make text, large
 * INSERTs) is sent with one result column more, in which PostgreSQL measures each row.
 *
 * Source: AWS Labs' DSQL skill, limits (measured 2026-10): 500 rows may hold 9.93 MiB, or 9.11 MiB with four indexes
 * on 100-byte texts; all columns of a key share 1,981 bytes, 7 fewer with each further column. The costs below follow.
 * Decision: docs/decisions/2026-11-21-sizes-are-counted-from-outside.md. Tests: test/statement-plans.test.ts, test/limits.test.ts.
 */
import type { LimitValues } from "../../base/index.ts";
import type { Analysis } from "../../sql/index.ts";
import { type Column, type Index, quoteName, type Table } from "../../catalog/index.ts";

/** Of a row, besides its values, in bytes. */
export const rowOverheadBytes = 150;
/** Of a row's entry in a secondary index, besides its key, in bytes. */
const indexEntryOverheadBytes = 330;
/** Each column of a key but the first takes so much of the key's budget, in bytes. */
const keyColumnOverheadBytes = 7;

/** A statement that sends less is not measured if the row cannot be larger than what it sends. */
const measuredFromBytes = 64 * 1024;
/** Columns of varying width that hold no more than this together are not measured. */
const narrowBytes = 1_000;

export interface RowSize {
  readonly table: Table;
  /** What each row costs, apart from columns of varying width. */
  readonly bytes: number;
  /** Rows are measured from so many bytes of parameters and literals on; 0: always, Infinity: never. */
  readonly measuredFrom: number;
  /** Measures one row: `bytes of the row, bytes of its largest key, place of a large row`, as text. */
  readonly measure: (alias: string) => string;
}

/** @returns how the rows that a statement writes into a table are counted */
export function rowSizeOf(table: Table, analysis: Analysis, text: string, limits: LimitValues): RowSize {
  const varying = table.columns.filter(({ isFixed }) => !isFixed);
  const widest = varying.reduce((sum, { bytesMax }) => sum + (bytesMax ?? Infinity), 0);
  const wideKeys = wideKeysOf(table, limits);
  const isNarrow = widest <= narrowBytes && wideKeys.length === 0;
  const never = analysis.command === "delete" || isNarrow || varying.length === 0;
  const threshold = measuringThreshold(limits, wideKeys.length > 0);
  return {
    table,
    bytes: fixedBytes(table),
    measuredFrom: never ? Infinity : sendsItsRows(analysis, text) ? threshold : 0,
    measure: measureOf(table, limits),
  };
}

/** @returns as `RowSize.measure` */
export function measureOf(table: Table, limits: LimitValues): RowSize["measure"] {
  const wideKeys = wideKeysOf(table, limits);
  return (alias) => measureExpression(table, wideKeys, limits, alias);
}

/** Indexes whose keys may be too large. */
function wideKeysOf(table: Table, limits: LimitValues): readonly Index[] {
  return table.indexes.filter((index) => widestKey(table, index) > limits.keyBytesMax);
}

function measuringThreshold(limits: LimitValues, hasWideKeys: boolean): number {
  const { keyBytesMax, valueBytesMax, rowBytesMax, bytesPerTransactionMax } = limits;
  const ofRows = Math.min(measuredFromBytes, valueBytesMax, rowBytesMax, bytesPerTransactionMax / 16);
  return hasWideKeys ? Math.min(ofRows, keyBytesMax) : ofRows;
}

/** The rows hold what the client sends and nothing that the statement computes. */
function sendsItsRows({ command, dml, hasSubquery, functions }: Analysis, text: string): boolean {
  if (command === "copyIn") return true;
  const source = dml?.insertSource;
  if (command !== "insert" || source === undefined || dml?.onConflict !== undefined || hasSubquery)
    return false;
  if (!/^(?:values|default)\b/i.test(text.slice(source.start, source.end))) return false;
  return !text.includes("||") && functions.every((name) => smallFunctions.has(name));
}

/** Give values of fixed width. */
const smallFunctions: ReadonlySet<string> = new Set([
  "now",
  "gen_random_uuid",
  "nextval",
  "random",
  "clock_timestamp",
  "statement_timestamp",
  "transaction_timestamp",
  "current_timestamp",
  "current_date",
]);

function fixedBytes(table: Table): number {
  const ofFixed = (columns: readonly Column[]): number =>
    columns.reduce((sum, { isFixed, bytesMax }) => sum + (isFixed ? (bytesMax ?? 0) : 0), 0);
  const entries = table.indexes.filter(({ isPrimary }) => !isPrimary);
  const ofEntries = entries.map(
    ({ columns }) => indexEntryOverheadBytes + ofFixed(keyColumns(table, columns)),
  );
  return rowOverheadBytes + ofFixed(table.columns) + ofEntries.reduce((sum, bytes) => sum + bytes, 0);
}

function keyColumns(table: Table, names: readonly string[]): readonly Column[] {
  return table.columns.filter(({ name }) => names.includes(name));
}

/** The columns of an index as the service keeps them: a secondary index also carries the primary key. */
function budgetColumns(table: Table, { columns, isPrimary }: Index): readonly Column[] {
  return keyColumns(table, isPrimary ? columns : [...columns, ...table.primaryKey]);
}

function widestKey(table: Table, index: Index): number {
  const columns = budgetColumns(table, index);
  const bytes = columns.reduce((sum, { bytesMax }) => sum + (bytesMax ?? Infinity), 0);
  return bytes + keyColumnOverheadBytes * (columns.length - 1);
}

function measureExpression(
  table: Table,
  wideKeys: readonly Index[],
  limits: LimitValues,
  alias: string,
): string {
  const entries = table.indexes.filter(({ isPrimary }) => !isPrimary);
  const parts = table.columns
    .filter(({ isFixed }) => !isFixed)
    .map((column) => {
      const times = 1 + entries.filter(({ columns }) => columns.includes(column.name)).length;
      return `${times} * coalesce(pg_catalog.pg_column_size(${alias}.${quoteName(column.name)}), 0)`;
    });
  const row = `(${[String(fixedBytes(table)), ...parts].join(" + ")})`;
  const keys = wideKeys.map((index) => keyExpression(table, index, alias));
  const largestKey = keys.length === 0 ? "0" : `greatest(${keys.join(", ")})`;
  const largeFrom = Math.min(limits.valueBytesMax, limits.rowBytesMax);
  return `pg_catalog.concat_ws(' ', ${row}, ${largestKey}, CASE WHEN ${row} > ${largeFrom} THEN ${alias}.ctid END)`;
}

function keyExpression(table: Table, index: Index, alias: string): string {
  const columns = budgetColumns(table, index);
  const parts = columns.map((column) => keyPart(column, `${alias}.${quoteName(column.name)}`));
  return [String(keyColumnOverheadBytes * (columns.length - 1)), ...parts].join(" + ");
}

/** Texts and byte strings count by their length, not as PostgreSQL may have compressed them. */
function keyPart({ isFixed, bytesMax, type }: Column, value: string): string {
  if (isFixed) return String(bytesMax ?? 0);
  const bytes = /^(?:text|character|bytea)/.test(type)
    ? "pg_catalog.octet_length"
    : "pg_catalog.pg_column_size";
  return `coalesce(${bytes}(${value}), 0)`;
}
