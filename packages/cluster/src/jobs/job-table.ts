/**
 * The rows behind `sys.jobs`: what of the jobs survives the cluster's end.
 *
 * Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL".
 */
import { quoteName } from "../catalog/index.ts";
import { type Job, type JobEnd, type JobStatus, type JobType, statesBefore } from "./job.ts";

/** Whoever runs the cluster's own statements. */
export interface Requester {
  request(
    text: string,
    values?: readonly (string | null)[],
  ): Promise<{ readonly rows: readonly (readonly (string | null)[])[] }>;
}

/** A finished job's row stays so long; it goes when another job runs. */
const keptMinutes = 30;
/** Rows of finished jobs at most; the oldest go first. */
const keptMax = 10_000;

export class JobTable {
  readonly #system: Requester;

  constructor(system: Requester) {
    this.#system = system;
  }

  /** Records a submitted job. */
  async add(job: Job): Promise<void> {
    await this.#system.request(
      `INSERT INTO pg_dsql.job (job_id, status, job_type, class_id, object_id, object_name, definition, statement, role_oid, start_time)
       SELECT sys.base32_str_to_uuid($1), 'submitted', $2, $8::regclass,
              (SELECT c.oid FROM pg_constraint AS c WHERE c.conrelid = to_regclass($3) AND c.conname = $9),
              $4, $5::jsonb, $6, oid, now()
       FROM pg_roles WHERE rolname = $7`,
      [
        job.jobId,
        job.type,
        job.type === "INDEX_BUILD" ? null : regclassText(job.schema, job.table),
        `${job.schema}.${job.type === "INDEX_BUILD" ? job.name : job.table}`,
        JSON.stringify([job.schema, job.table, job.name]),
        job.statement,
        job.role,
        job.type === "INDEX_BUILD" ? "pg_class" : "pg_constraint",
        job.name,
      ],
    );
  }

  /** Those that an earlier run of the cluster has left, oldest first. */
  async unfinished(): Promise<readonly Job[]> {
    const { rows } = await this.#system.request(
      `SELECT sys.uuid_to_base32_str(j.job_id), j.job_type, j.definition, j.statement, r.rolname
       FROM pg_dsql.job j LEFT JOIN pg_roles r ON r.oid = j.role_oid
       WHERE j.status IN ('submitted', 'processing') AND j.definition IS NOT NULL ORDER BY j.start_time`,
    );
    return rows.map(([jobId, type, definition, statement, role]) => {
      const [schema = "", table = "", name = ""] = JSON.parse(definition ?? "[]") as string[];
      const task = { type: (type ?? "INDEX_BUILD") as JobType, schema, table, name };
      return { ...task, jobId: jobId ?? "", statement: statement ?? "", role: role ?? "admin" };
    });
  }

  /** @returns undefined where there is no such job */
  async status(jobId: string): Promise<JobStatus | undefined> {
    // The view also has jobs that PostgreSQL did by itself and that have no row.
    const { rows } = await this.#system.request(
      `SELECT coalesce((SELECT status FROM pg_dsql.job WHERE job_id = sys.base32_str_to_uuid($1)),
                       (SELECT status FROM sys.jobs WHERE job_id = $1))`,
      [jobId],
    );
    return (rows[0]?.[0] ?? undefined) as JobStatus | undefined;
  }

  async begun(job: Job): Promise<void> {
    await this.#set(job, "processing", null);
  }

  async ended(job: Job, { status, details }: JobEnd): Promise<void> {
    await this.#set(job, status, details);
  }

  async #set(job: Job, status: JobStatus, details: string | null): Promise<void> {
    await this.#system.request(
      `UPDATE pg_dsql.job SET status = $2, details = $3, update_time = now()
       WHERE job_id = sys.base32_str_to_uuid($1) AND status = ANY ($4::text[])`,
      [job.jobId, status, details, `{${statesBefore(status).join(",")}}`],
    );
  }

  /**
   * Keeps the identity of the index that a job builds, so that it is known again under another name.
   *
   * @returns whether the index is there
   */
  async noteIndex(job: Job): Promise<boolean> {
    const { rows } = await this.#system.request(
      `UPDATE pg_dsql.job SET object_id = to_regclass($1)
       WHERE job_id = sys.base32_str_to_uuid($2) AND to_regclass($1) IS NOT NULL RETURNING 1`,
      [regclassText(job.schema, job.name), job.jobId],
    );
    return rows.length > 0;
  }

  /** The index that the job knows is about to be dropped by the job itself. */
  async forgetIndex(job: Job): Promise<void> {
    await this.#system.request(
      "UPDATE pg_dsql.job SET object_id = NULL WHERE job_id = sys.base32_str_to_uuid($1)",
      [job.jobId],
    );
  }

  /** Removes finished jobs that are old, or too many. */
  async removeOld(): Promise<void> {
    await this.#system.request(
      `DELETE FROM pg_dsql.job WHERE update_time < now() - interval '${keptMinutes} minutes'
         AND status IN ('completed', 'failed', 'cancelled')`,
    );
    await this.#system.request(
      `DELETE FROM pg_dsql.job WHERE job_id IN (
         SELECT job_id FROM pg_dsql.job WHERE status IN ('completed', 'failed', 'cancelled')
         ORDER BY update_time DESC OFFSET ${keptMax})`,
    );
  }
}

/** A qualified name as `to_regclass` takes it. */
export function regclassText(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
