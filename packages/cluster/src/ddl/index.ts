/**
 * DDL against the catalog: what a statement's own text does not tell. Rules that the text alone decides are in `spec`.
 *
 * Promises
 * - What the service refuses is refused in its words, before the statement or with everything of it taken back.
 * - Jobs leave a table alone while an open transaction alters it.
 */
export { analysisOf, type AnalyzeStatement } from "./analyze.ts";
export { runDdl } from "./run-ddl.ts";
export { createIndexAsync, validateConstraintAsync } from "./submit.ts";
