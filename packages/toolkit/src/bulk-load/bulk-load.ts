/** Puts the parts of a bulk load together: reads, cuts into chunks, loads them on many connections, tells the result. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { batches, bytesOfRow, checkedBounds } from "../batch.ts";
import { quoteTable } from "../identifiers.ts";
import { type Chunk, ChunkLoader } from "./chunk.ts";
import { openInput, type OpenedInput, typesToCreate } from "./input.ts";
import { type ChunkResult, Ledger } from "./ledger.ts";
import {
  hashOf,
  type Identity,
  type Manifest,
  newManifest,
  readManifest,
  writeManifest,
} from "./manifest.ts";
import { bulkLoadDefaults, BulkLoadError, type BulkLoadOptions, type BulkLoadReport } from "./options.ts";
import { type Row, startingWith } from "./records.ts";
import { countRows, createTable, openTarget, type Target } from "./target.ts";
import { Tally } from "./tally.ts";

/**
 * Loads a file into a table.
 *
 * @throws {BulkLoadError} too many rows were refused, the input cannot be read to its end, or the counts differ
 * @throws {UsageError} the table or its columns do not fit the file, or the manifest is of another load or a complete one
 * @throws what the database says when no row is to blame
 */
export async function bulkLoad(pool: Pool, options: BulkLoadOptions): Promise<BulkLoadReport> {
  const tally = new Tally(options);
  const input = await openInput(pool, options, (rejected) => {
    tally.reject([rejected]);
  });
  try {
    const target = await prepared(pool, input);
    return await run(pool, { ...input, target, tally });
  } catch (error) {
    if (!(error instanceof BulkLoadError)) throw error;
    const { message, rejected, cause } = error;
    throw new BulkLoadError(message, { cause, rejected, rowsLoaded: tally.rowsLoaded });
  } finally {
    input.source.destroy();
  }
}

async function prepared(pool: Pool, { options, records, sample }: OpenedInput): Promise<Target> {
  const { table, primaryKey = [], onConflict = "error" } = options;
  const { columns } = records;
  if (options.createTable === true) {
    const types = typesToCreate({ options, records, sample });
    await createTable(pool, { table, columns, types, primaryKey });
  }
  return await openTarget(pool, { table, columns, onConflict, hasHeaderNames: records.hasHeaderNames });
}

interface Load extends OpenedInput {
  readonly target: Target;
  readonly tally: Tally;
}

async function run(pool: Pool, load: Load): Promise<BulkLoadReport> {
  const { options, tally } = load;
  const manifest = await openManifest(pool, load);
  const ledger = new Ledger(pool, options.ledgerTable ?? ledgerBeside(options.table), manifest.loadId);
  await ledger.create();
  const loadedChunks = new Set<number>();
  await ledger.read((chunk, result) => {
    loadedChunks.add(chunk);
    tally.resume(result);
  });
  try {
    await loadChunks(chunksOf(load, loadedChunks), chunkLoader(pool, load, ledger), load);
    if (options.verify === "count") await verify(pool, load, manifest);
  } catch (error) {
    // Without a manifest or a name of its own nobody will come back for it.
    if (options.manifest === undefined && options.loadId === undefined)
      await ledger.clear().catch(() => undefined);
    throw error;
  }
  if (options.manifest !== undefined)
    await writeManifest(options.manifest, { ...manifest, isComplete: true });
  if (options.loadId === undefined) await ledger.clear();
  return tally.report(manifest.loadId);
}

/** In the schema of the table that is loaded: where a role may write rows it is likeliest to make a table. */
function ledgerBeside(table: string | readonly string[]): readonly string[] {
  const path = typeof table === "string" ? table.split(".") : table;
  return [...path.slice(0, -1), bulkLoadDefaults.ledgerTable];
}

function chunkLoader(pool: Pool, { options, target, tally }: Load, ledger: Ledger): LoadChunk {
  const rejectedMax = options.rejectedMax ?? bulkLoadDefaults.rejectedMax;
  const onRetry = (): void => {
    tally.conflicts++;
  };
  const loader = new ChunkLoader({ pool, target, ledger }, { rejectedMax, onRetry });
  return (chunk) => loader.load(chunk);
}

type LoadChunk = (chunk: Chunk) => Promise<ChunkResult>;

async function openManifest(pool: Pool, { options, records, sample, target }: Load): Promise<Manifest> {
  const { rowsMax, bytesMax } = boundsOf(options);
  const identity: Identity = {
    table: quoteTable(options.table),
    columns: records.columns,
    rowsPerTransaction: rowsMax,
    bytesPerTransaction: bytesMax,
    firstRows: hashOf(sample),
  };
  const found = options.manifest === undefined ? undefined : await readManifest(options.manifest, identity);
  if (found !== undefined) return found;
  const rowsBefore = options.verify === "count" ? await countRows(pool, target) : null;
  const manifest = newManifest(identity, rowsBefore, options.loadId);
  if (options.manifest !== undefined) await writeManifest(options.manifest, manifest);
  return manifest;
}

function boundsOf(options: BulkLoadOptions): { rowsMax: number; bytesMax: number } {
  return checkedBounds({
    rowsMax: options.rowsPerTransaction ?? bulkLoadDefaults.rowsPerTransaction,
    bytesMax: options.bytesPerTransaction ?? bulkLoadDefaults.bytesPerTransaction,
  });
}

/** The same file gives the same chunks, whatever was loaded of it before. */
async function* chunksOf(load: Load, loaded: ReadonlySet<number>): AsyncGenerator<Chunk, void, undefined> {
  const { options, records, sample, tally } = load;
  const bytesOf = (row: Row): number => bytesOfRow(row.values);
  const bounds = { ...boundsOf(options), parametersPerRow: 0, bytesOf };
  let number = 0;
  for await (const rows of batches(startingWith(sample, records.rows), bounds)) {
    tally.rowsRead += rows.length;
    if (!loaded.has(number)) yield { number, rows };
    number++;
  }
}

/** Loads chunks on a growing number of connections. The first error ends it; the chunks under way are finished. */
async function loadChunks(
  chunks: AsyncGenerator<Chunk, void, undefined>,
  loadOne: LoadChunk,
  { options, tally }: Load,
): Promise<void> {
  const connectionsMax = options.connections ?? bulkLoadDefaults.connections;
  const rampMs = options.rampMs ?? bulkLoadDefaults.rampMs;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    tally.connections++;
    while (!isOver && options.signal?.aborted !== true) {
      const next = await chunks.next();
      if (next.done === true) break;
      tally.add(await loadOne(next.value));
    }
  };
  const connection = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failure ??= { error };
    }
    // The last chunk is taken, or something is wrong: either way no further connection is needed.
    isOver = true;
  };
  const connections: Promise<void>[] = [];
  for (let wanted: number = bulkLoadDefaults.connectionsFirst; !isOver; wanted *= 2) {
    while (connections.length < Math.min(wanted, connectionsMax)) connections.push(connection());
    if (connections.length >= connectionsMax) break;
    await Promise.race([sleep(rampMs, undefined, { ref: false }), ...connections]);
  }
  await Promise.all(connections);
  if (failure !== undefined) throw failure.error;
  if (options.signal?.aborted === true) throw new BulkLoadError("the load was ended by its signal");
}

async function verify(pool: Pool, { target, tally }: Load, manifest: Manifest): Promise<void> {
  if (target.onConflict === "update") return;
  const grown = (await countRows(pool, target)) - (manifest.rowsBefore ?? 0);
  if (grown === tally.rowsLoaded) return;
  throw new BulkLoadError(`${tally.rowsLoaded} rows were loaded, but the table has grown by ${grown}`);
}
