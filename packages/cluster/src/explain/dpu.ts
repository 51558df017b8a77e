/**
 * What a statement costs, as `EXPLAIN ANALYZE VERBOSE` estimates it: an estimate for this statement, before the minimum that
 * each transaction is billed.
 *
 * Bytes are counted from the plan: rows read and written by their average size, with what the published estimates show on
 * top of it for every row (a count over 6,664 index entries of 27 bytes: 99 bytes each; 500 rows of 35 bytes: 107 each).
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/billing-metering.html
 * Tests: dpu.test.ts.
 */
import { dpu } from "@dsql-local/spec";

export interface StatementWork {
  readonly computeMs: number;
  /** Requests to storage that are alike: how many, rows scanned for each, and bytes of a row. */
  readonly reads: readonly { readonly requests: number; readonly rows: number; readonly bytes: number }[];
  /** Entries written: rows, and their entries in indexes. */
  readonly writes: readonly { readonly entries: number; readonly bytes: number }[];
}

export interface StatementDpu {
  readonly compute: number;
  readonly read: number;
  readonly write: number;
  readonly total: number;
}

/** What a row that is scanned counts beside the bytes of its columns. */
export const overheadBytesPerRow = 72;

export function statementDpu({ computeMs, reads, writes }: StatementWork): StatementDpu {
  const bytesRead = reads.map(
    ({ requests, rows, bytes }) => requests * Math.max(dpu.partitionAnswerBytesMin, rows * bytes),
  );
  const bytesWritten = writes.map(({ entries, bytes }) => entries * Math.max(bytes, dpu.entryBytesMin));
  const compute = (computeMs / 1_000) * dpu.perComputeSecond;
  const read = sum(bytesRead) * dpu.perByteRead;
  const write = sum(bytesWritten) * dpu.perByteWritten;
  return { compute, read, write, total: compute + read + write };
}

/** The block's lines, as the service prints them. */
export function dpuLines({ compute, read, write, total }: StatementDpu): string[] {
  return [
    "Statement DPU Estimate:",
    `  Compute: ${format(compute)}`,
    `  Read: ${format(read)}${minimum(read, dpu.readBytesMin * dpu.perByteRead)}`,
    `  Write: ${format(write)}${minimum(write, dpu.writtenBytesMin * dpu.perByteWritten)}`,
    `  Total: ${format(total)}`,
  ];
}

const format = (value: number): string => `${value.toFixed(5)} DPU`;

/** What a transaction with nothing but this statement is billed. */
function minimum(value: number, floor: number): string {
  return value > 0 && value < floor ? ` (Transaction minimum: ${floor.toFixed(5)})` : "";
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
