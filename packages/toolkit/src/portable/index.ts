/**
 * A cluster taken along: schema, roles, grants and rows in a folder, and from there into another cluster, local or in AWS.
 *
 * Promises
 * - An export is of one snapshot, and there under its name only when it is complete. It needs SELECT and the catalog: no other
 *   statement than the service takes.
 * - An import makes things and overwrites none. Cut off anywhere, the same call goes on; each row is there once.
 * - The folder's format is its own, not a data directory's: `format.ts` says what is in it.
 */
export { exportDatabase, type ExportOptions, type ExportProgress } from "./export.ts";
export type { ExportedTable, Manifest as ExportManifest } from "./format.ts";
export { importDatabase, type ImportOptions, type ImportProgress, type ImportReport } from "./import.ts";
export { ImportError } from "./run-statement.ts";
