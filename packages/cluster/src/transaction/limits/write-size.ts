/** How many bytes a statement has written, as the transaction limit counts them. */
import type { LimitValues } from "../../base/index.ts";
import type { Requester } from "../../backend/index.ts";
import { type Catalog, qualifiedName, quoteName } from "../../catalog/index.ts";
import type { CopyInput, Execution } from "../exchange/execution.ts";
import type { StatementPlan } from "../plan/plan.ts";
import { MeasuredRows } from "../rows/measured-rows.ts";
import { pieceBytesMax, tablesWithPieces } from "../rows/changed-rows.ts";
import { measureOf, rowOverheadBytes, type RowSize } from "../plan/row-size.ts";
import { copiedBytes, hasLongLine, sentBytes } from "./sent-bytes.ts";

export interface Written {
  readonly execution: Execution;
  readonly plan: StatementPlan;
  /** Rows changed. */
  readonly rows: number;
  /** Pieces of large values, where the statement's answer does not show its rows. */
  readonly pieces: number;
  readonly measured: MeasuredRows | undefined;
  readonly copied: CopyInput | undefined;
  readonly limits: LimitValues;
  readonly catalog: Catalog;
}

/**
 * @returns a promise only where PostgreSQL has to be asked
 * @throws {SqlError} 54000 a key, a value or a row is too large
 */
export function bytesWritten(written: Written, hold: Requester): number | Promise<number> {
  const { execution, plan, rows, pieces, measured, copied, limits } = written;
  if (measured !== undefined) return measured.total(hold);
  const { rowSize } = plan;
  // What is sent may be what is kept apart.
  const ofValues = Math.max(sentBytes(execution), pieces * pieceBytesMax);
  const ofRows = rows * (rowSize?.bytes ?? rowOverheadBytes) + ofValues;
  if (copied === undefined) {
    const mayBeTooLarge = pieces * pieceBytesMax > Math.min(limits.valueBytesMax, limits.rowBytesMax);
    return mayBeTooLarge ? checkLargeValues(written, hold).then(() => ofRows) : ofRows;
  }
  const bytes = ofRows + copiedBytes(copied);
  // COPY has no RETURNING; its rows are looked for only where a line of the data is long.
  if (rowSize === undefined || !hasLongLine(copied, rowSize.measuredFrom)) return bytes;
  return measureOwnRows(rowSize, limits, hold).then(() => bytes);
}

/**
 * Measures the rows of every table into which large values went: data-modifying CTEs, functions and cascades do not show
 * theirs. The tables are scanned, but whoever writes a megabyte at once waits for that anyway.
 */
async function checkLargeValues({ limits, catalog }: Written, hold: Requester): Promise<void> {
  for (const name of await tablesWithPieces(hold)) {
    const table = await catalog.table(name, []);
    if (table !== undefined) await measureOwnRows({ table, measure: measureOf(table, limits) }, limits, hold);
  }
}

/** Measures the rows that the transaction has put into the table: they are newer than its snapshot. */
async function measureOwnRows(
  { table, measure }: Pick<RowSize, "table" | "measure">,
  limits: LimitValues,
  hold: Requester,
): Promise<void> {
  const { rows } = await hold.request(
    `SELECT ${measure(quoteName(table.name))} FROM ONLY ${qualifiedName(table)} AS ${quoteName(table.name)}
     WHERE xmin::pg_catalog.text::pg_catalog.int8 >= (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 & 4294967295)`,
  );
  const measured = new MeasuredRows(table, limits);
  for (const [row] of rows) measured.add(row ?? "");
  await measured.total(hold);
}

/** The plan for this execution: with its rows measured where it may write large ones. */
export function planFor(execution: Execution, plan: StatementPlan): StatementPlan {
  if (plan.measured === undefined || plan.rowSize === undefined) return plan;
  return sentBytes(execution) >= plan.rowSize.measuredFrom ? plan.measured : plan;
}
