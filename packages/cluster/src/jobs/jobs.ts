/**
 * Asynchronous DDL: what CREATE INDEX ASYNC and ALTER TABLE ASYNC … VALIDATE CONSTRAINT leave to be done after their
 * transaction.
 *
 * A job is a row in the system schema (`sys.jobs` shows it) and, while it runs, a backend of its own. The index is
 * there, invalid and maintained by writers, before the client hears that the job is submitted.
 *
 * Always true
 * - A job whose row is committed ends as completed, failed or cancelled, also across a restart.
 * - One job at a time works on a table, and none on a table that an open transaction has begun to alter.
 *
 * Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL".
 * Tests: test/jobs.test.ts, test/jobs-and-ddl.test.ts.
 */
import { errors } from "@dsql-local/spec";
import { type Clock, type Log, type Random, SqlError } from "../base/index.ts";
import { type Backend, BackendLost, PostgresError, requestSimple } from "../backend/index.ts";
import type { Coordinator } from "../transaction/index.ts";
import { endOfRefused, takeUpBuild } from "./index-build.ts";
import { completed, isEnded, type Job, type JobEnd, type JobTask } from "./job.ts";
import { jobIdText, jobIdUuid } from "./job-id.ts";
import { JobTable } from "./job-table.ts";
import { JobWaiters } from "./job-waiters.ts";

/** Jobs at work side by side. The others wait as submitted. */
const runningMax = 4;
/** The answer to the client waits so long for the invalid index to appear. */
const appearanceMsMax = 2_000;
/** A job that PostgreSQL has gone away under is begun again after this time, while PostgreSQL is started again … */
const againAfterMs = 500;
/** … so often. A build that brings PostgreSQL down each time has failed then. */
const breaksMax = 20;
/** A job that is asked to stand aside may be between two statements, where a cancellation is lost: it is asked again. */
const standAsideMs = 20;

interface QueuedJob extends Job {
  readonly appeared: () => void;
  /** It has been at work before. */
  readonly isRepeat: boolean;
  /** How often PostgreSQL has gone away under it. */
  readonly breaks: number;
}

interface RunningJob {
  readonly job: QueuedJob;
  readonly over: Promise<void>;
  backend: Backend | undefined;
  /** It stands aside for a DDL statement. */
  isHeld: boolean;
}

type IsConcerned = (task: JobTask) => boolean;

export class Jobs {
  readonly #coordinator: Coordinator;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #table: JobTable;
  readonly #waiters: JobWaiters;
  #queue: QueuedJob[] = [];
  readonly #running = new Map<string, RunningJob>();
  readonly #holds = new Set<IsConcerned>();
  #isClosed = false;
  /** Tells jobs of these data from those of earlier ones. */
  #starts = 0;

  constructor(options: { coordinator: Coordinator; clock: Clock; random: Random; log: Log }) {
    this.#coordinator = options.coordinator;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.#table = new JobTable(options.coordinator.system);
    this.#waiters = new JobWaiters(options.clock);
  }

  newJobId(): string {
    return jobIdText(this.#random.uuid());
  }

  /** Whether any job is not at its end. */
  get isBusy(): boolean {
    return this.#queue.length > 0 || this.#running.size > 0;
  }

  /** Takes up what an earlier run of the cluster left unfinished. */
  async start(): Promise<void> {
    const left = await this.#table.unfinished();
    this.#queue = left.map((job) => ({ ...job, appeared: () => undefined, isRepeat: true, breaks: 0 }));
    this.#serve();
  }

  /** The data are about to be others: ends every job that is at work, and forgets all. `startAgain` comes next. */
  async stop(): Promise<void> {
    this.close();
    await Promise.all([...this.#running.values()].map(({ over }) => over));
    this.#running.clear();
    this.#starts += 1;
  }

  /** Takes up the jobs that the data know. */
  async startAgain(): Promise<void> {
    this.#isClosed = false;
    await this.start();
  }

  close(): void {
    this.#isClosed = true;
    this.#queue = [];
    for (const { backend } of this.#running.values()) {
      void backend?.cancel();
      backend?.close();
    }
    this.#waiters.wakeAll();
  }

  /** Records a job and starts it. Resolves when the invalid index is there, or the job has ended. */
  async submit(job: Job): Promise<void> {
    await this.#table.removeOld();
    await this.#table.add(job);
    await new Promise<void>((resolve) => {
      const stop = this.#clock.setTimer(appearanceMsMax, resolve);
      const appeared = (): void => {
        stop();
        resolve();
      };
      this.#queue.push({ ...job, appeared, isRepeat: false, breaks: 0 });
      this.#serve();
    });
    if (job.type === "INDEX_BUILD") this.#changed(job);
  }

  /** Rows of finished jobs that are old go when another job runs: PostgreSQL has just done one by itself. */
  async removeOld(): Promise<void> {
    await this.#table.removeOld();
  }

  /**
   * Waits for a job to end.
   *
   * @returns whether it completed; false when it failed, was cancelled, or there is no such job
   * @throws {SqlError} 22P02 the text is no job identifier
   * @throws {BackendLost} PostgreSQL has gone away and does not come back
   */
  async wait(jobId: string, signal: AbortSignal): Promise<boolean> {
    if (jobIdUuid(jobId) === undefined) throw SqlError.of(errors.jobIdMalformed);
    for (let breaks = 0; ;) {
      const status = await this.#table.status(jobId).catch((error: unknown) => {
        // PostgreSQL is being started again, as for the job itself.
        if (!(error instanceof BackendLost) || ++breaks > breaksMax) throw error;
        return "processing" as const;
      });
      if (status === undefined || isEnded(status)) return status === "completed";
      await this.#waiters.nextChange(jobId, signal);
      if (signal.aborted) {
        throw new SqlError({ sqlstate: "57014", message: "canceling statement due to user request" });
      }
      if (this.#isClosed) return false;
    }
  }

  /**
   * Takes jobs off tables that a DDL statement is about to change: it must not wait for a build, and a build would wait
   * for its transaction. When they are let go they look at what is left of their index and begin anew.
   *
   * @returns lets them go on; to be called when the statement's transaction is over
   */
  async keepOff(isConcerned: IsConcerned): Promise<() => void> {
    this.#holds.add(isConcerned);
    const held = [...this.#running.values()].filter(({ job }) => isConcerned(job));
    await Promise.all(held.map((running) => this.#standAside(running)));
    return () => {
      this.#holds.delete(isConcerned);
      this.#serve();
    };
  }

  /** Jobs whose index is not there yet: they wait for another job on the same table, or for a place. */
  unbegun(isConcerned: IsConcerned): readonly Job[] {
    return this.#queue.filter((job) => !job.isRepeat && isConcerned(job));
  }

  /** Ends jobs that have not begun. */
  async cancel(jobs: readonly Job[]): Promise<void> {
    const ids = new Set(jobs.map(({ jobId }) => jobId));
    this.#queue = this.#queue.filter(({ jobId }) => !ids.has(jobId));
    for (const job of jobs) {
      await this.#table.ended(job, { status: "cancelled", details: null });
      this.#waiters.wake(job.jobId);
    }
  }

  async #standAside(running: RunningJob): Promise<void> {
    running.isHeld = true;
    const isOver = running.over.then(() => true);
    const aWhile = (): Promise<boolean> =>
      new Promise((resolve) => {
        this.#clock.setTimer(standAsideMs, () => {
          resolve(false);
        });
      });
    do await running.backend?.cancel();
    while (!(await Promise.race([isOver, aWhile()])));
  }

  #serve(): void {
    for (const job of [...this.#queue]) {
      if (this.#running.size >= runningMax) return;
      if (this.#isKeptFrom(job)) continue;
      this.#queue = this.#queue.filter((queued) => queued !== job);
      let end = (): void => undefined;
      const over = new Promise<void>((resolve) => (end = resolve));
      const running: RunningJob = { job, over, backend: undefined, isHeld: false };
      this.#running.set(job.jobId, running);
      void this.#run(running).finally(end);
    }
  }

  #isKeptFrom(job: QueuedJob): boolean {
    for (const isConcerned of this.#holds) if (isConcerned(job)) return true;
    for (const { job: other } of this.#running.values()) {
      if (other.schema === job.schema && other.table === job.table) return true;
    }
    return false;
  }

  async #run(running: RunningJob): Promise<void> {
    const { job } = running;
    let end: JobEnd;
    try {
      end = await this.#attempt(running);
    } catch (error) {
      if (running.isHeld || isDeadlock(error)) {
        this.#again(job, job.breaks);
        return;
      }
      if (error instanceof BackendLost && job.breaks < breaksMax) {
        this.#afterBreak(job);
        return;
      }
      end = this.#endOf(job, error);
    }
    if (this.#isClosed) return; // The next start takes it up again.
    await this.#finish(job, end);
  }

  #endOf(job: Job, error: unknown): JobEnd {
    if (error instanceof PostgresError) return endOfRefused(job, error);
    return { status: "failed", details: error instanceof Error ? error.message : String(error) };
  }

  async #finish(job: QueuedJob, end: JobEnd): Promise<void> {
    try {
      if (job.type === "INDEX_BUILD") await this.#table.noteIndex(job);
      // Before anybody can read of the job's end: who has seen it has nothing more to hear.
      if (job.type === "INDEX_BUILD" || end.status === "completed") this.#changed(job);
      await this.#table.ended(job, end);
    } catch (error) {
      this.#log({ event: "job.statusLost", jobId: job.jobId, reason: String(error) });
      this.#afterBreak(job);
      return;
    }
    this.#running.delete(job.jobId);
    this.#log({ event: "job.ended", jobId: job.jobId, status: end.status });
    job.appeared();
    this.#waiters.wake(job.jobId);
    this.#serve();
  }

  /** Others hear of it: OC001. */
  #changed({ table }: Job): void {
    this.#coordinator.catalogVersions.changed(new Set([table]));
  }

  #again(job: QueuedJob, breaks: number): void {
    this.#running.delete(job.jobId);
    if (this.#isClosed) return; // The next start takes it up again.
    this.#queue.unshift({ ...job, isRepeat: true, breaks });
    this.#serve();
  }

  /** PostgreSQL went away; what it had built so far is of no use. */
  #afterBreak(job: QueuedJob): void {
    this.#log({ event: "job.interrupted", jobId: job.jobId });
    const starts = this.#starts;
    this.#clock.setTimer(againAfterMs, () => {
      if (starts === this.#starts) this.#again(job, job.breaks + 1);
    });
  }

  /** @throws {PostgresError} PostgreSQL refused the work, or it was cancelled */
  async #attempt(running: RunningJob): Promise<JobEnd> {
    const { job } = running;
    const backend = await this.#coordinator.openBackend(job.role);
    running.backend = backend;
    // Open transactions that stand in the way of the job's locks are parked as for any statement.
    this.#coordinator.watch.began(backend.processId);
    const work = { isOver: false };
    try {
      if (running.isHeld) throw new Error("held before it began");
      await this.#table.begun(job);
      if (job.isRepeat && job.type === "INDEX_BUILD") {
        const attempt = { job, backend, table: this.#table, system: this.#coordinator.system };
        const end = await takeUpBuild(attempt);
        if (end !== undefined) return end;
      }
      this.#announce(job, work).catch((error: unknown) => {
        this.#log({ event: "job.appearanceUnknown", jobId: job.jobId, reason: String(error) });
      });
      const failed = await this.#meetFaults(job);
      if (failed !== undefined) return failed;
      await requestSimple(backend, job.statement);
      return completed;
    } finally {
      work.isOver = true;
      this.#coordinator.watch.answered(backend.processId);
      backend.close();
    }
  }

  /** Faults on demand. The client has its job at once: there is no index yet to wait for. */
  async #meetFaults(job: QueuedJob): Promise<JobEnd | undefined> {
    if (job.type !== "INDEX_BUILD") return undefined;
    const { faults, latency } = this.#coordinator;
    const build = latency.indexBuild();
    if (build !== undefined) {
      job.appeared();
      await build;
    }
    if (faults.isEmpty) return undefined;
    const place = { role: job.role, applicationName: "", tables: [job.table] };
    const slow = faults.take("slow-index-build", place);
    if (slow !== undefined) {
      job.appeared();
      await faults.wait(slow, slow.options.delayMs);
    }
    const isToFail = faults.take("fail-index-build", place) !== undefined;
    return isToFail ? { status: "failed", details: "a fault on demand: fail-index-build" } : undefined;
  }

  /** Lets the client hear of the job as soon as the invalid index is there. */
  async #announce(job: QueuedJob, work: { readonly isOver: boolean }): Promise<void> {
    while (job.type === "INDEX_BUILD" && !work.isOver && !this.#isClosed) {
      if (await this.#table.noteIndex(job)) break;
      await new Promise<void>((resolve) => this.#clock.setTimer(2, resolve));
    }
    job.appeared();
  }
}

/** Whoever it fought with was a statement of a client, which goes first. */
function isDeadlock(error: unknown): boolean {
  return error instanceof PostgresError && error.sqlstate === "40P01";
}
