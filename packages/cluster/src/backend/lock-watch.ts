/**
 * Finds the idle transactions that stand in the way of a statement, and has them parked.
 *
 * A statement that has not been answered within a few milliseconds may be waiting for a lock. PostgreSQL says for whom
 * (`pg_blocking_pids`). A holder with no statement under way would keep the waiter waiting for as long as its client
 * thinks, so it is parked; a holder with a statement under way will end by itself, and is looked at again a little later.
 *
 * Always true
 * - PostgreSQL is asked only while some statement is overdue, and by one question for all of them.
 * - The question is asked on a connection of its own: whatever else the system waits for, holders are parked.
 */
import type { Clock, Log } from "../base/index.ts";
import type { Requester } from "./request.ts";

/** A transaction as the watch sees it. */
export interface Watched {
  readonly processId: number;
  /** It will answer by itself, without its client's doing. */
  readonly isAtWork: boolean;
  park(): void;
}

// Asks PostgreSQL only after this long: a statement that waits for a running one is usually done by then.
const waitNoticeMs = 5;

export class LockWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #asker: Requester;
  /** Statements under way, by the backend's process, with the time they began. */
  readonly #underWay = new Map<number, number>();
  /** Open transactions by their backend's process. */
  readonly #open = new Map<number, Watched>();
  #isLooking = false;
  #stopTimer: (() => void) | undefined;

  /** @param options.asker - asks on a connection that is used for nothing else, so that it never waits itself */
  constructor(options: { clock: Clock; log: Log; asker: Requester }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#asker = options.asker;
  }

  opened(transaction: Watched): void {
    this.#open.set(transaction.processId, transaction);
  }

  ended(processId: number): void {
    this.#open.delete(processId);
  }

  began(processId: number): void {
    this.#underWay.set(processId, this.#clock.monotonicMs());
    this.#startTimer();
  }

  answered(processId: number): void {
    this.#underWay.delete(processId);
  }

  /** Says for the log what a backend waits for. */
  async explain(processId: number): Promise<string> {
    const { rows } = await this.#asker.request(waitQuery, [String(processId)]);
    return rows[0]?.[0] ?? "its process is gone";
  }

  close(): void {
    this.#stopTimer?.();
    this.#underWay.clear();
    this.#open.clear();
  }

  #startTimer(): void {
    if (this.#stopTimer !== undefined || this.#isLooking) return;
    this.#stopTimer = this.#clock.setTimer(waitNoticeMs, () => {
      this.#stopTimer = undefined;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const before = this.#clock.monotonicMs() - waitNoticeMs;
    const overdue = [...this.#underWay]
      .filter(([, began]) => began <= before)
      .map(([processId]) => processId);
    this.#isLooking = true;
    try {
      if (overdue.length > 0 && this.#hasIdleHolder()) await this.#parkHolders(overdue);
    } catch (error) {
      this.#log({ event: "lockWatch.failed", reason: String(error) });
    } finally {
      this.#isLooking = false;
      if (this.#underWay.size > 0) this.#startTimer();
    }
  }

  /** Without an open transaction whose client thinks, all waiting ends by itself. */
  #hasIdleHolder(): boolean {
    for (const transaction of this.#open.values()) if (!transaction.isAtWork) return true;
    return false;
  }

  async #parkHolders(overdue: readonly number[]): Promise<void> {
    const { rows } = await this.#asker.request(holdersQuery, [`{${overdue.join(",")}}`]);
    for (const [processId] of rows) {
      const holder = this.#open.get(Number(processId));
      if (holder !== undefined && !holder.isAtWork) holder.park();
    }
  }
}

// pg_blocking_pids locks PostgreSQL's whole lock table, so only those are asked about that do wait for a lock.
const holdersQuery = `
SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiter.pid))
FROM pg_catalog.pg_stat_get_activity(NULL) AS waiter
WHERE waiter.pid = ANY ($1::int4[]) AND waiter.wait_event_type = 'Lock'`;

const waitQuery = `
SELECT pg_catalog.concat_ws(' ', coalesce(waiter.wait_event_type, 'nothing'), waiter.wait_event,
  'blocked by', pg_catalog.pg_blocking_pids(waiter.pid)::text)
FROM pg_catalog.pg_stat_get_activity($1::int4) AS waiter`;
