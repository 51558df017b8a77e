/**
 * What is particular to building an index: the invalid index that an attempt leaves, and what PostgreSQL's errors mean.
 *
 * Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL"; recorded answers of the service.
 */
import { type Backend, type PostgresError, requestSimple } from "../backend/index.ts";
import { completed, type Job, type JobEnd } from "./job.ts";
import { type JobTable, regclassText, type Requester } from "./job-table.ts";

export interface Attempt {
  readonly job: Job;
  readonly backend: Backend;
  readonly table: JobTable;
  readonly system: Requester;
}

/**
 * Looks at what an attempt that was cut off has left: an index that only lacks its word in the job's row, or an invalid
 * one, which is dropped to be built anew.
 *
 * @returns the job's end, where there is nothing more to do
 */
export async function takeUpBuild(attempt: Attempt): Promise<JobEnd | undefined> {
  const { job, backend, table, system } = attempt;
  const left = await findLeft(system, job);
  if (left.isValid) return completed;
  if (left.isThere) {
    await table.forgetIndex(job);
    // Not on the system's own backend: the drop may have to wait for a lock, and everything would wait with it.
    await requestSimple(backend, "SET dsql.in_job TO on");
    await requestSimple(backend, `DROP INDEX ${regclassText(job.schema, job.name)}`);
    return undefined;
  }
  if (left.isRenamed) {
    return { status: "failed", details: "the index or its table was renamed during the build" };
  }
  if (!left.hasTable) {
    return { status: "completed", details: `relation "${job.schema}.${job.table}" does not exist` };
  }
  return left.hadAppeared ? { status: "cancelled", details: null } : undefined;
}

interface Left {
  readonly isThere: boolean;
  readonly isValid: boolean;
  /** The index that an earlier attempt made has another name by now. */
  readonly isRenamed: boolean;
  readonly hadAppeared: boolean;
  readonly hasTable: boolean;
}

async function findLeft(system: Requester, job: Job): Promise<Left> {
  const { rows } = await system.request(
    `SELECT json_build_object(
       'isThere', i.indexrelid IS NOT NULL,
       'isValid', coalesce(i.indisvalid, false),
       'isRenamed', i.indexrelid IS NULL AND EXISTS (SELECT FROM pg_class WHERE oid = j.object_id),
       'hadAppeared', j.object_id IS NOT NULL,
       'hasTable', to_regclass($2) IS NOT NULL)
     FROM pg_dsql.job j
     LEFT JOIN pg_index i ON i.indexrelid = to_regclass($1) AND i.indrelid = to_regclass($2)
     WHERE j.job_id = sys.base32_str_to_uuid($3)`,
    [regclassText(job.schema, job.name), regclassText(job.schema, job.table), job.jobId],
  );
  return JSON.parse(rows[0]?.[0] ?? "{}") as Left;
}

/** A table that has vanished counts as completed: so it was recorded. */
export function endOfRefused(job: Job, error: PostgresError): JobEnd {
  if (error.sqlstate === "42P01") return { status: "completed", details: error.message };
  if (job.type === "INDEX_BUILD" && error.sqlstate === "23505") {
    return { status: "failed", details: "found duplicate key(s) while validating index uniqueness" };
  }
  // Measured: the service leaves the table out.
  const details =
    job.type === "VALIDATE_CONSTRAINT" && error.sqlstate === "23514"
      ? error.message.replace(/ of relation ".*" is violated by some row$/, " is violated by some row")
      : error.message;
  return { status: "failed", details };
}
