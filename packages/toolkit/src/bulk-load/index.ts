/**
 * Bulk load: a file of CSV, TSV or JSON Lines into a table, on many connections.
 *
 * Promises
 * - A row is loaded once or reported as rejected, also when the process, a connection or the answer to a COMMIT is lost
 *   and the load is resumed: what is loaded stands in a ledger that is written in the same transaction as the rows.
 * - A transaction has at most `rowsPerTransaction` rows; it is repeated when it meets a conflict, and nothing else is.
 * - Memory does not grow with the file: each connection holds one chunk, and the reader waits for them.
 *
 * It is not one transaction: others see the table fill. Secondary indexes are cheaper to make afterwards.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 */
export { bulkLoad } from "./bulk-load.ts";
export { type BulkLoadDryRun, bulkLoadDryRun } from "./dry-run.ts";
export { inferTypes } from "./infer.ts";
export {
  bulkLoadDefaults,
  BulkLoadError,
  type BulkLoadOptions,
  type BulkLoadProgress,
  type BulkLoadReport,
  type Format,
  type OnConflict,
  type RejectedRow,
} from "./options.ts";
