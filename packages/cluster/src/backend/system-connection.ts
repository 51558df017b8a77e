/**
 * A connection of the system's own: logins, the catalog, jobs; and another one for the lock watch alone.
 *
 * Always true
 * - Every request is answered, with rows or an error, within `requestMsMax` and a moment, whatever clients have locked.
 * - A connection that does not answer in time is replaced: those that waited hear an error, the next request gets a new one.
 *
 * PostgreSQL itself ends what waits for a lock or runs for long. Beyond that a watchdog looks at the oldest request: a process
 * that is stopped, or waits where PostgreSQL does not look at its time limits, is told of in the log and given up.
 *
 * Tests: test/attack/system-never-waits.test.ts.
 */
import type { Clock, Log } from "../base/index.ts";
import type { Backend } from "./backend.ts";
import { request, type Requester, type RequestResult } from "./request.ts";

/**
 * PostgreSQL's own bounds on each of the system's statements; and its names are PostgreSQL's, whatever clients have put where
 * names are looked up.
 */
export const systemSettings: Readonly<Record<string, string>> = {
  search_path: "pg_catalog",
  lock_timeout: "5s",
  statement_timeout: "15s",
};

/** A request that is older is cancelled; one that is not answered then either loses its connection. Milliseconds. */
const requestMsMax = 20_000;
/** How long a cancellation may take to be heard. */
const cancelMsMax = 2_000;

export interface SystemConnectionOptions {
  /** For the log: what it is for. */
  readonly name: string;
  readonly connect: () => Promise<Backend>;
  readonly clock: Clock;
  readonly log: Log;
  /** Has the lock watch see to it that no request waits for an idle transaction. */
  readonly watch?: { began(processId: number): void; answered(processId: number): void };
  /** Says what a backend waits for; asked on another connection. */
  readonly explain?: (processId: number) => Promise<string>;
  readonly requestMsMax?: number;
}

export class SystemConnection implements Requester {
  readonly #options: SystemConnectionOptions;
  readonly #requestMsMax: number;
  /** When each unanswered request was made, the oldest first. */
  readonly #underWay = new Map<symbol, { readonly sinceMs: number; readonly backend: Backend }>();
  #backend: Promise<Backend> | undefined;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(options: SystemConnectionOptions) {
    this.#options = options;
    this.#requestMsMax = options.requestMsMax ?? requestMsMax;
  }

  /** Connects, where it has not yet or the connection was lost. @throws {BackendLost} PostgreSQL cannot be reached */
  async open(): Promise<Backend> {
    const known = this.#backend;
    const backend = await known?.catch(() => undefined);
    if (backend !== undefined && !backend.isLost) return backend;
    // Of several callers that find it lost, the first connects.
    if (this.#backend === undefined || this.#backend === known) this.#backend = this.#options.connect();
    return await this.#backend;
  }

  /**
   * @throws {PostgresError} PostgreSQL refuses it, also because it waited for too long
   * @throws {BackendLost} PostgreSQL went away or did not answer
   */
  async request(text: string, values: readonly (string | null)[] = []): Promise<RequestResult> {
    const backend = await this.open();
    const { watch } = this.#options;
    const mark = Symbol(this.#options.name);
    this.#underWay.set(mark, { sinceMs: this.#options.clock.monotonicMs(), backend });
    this.#startTimer();
    watch?.began(backend.processId);
    try {
      return await request(backend, text, values);
    } finally {
      this.#underWay.delete(mark);
      watch?.answered(backend.processId);
      // The next in line has only now come to be run.
      if (this.#underWay.size > 0) watch?.began(backend.processId);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
    this.#backend?.then(
      (backend) => {
        backend.close();
      },
      () => undefined, // It had not been reached.
    );
    this.#backend = undefined;
  }

  #startTimer(): void {
    if (this.#stopTimer !== undefined || this.#isClosed) return;
    const [oldest] = this.#underWay.values();
    if (oldest === undefined) return;
    const leftMs = oldest.sinceMs + this.#requestMsMax - this.#options.clock.monotonicMs();
    this.#stopTimer = this.#options.clock.setTimer(Math.max(1, leftMs), () => {
      this.#stopTimer = undefined;
      this.#look();
    });
  }

  #look(): void {
    const [oldest] = this.#underWay.values();
    if (oldest === undefined || this.#isClosed) return;
    const { clock } = this.#options;
    if (clock.monotonicMs() - oldest.sinceMs < this.#requestMsMax) this.#startTimer();
    else void this.#free(oldest.backend);
  }

  async #free(backend: Backend): Promise<void> {
    const { name, log, explain } = this.#options;
    const { processId } = backend;
    void explain?.(processId).then(
      (waitsFor) => {
        log({ event: "system.requestOverdue", connection: name, processId, waitsFor });
      },
      (error: unknown) => {
        log({ event: "system.requestOverdue", connection: name, processId, waitsFor: String(error) });
      },
    );
    const overdue = [...this.#underWay.keys()];
    // A stopped postmaster passes nothing on.
    void backend.cancel();
    await new Promise<void>((resolve) => this.#options.clock.setTimer(cancelMsMax, resolve));
    const isAnswered = overdue.every((one) => !this.#underWay.has(one));
    if (!isAnswered && !backend.isLost) {
      log({ event: "system.connectionReplaced", connection: name, processId });
      backend.destroy();
    }
    this.#startTimer();
  }
}
