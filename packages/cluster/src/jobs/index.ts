/**
 * Jobs: asynchronous DDL and what it leaves.
 *
 * Promises that a committed job ends as completed or failed, also across a restart.
 */
export { defineIndex, type IndexDefinition, type IndexStatement } from "./index-definition.ts";
export { Jobs, type SubmittedIndex } from "./jobs.ts";
