/**
 * Asynchronous DDL: what CREATE INDEX ASYNC leaves to be done after its transaction.
 *
 * A job is a row in the system schema (`sys.jobs` shows it) and, while it runs, a backend of its own. The index is
 * there, invalid and maintained by writers, before the client hears that the job is submitted.
 *
 * Always true
 * - A job whose row is committed ends as completed or failed, also across a restart.
 * - One job at a time works on a table.
 *
 * Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL".
 */
import { errors } from "@dsql-local/spec";
import { type Clock, type Log, type Random, SqlError } from "../base/index.ts";
import {
  type Backend,
  BackendLost,
  type Coordinator,
  PostgresError,
  quoteName,
  requestSimple,
} from "../transaction/index.ts";
import type { IndexDefinition } from "./index-definition.ts";
import { jobIdText, jobIdUuid } from "./job-id.ts";

export interface SubmittedIndex extends IndexDefinition {
  readonly jobId: string;
  readonly role: string;
}

/** Jobs at work side by side. The others wait as submitted. */
const runningMax = 4;
/** A finished job's row stays so long; it goes when another job runs. */
const keptMinutes = 30;
/** The answer to the client waits so long for the invalid index to appear. */
const appearanceMsMax = 2_000;
/** A job that PostgreSQL has gone away under is begun again after this time, while PostgreSQL is started again … */
const againAfterMs = 500;
/** … so often. A build that brings PostgreSQL down each time has failed then. */
const breaksMax = 20;

interface WaitingJob extends SubmittedIndex {
  readonly appeared: () => void;
  /** How often PostgreSQL has gone away under it. */
  readonly breaks?: number;
}

export class Jobs {
  readonly #coordinator: Coordinator;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #waiting: WaitingJob[] = [];
  readonly #running = new Map<string, { table: string; backend: Backend | undefined }>();
  /** Callers of `wait`, by job. */
  readonly #waiters = new Map<string, Set<() => void>>();
  #isClosed = false;

  constructor(options: { coordinator: Coordinator; clock: Clock; random: Random; log: Log }) {
    this.#coordinator = options.coordinator;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
  }

  newJobId(): string {
    return jobIdText(this.#random.uuid());
  }

  /** Takes up what an earlier run of the cluster left unfinished. */
  async start(): Promise<void> {
    const { rows } = await this.#coordinator.request(
      `SELECT sys.uuid_to_base32_str(j.job_id), j.definition, j.statement, r.rolname
       FROM pg_dsql.job j LEFT JOIN pg_roles r ON r.oid = j.role_oid
       WHERE j.status IN ('submitted', 'processing') AND j.job_type = 'INDEX_BUILD' ORDER BY j.start_time`,
    );
    for (const [jobId, definition, statement, role] of rows) {
      if (jobId === null || jobId === undefined || definition === null || definition === undefined) continue;
      const [schema = "", table = "", index = ""] = JSON.parse(definition) as string[];
      const left = { jobId, schema, table, index, statement: statement ?? "", role: role ?? "admin" };
      this.#waiting.push({ ...left, appeared: () => undefined, breaks: 0 });
    }
    this.#serve();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    for (const { backend } of this.#running.values()) {
      void backend?.cancel();
      backend?.close();
    }
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
  }

  /** Records a job and starts it. Resolves when the invalid index is there, or the job has ended. */
  async submitIndex(job: SubmittedIndex): Promise<void> {
    await this.#removeOld();
    await this.#coordinator.request(
      `INSERT INTO pg_dsql.job (job_id, status, job_type, class_id, object_name, definition, statement, role_oid, start_time)
       SELECT sys.base32_str_to_uuid($1), 'submitted', 'INDEX_BUILD', 'pg_class'::regclass, $2, $3::jsonb, $4, oid, now()
       FROM pg_roles WHERE rolname = $5`,
      [
        job.jobId,
        `${job.schema}.${job.index}`,
        JSON.stringify([job.schema, job.table, job.index]),
        job.statement,
        job.role,
      ],
    );
    await new Promise<void>((resolve) => {
      const stop = this.#clock.setTimer(appearanceMsMax, resolve);
      const appeared = (): void => {
        stop();
        resolve();
      };
      this.#waiting.push({ ...job, appeared });
      this.#serve();
    });
  }

  /**
   * Waits for a job to end.
   *
   * @returns whether it completed; false when it failed or there is no such job
   * @throws {SqlError} 22P02 the text is no job identifier
   */
  async wait(jobId: string, signal: AbortSignal): Promise<boolean> {
    if (jobIdUuid(jobId) === undefined) {
      throw SqlError.of(errors.jobIdMalformed);
    }
    for (;;) {
      const status = await this.#status(jobId);
      if (status !== "submitted" && status !== "processing") return status === "completed";
      await this.#nextChange(jobId, signal);
      if (signal.aborted) {
        throw new SqlError({ sqlstate: "57014", message: "canceling statement due to user request" });
      }
      if (this.#isClosed) return false;
    }
  }

  async #status(jobId: string): Promise<string | undefined> {
    const { rows } = await this.#coordinator.request(
      "SELECT status FROM pg_dsql.job WHERE job_id = sys.base32_str_to_uuid($1)",
      [jobId],
    );
    return rows[0]?.[0] ?? undefined;
  }

  async #nextChange(jobId: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const waiters = this.#waiters.get(jobId) ?? new Set();
      this.#waiters.set(jobId, waiters);
      // Looks again after a while in any case: another job may have been removed meanwhile.
      const stop = this.#clock.setTimer(1_000, () => {
        wake();
      });
      const wake = (): void => {
        stop();
        waiters.delete(wake);
        if (waiters.size === 0) this.#waiters.delete(jobId);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      waiters.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #serve(): void {
    for (let place = 0; place < this.#waiting.length && this.#running.size < runningMax;) {
      const job = this.#waiting[place];
      const isBusy = [...this.#running.values()].some(({ table }) => table === tableKey(job));
      if (job === undefined || isBusy) {
        place += 1;
        continue;
      }
      this.#waiting.splice(place, 1);
      this.#running.set(job.jobId, { table: tableKey(job), backend: undefined });
      void this.#run(job);
    }
  }

  async #run(job: WaitingJob): Promise<void> {
    let end: { status: "completed" | "failed"; details: string | null };
    try {
      end = await this.#build(job);
    } catch (error) {
      if (error instanceof BackendLost && (job.breaks ?? 0) < breaksMax) {
        this.#beginAgain(job);
        return;
      }
      end = { status: "failed", details: error instanceof Error ? error.message : String(error) };
    }
    if (this.#isClosed) return; // The next start takes it up again.
    try {
      await this.#setStatus(job, end.status, end.details);
    } catch (error) {
      this.#log({ event: "job.statusLost", jobId: job.jobId, reason: String(error) });
      this.#beginAgain(job);
      return;
    }
    this.#running.delete(job.jobId);
    this.#coordinator.catalogVersions.changed(new Set([job.table]));
    this.#log({ event: "job.ended", jobId: job.jobId, status: end.status });
    job.appeared();
    for (const wake of this.#waiters.get(job.jobId) ?? []) wake();
    this.#serve();
  }

  /** PostgreSQL went away; what it had built so far is of no use. */
  #beginAgain(job: WaitingJob): void {
    this.#log({ event: "job.interrupted", jobId: job.jobId });
    this.#clock.setTimer(againAfterMs, () => {
      this.#running.delete(job.jobId);
      if (this.#isClosed) return; // The next start takes it up again.
      this.#waiting.push({ ...job, breaks: (job.breaks ?? 0) + 1 });
      this.#serve();
    });
  }

  async #build(job: WaitingJob): Promise<{ status: "completed" | "failed"; details: string | null }> {
    const backend = await this.#coordinator.openBackend(job.role);
    this.#running.set(job.jobId, { table: tableKey(job), backend });
    // Open transactions that stand in the way of the build's locks are parked as for any statement.
    this.#coordinator.watch.began(backend.processId);
    const building = { isOver: false };
    try {
      if (job.breaks !== undefined && (await this.#findBuilt(job)))
        return { status: "completed", details: null };
      await this.#setStatus(job, "processing", null);
      this.#announceAppearance(job, building).catch((error: unknown) => {
        this.#log({ event: "job.appearanceUnknown", jobId: job.jobId, reason: String(error) });
      });
      await requestSimple(backend, job.statement);
      return { status: "completed", details: null };
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      return failure(error);
    } finally {
      building.isOver = true;
      this.#coordinator.watch.answered(backend.processId);
      backend.close();
    }
  }

  async #announceAppearance(job: WaitingJob, building: { isOver: boolean }): Promise<void> {
    while (!building.isOver && !this.#isClosed) {
      const { rows } = await this.#coordinator.request(
        `UPDATE pg_dsql.job SET object_id = to_regclass($1) WHERE job_id = sys.base32_str_to_uuid($2) AND to_regclass($1) IS NOT NULL RETURNING 1`,
        [`${quoteName(job.schema)}.${quoteName(job.index)}`, job.jobId],
      );
      if (rows.length > 0) break;
      await new Promise<void>((resolve) => this.#clock.setTimer(2, resolve));
    }
    job.appeared();
  }

  async #setStatus(job: SubmittedIndex, status: string, details: string | null): Promise<void> {
    await this.#coordinator.request(
      `UPDATE pg_dsql.job SET status = $2, details = $3, update_time = now(), object_id = coalesce(to_regclass($4)::oid, object_id)
       WHERE job_id = sys.base32_str_to_uuid($1)`,
      [job.jobId, status, details, `${quoteName(job.schema)}.${quoteName(job.index)}`],
    );
  }

  /**
   * Looks at what a build that was cut off has left: an index that only lacks its word in the job's row, or an invalid
   * one, which is dropped.
   */
  async #findBuilt(job: SubmittedIndex): Promise<boolean> {
    const name = `${quoteName(job.schema)}.${quoteName(job.index)}`;
    const { rows } = await this.#coordinator.request(
      "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1) AND indrelid = to_regclass($2)",
      [name, `${quoteName(job.schema)}.${quoteName(job.table)}`],
    );
    if (rows[0]?.[0] === "f") await this.#coordinator.request(`DROP INDEX ${name}`);
    return rows[0]?.[0] === "t";
  }

  async #removeOld(): Promise<void> {
    await this.#coordinator.request(
      `DELETE FROM pg_dsql.job WHERE status IN ('completed', 'failed') AND update_time < now() - interval '${keptMinutes} minutes'`,
    );
  }
}

function tableKey(job: IndexDefinition | undefined): string {
  return `${job?.schema ?? ""}.${job?.table ?? ""}`;
}

/** Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL": a vanished table counts as completed. */
function failure(error: PostgresError): { status: "completed" | "failed"; details: string } {
  if (error.sqlstate === "23505") {
    return { status: "failed", details: "found duplicate key(s) while validating index uniqueness" };
  }
  if (error.sqlstate === "42P01") return { status: "completed", details: error.message };
  return { status: "failed", details: error.message };
}
