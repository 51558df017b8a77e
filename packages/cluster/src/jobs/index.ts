/**
 * Jobs: asynchronous DDL and what it leaves.
 *
 * Promises that a committed job ends as completed, failed or cancelled, also across a restart.
 */
export type { Job, JobTask } from "./job.ts";
export { Jobs } from "./jobs.ts";
