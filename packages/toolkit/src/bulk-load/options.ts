/** What a bulk load is asked for, and what it tells. */
import type { Readable } from "node:stream";
import { batchDefaults } from "../batch.ts";

/**
 * CSV; tab-separated values without quotes and escapes; the text format of PostgreSQL's COPY, as `\\copy` and pg_dump write
 * it; one JSON object a line.
 */
export type Format = "csv" | "tsv" | "copy" | "jsonl";

/**
 * A row whose key is there already: `error` rejects it, `ignore` keeps the row of the table, `update` overwrites it. Two
 * rows of one key in the file may be loaded by different connections at once, so which of them stays is left to chance.
 */
export type OnConflict = "error" | "ignore" | "update";

/** For `bulkLoad()`: what to load, where to, and how. */
export interface BulkLoadOptions {
  /** A file's path, or a stream of its bytes (standard input). Compressed with gzip or not, as its first bytes say. */
  readonly input: string | Readable;
  /** With its schema or without: `public.owner`. */
  readonly table: string | readonly string[];
  /** By default what the file's name ends in, less `.gz`; CSV for streams. */
  readonly format?: Format | undefined;
  /** One character that separates the values of CSV or TSV: `;` of many spreadsheets. Comma and tab by default. */
  readonly delimiter?: string | undefined;
  /**
   * Of the text, as `windows-1252`: a label of the WHATWG Encoding Standard. UTF-8 by default, or UTF-16 where a byte order
   * mark says so. Bytes that are not of it end the load.
   */
  readonly encoding?: string | undefined;
  /** Whether the first record names the columns; true by default, false for COPY's text. JSON Lines have no such record. */
  readonly header?: boolean | undefined;
  /** The columns in the order of the file, instead of the header's names. Without either, the table's own. */
  readonly columns?: readonly string[] | undefined;
  /** What stands for NULL in CSV and TSV; the empty text by default. Within quotes it is a text, as for COPY. */
  readonly nullText?: string | undefined;
  /** Whether it is NULL within quotes too, for files in which every value is quoted; false by default. */
  readonly quotedNull?: boolean | undefined;
  /** Makes the table if it is not there; off by default. */
  readonly createTable?: boolean | undefined;
  /** Types of columns for a table that is made; by default they are inferred from the first 1,000 rows. */
  readonly types?: Readonly<Record<string, string>> | undefined;
  /** Of a table that is made. */
  readonly primaryKey?: readonly string[] | undefined;
  /** `error` by default. */
  readonly onConflict?: OnConflict | undefined;
  /** 1,000 by default; 500 to 1,000 are best. */
  readonly rowsPerTransaction?: number | undefined;
  /** 5 MiB by default. */
  readonly bytesPerTransaction?: number | undefined;
  /** Connections used at once, as far as the pool has them; 8 by default. */
  readonly connections?: number | undefined;
  /** They begin with two and double after each such time: a new table takes a while to spread. 500 by default. */
  readonly rampMs?: number | undefined;
  /** File that a load which was cut off is resumed with: the same call again. */
  readonly manifest?: string | undefined;
  /**
   * A UUID that names the load, for a caller who remembers it in the place of a manifest: the same input with the same id is
   * loaded once, however often it is called for. The ledger keeps its rows.
   */
  readonly loadId?: string | undefined;
  /** Where the database keeps which parts are loaded; `bulk_load_ledger` in the schema of the table by default. */
  readonly ledgerTable?: string | readonly string[] | undefined;
  /** Rows that may be refused before the load ends; 100 by default. */
  readonly rejectedMax?: number | undefined;
  /** `count` compares the table's number of rows before and after, provided that nobody else writes; `none` by default. */
  readonly verify?: "none" | "count" | undefined;
  /** At most every 250 ms, and at the end. */
  readonly onProgress?: ((progress: BulkLoadProgress) => void) | undefined;
  /** Ends the load after the transactions under way. */
  readonly signal?: AbortSignal | undefined;
}

/** What has happened so far. A row counts as loaded when its transaction is committed. */
export interface BulkLoadProgress {
  readonly rowsRead: number;
  readonly rowsLoaded: number;
  readonly rowsRejected: number;
  /** Transactions that were run again because of a conflict. */
  readonly conflicts: number;
  readonly connections: number;
  readonly elapsedMs: number;
}

/** A row that is not in the table, and why. Its values are in the file, at that line. */
export interface RejectedRow {
  readonly line: number;
  readonly sqlstate?: string;
  readonly reason: string;
}

/** What `bulkLoad()` did, in rows of the input; times are milliseconds. */
export interface BulkLoadReport extends BulkLoadProgress {
  readonly loadId: string;
  /** Rows that an earlier call had loaded. */
  readonly rowsResumed: number;
  /** Rows whose key was there already, with `onConflict: "ignore"`. */
  readonly rowsIgnored: number;
  /** By line. */
  readonly rejected: readonly RejectedRow[];
}

/** Of `bulkLoad()`: rows and bytes a transaction, connections at the end and at the beginning. */
export const bulkLoadDefaults = {
  rowsPerTransaction: batchDefaults.rowsMax,
  bytesPerTransaction: batchDefaults.bytesMax,
  connections: 8,
  connectionsFirst: 2,
  rampMs: 500,
  rejectedMax: 100,
  ledgerTable: "bulk_load_ledger",
} as const;

/** The load has ended early. What was loaded stays; the same call with the same manifest goes on. */
export class BulkLoadError extends Error {
  override readonly name = "BulkLoadError";
  readonly rejected: readonly RejectedRow[];
  /** Those of earlier calls with the same manifest counted. */
  readonly rowsLoaded: number;

  constructor(
    reason: string,
    options: { cause?: unknown; rejected?: readonly RejectedRow[]; rowsLoaded?: number } = {},
  ) {
    super(reason, { cause: options.cause });
    this.rejected = options.rejected ?? [];
    this.rowsLoaded = options.rowsLoaded ?? 0;
  }
}
