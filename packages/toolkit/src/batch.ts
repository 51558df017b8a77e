/**
 * Batches: rows in portions that fit into one transaction and one statement.
 *
 * A transaction changes at most 3,000 rows and writes at most 10 MiB, index entries included; a message of the protocol
 * has at most 65,535 parameters. 500 to 1,000 rows are the best size: smaller ones pay for a commit too often, larger
 * ones lose more work to a conflict.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 */
import { limits } from "@dsql-local/spec";
import { UsageError } from "./errors.ts";

/** How large a batch of `batches()` may grow; it ends at whichever bound comes first. */
export interface BatchBounds<Row extends object = object> {
  /** 1,000 by default, 3,000 at most. */
  readonly rowsMax?: number | undefined;
  /** Of the values as text; 5 MiB by default, 10 MiB at most. The rest is for index entries and each row's own cost. */
  readonly bytesMax?: number | undefined;
  /** Bind parameters that a row takes; by default one for each of its values. 0 if the batch travels as arrays. */
  readonly parametersPerRow?: number | undefined;
  /** What a row counts against `bytesMax`; {@link bytesOfRow} by default. */
  readonly bytesOf?: ((row: Row) => number) | undefined;
}

/** 1,000 rows and half of the 10 MiB that a transaction may write. */
export const batchDefaults = { rowsMax: 1_000, bytesMax: limits.bytesPerTransactionMax.value / 2 } as const;

/** The count is a 16-bit number in the Bind message. */
export const parametersMax = 65_535;

/** What a row costs beside its values: the least that the service meters for one. */
const rowOverheadBytes = 128;

/**
 * @param rows - arrays of values or objects; read one batch ahead and no further, so the memory used stays flat
 * @throws {UsageError} bounds beyond the service's limits, or a single row beyond them
 */
export async function* batches<Row extends object>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  bounds: BatchBounds<Row> = {},
): AsyncGenerator<Row[], void, undefined> {
  const { rowsMax, bytesMax } = checkedBounds(bounds);
  const bytesOf = bounds.bytesOf ?? bytesOfRow;
  let batch: Row[] = [];
  let bytes = 0;
  let parameters = 0;
  for await (const row of rows) {
    const rowBytes = bytesOf(row);
    const rowParameters = bounds.parametersPerRow ?? Object.keys(row).length;
    if (rowBytes > bytesMax || rowParameters > parametersMax) throw tooLarge(rowBytes, rowParameters);
    const isFull =
      batch.length >= rowsMax || bytes + rowBytes > bytesMax || parameters + rowParameters > parametersMax;
    if (isFull) {
      yield batch;
      batch = [];
      bytes = parameters = 0;
    }
    batch.push(row);
    bytes += rowBytes;
    parameters += rowParameters;
  }
  if (batch.length > 0) yield batch;
}

export function checkedBounds(bounds: Pick<BatchBounds, "rowsMax" | "bytesMax">): {
  rowsMax: number;
  bytesMax: number;
} {
  const { rowsMax, bytesMax } = {
    rowsMax: bounds.rowsMax ?? batchDefaults.rowsMax,
    bytesMax: bounds.bytesMax ?? batchDefaults.bytesMax,
  };
  const rowsLimit = limits.rowsPerTransactionMax.value;
  const bytesLimit = limits.bytesPerTransactionMax.value;
  if (!(rowsMax >= 1 && rowsMax <= rowsLimit))
    throw new UsageError(`rowsMax lies between 1 and ${rowsLimit}`);
  if (!(bytesMax >= 1 && bytesMax <= bytesLimit))
    throw new UsageError(`bytesMax lies between 1 and ${bytesLimit}`);
  return { rowsMax, bytesMax };
}

/** Bytes that a row counts against the bound: its values as text, and a cost of its own. */
export function bytesOfRow(row: object): number {
  let bytes = rowOverheadBytes;
  for (const value of Object.values(row)) bytes += bytesOfValue(value);
  return bytes;
}

function bytesOfValue(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value === null || value === undefined || typeof value === "boolean") return 1;
  if (typeof value === "number") return 8;
  if (typeof value === "bigint") return 20;
  if (value instanceof Date) return 8;
  if (value instanceof Uint8Array) return value.byteLength;
  return Buffer.byteLength(JSON.stringify(value));
}

function tooLarge(bytes: number, parameters: number): UsageError {
  return new UsageError(`a row of ${bytes} bytes and ${parameters} parameters does not fit into any batch`);
}
