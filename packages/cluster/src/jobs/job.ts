/**
 * A job: one asynchronous DDL operation, from the COMMIT that submits it to its end.
 *
 * Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL"; `cancelled` is what DROP INDEX makes of a build.
 */

export type JobStatus = "submitted" | "processing" | "completed" | "failed" | "cancelled";

/** The states that follow each. A job that has to begin anew stays in processing. */
export const jobTransitions = {
  submitted: ["processing", "cancelled"],
  processing: ["processing", "completed", "failed", "cancelled"],
  completed: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<JobStatus, readonly JobStatus[]>;

/** As `sys.jobs` shows them. The name of the second is not published. */
export type JobType = "INDEX_BUILD" | "VALIDATE_CONSTRAINT";

/** What a job works on and does. */
export interface JobTask {
  readonly type: JobType;
  readonly schema: string;
  readonly table: string;
  /** Of the index or the constraint. */
  readonly name: string;
  /** What PostgreSQL runs, outside a transaction; its names are qualified. */
  readonly statement: string;
}

export interface Job extends JobTask {
  readonly jobId: string;
  /** On whose behalf. */
  readonly role: string;
}

export interface JobEnd {
  readonly status: Extract<JobStatus, "completed" | "failed" | "cancelled">;
  readonly details: string | null;
}

export const completed: JobEnd = { status: "completed", details: null };

export function isEnded(status: JobStatus): boolean {
  return jobTransitions[status].length === 0;
}

/** The states from which a job gets into this one. */
export function statesBefore(status: JobStatus): readonly JobStatus[] {
  return (Object.keys(jobTransitions) as JobStatus[]).filter((before) =>
    (jobTransitions[before] as readonly JobStatus[]).includes(status),
  );
}
