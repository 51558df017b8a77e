/**
 * What a load would do, without writing: the columns with their types, and which of the first rows would be rejected.
 *
 * A table that is there is asked: it gets the rows in transactions that are rolled back. Of one that would be made only the
 * shape of the rows is looked at; its types are those that the same rows have.
 */
import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { ChunkLoader } from "./chunk.ts";
import { openInput, type OpenedInput, typesToCreate } from "./input.ts";
import { Ledger } from "./ledger.ts";
import { bulkLoadDefaults, type BulkLoadOptions, type RejectedRow } from "./options.ts";
import { columnsOf, createTableStatement, openTarget } from "./target.ts";

/** What {@link bulkLoadDryRun} has found. */
export interface BulkLoadDryRun {
  /** In the order of the input. Of a table that is there without length or precision. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The statement that would make the table; missing where it is there. */
  readonly createTable?: string;
  /** At most the first 1,000. */
  readonly rowsTried: number;
  /** Of these; by line. */
  readonly rejected: readonly RejectedRow[];
}

/**
 * @param options - those of the load; what is about its course (manifest, connections) has no effect
 * @throws {BulkLoadError} more than `rejectedMax` rows would be rejected
 * @throws {UsageError} the table or its columns do not fit the file
 */
export async function bulkLoadDryRun(pool: Pool, options: BulkLoadOptions): Promise<BulkLoadDryRun> {
  const rejected: RejectedRow[] = [];
  const input = await openInput(pool, options, (row) => rejected.push(row));
  try {
    const isThere = (await columnsOf(pool, options.table)) !== undefined;
    const found =
      options.createTable === true && !isThere ? wouldMake(input) : await tried(pool, input, rejected);
    const rowsTried = input.sample.length;
    return { ...found, rowsTried, rejected: rejected.sort((left, right) => left.line - right.line) };
  } finally {
    input.source.destroy();
  }
}

type Found = Pick<BulkLoadDryRun, "columns" | "createTable">;

function wouldMake(input: OpenedInput): Found {
  const { options, records } = input;
  const types = typesToCreate(input);
  const createTable = createTableStatement({
    table: options.table,
    columns: records.columns,
    types,
    primaryKey: options.primaryKey ?? [],
  });
  return { columns: named(records.columns, types), createTable };
}

async function tried(
  pool: Pool,
  { options, records, sample }: OpenedInput,
  rejected: RejectedRow[],
): Promise<Found> {
  const { table, onConflict = "error", rejectedMax = bulkLoadDefaults.rejectedMax } = options;
  const target = await openTarget(pool, {
    table,
    columns: records.columns,
    onConflict,
    hasHeaderNames: records.hasHeaderNames,
  });
  // Nothing is committed, so nothing is entered.
  const ledger = new Ledger(pool, options.ledgerTable ?? bulkLoadDefaults.ledgerTable, randomUUID());
  const loader = new ChunkLoader({ pool, target, ledger }, { rejectedMax });
  if (sample.length > 0) rejected.push(...(await loader.trial(sample)));
  return { columns: named(records.columns, target.types) };
}

const named = (columns: readonly string[], types: readonly string[]): Found["columns"] =>
  columns.map((name, index) => ({ name, type: types[index] ?? "text" }));
