/**
 * Backends, lent to one transaction at a time.
 *
 * PostgreSQL serves two cores best with a handful of busy processes, but DSQL lets thousands of transactions stand
 * open while their clients think. So the pool counts only *lively* leases against its bound: one whose client has been
 * silent for `sleepAfterMs` makes room for another backend. A crowd of busy clients takes turns on few backends; a
 * crowd of idle open transactions gets a backend each, up to `backendsMax`.
 *
 * Always true
 * - A backend is lent to one transaction at a time, and only to the role it belongs to.
 * - A backend that has been seeded by setseed() serves that session alone, and is closed with it.
 * - Waiters are served in the order they came, within the room there is.
 *
 * Measured: bench/transfers.bench.ts; its table is in docs/performance.md.
 */
import { type Clock, type Log, SqlError } from "../base/index.ts";
import { errors } from "@dsql-local/spec";
import type { Backend } from "./backend.ts";

export interface BackendPoolOptions {
  readonly connect: (role: string) => Promise<Backend>;
  readonly clock: Clock;
  readonly log: Log;
  /** Leases with a statement under way or a client that has just been answered. */
  readonly livelyMax?: number;
  /** Backends in all. At the bound a transaction is refused: 53300. */
  readonly backendsMax?: number;
}

/** A client that has not been heard of for so long is thinking: its lease makes room. */
const sleepAfterMs = 20;
/** A statement that runs for so long mostly waits: for a lock, for a slow client, in pg_sleep. It makes room, too. */
const sleepWhileBusyAfterMs = 100;
/** An unused backend beyond the lively ones is closed after this time. */
const idleCloseAfterMs = 30_000;
/** Transactions that wait for a backend. At the bound the next one is refused. */
const waitersMax = 10_000;

export interface Lease {
  readonly backend: Backend;
  /** A statement is under way. */
  busy(): void;
  /** The client has been answered. */
  idle(): void;
  /** Gives the backend back; `broken` when it must not be used again. */
  release(state?: "broken"): void;
}

/** Hears that no backend is free, and how to end the waiting: `acquire` then throws that error. */
export type OnWait = (giveUp: (error: Error) => void) => void;

interface Waiter {
  readonly role: string;
  readonly session: object | undefined;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: Error) => void;
  hasGivenUp: boolean;
}

class PoolLease implements Lease {
  readonly backend: Backend;
  readonly session: object | undefined;
  readonly #pool: BackendPool;
  isAsleep = false;
  isBusy = true;
  #sinceMs: number;
  #isReleased = false;

  constructor(pool: BackendPool, backend: Backend, session: object | undefined) {
    this.#pool = pool;
    this.backend = backend;
    this.session = session;
    this.#sinceMs = pool.monotonicMs();
  }

  busy(): void {
    this.isBusy = true;
    this.#sinceMs = this.#pool.monotonicMs();
    if (this.isAsleep) this.#pool.wake(this);
  }

  idle(): void {
    this.isBusy = false;
    this.#sinceMs = this.#pool.monotonicMs();
  }

  /** Nothing has happened on it for a while. */
  isStill(nowMs: number): boolean {
    return nowMs - this.#sinceMs > (this.isBusy ? sleepWhileBusyAfterMs : sleepAfterMs);
  }

  release(state?: "broken"): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#pool.takeBack(this, state === "broken");
  }
}

export class BackendPool {
  readonly #options: BackendPoolOptions;
  readonly #livelyMax: number;
  readonly #backendsMax: number;
  readonly #leases = new Set<PoolLease>();
  /** Unused backends by role, the most recently used last. */
  readonly #idle = new Map<string, { backend: Backend; sinceMs: number }[]>();
  /** Unused backends that serve one session only. */
  readonly #kept = new Map<object, Backend>();
  readonly #waiters: Waiter[] = [];
  /** Lent backends of roles that have been dropped or renamed since. */
  readonly #outlived = new WeakSet<Backend>();
  #backends = 0;
  #lively = 0;
  #stopSweep: (() => void) | undefined;
  #sweepIsForWaiters = false;
  #isClosed = false;

  constructor(options: BackendPoolOptions) {
    this.#options = options;
    this.#livelyMax = options.livelyMax ?? 16;
    this.#backendsMax = options.backendsMax ?? 1_000;
  }

  monotonicMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** Counts, for status and tests. */
  get size(): { backends: number; leased: number; waiting: number } {
    return { backends: this.#backends, leased: this.#leases.size, waiting: this.#waiters.length };
  }

  /**
   * @param session - whose transaction it is: what stays in a backend of its own finds it again
   * @throws {SqlError} 53300 too many transactions are open or waiting
   * @throws {BackendLost} PostgreSQL cannot be reached
   */
  async acquire(role: string, onWait?: OnWait, session?: object): Promise<Lease> {
    if (this.#waiters.length === 0 && this.#lively < this.#livelyMax) {
      const unused = this.#takeIdle(role, session);
      if (unused !== undefined) return this.#lend(unused, session);
    }
    if (this.#waiters.length >= waitersMax) throw SqlError.of(errors.tooManyConnections);
    return await new Promise((resolve, reject) => {
      const waiter = { role, session, resolve, reject, hasGivenUp: false };
      this.#waiters.push(waiter);
      onWait?.((error) => {
        this.#giveUp(waiter, error);
      });
      this.#serve();
      this.#startSweep();
    });
  }

  wake(lease: PoolLease): void {
    lease.isAsleep = false;
    this.#lively += 1;
  }

  takeBack(lease: PoolLease, isBroken: boolean): void {
    this.#leases.delete(lease);
    if (!lease.isAsleep) this.#lively -= 1;
    const isSpoilt =
      isBroken ||
      lease.backend.isLost ||
      lease.backend.isBeingCancelled ||
      lease.backend.hasOtherSettings || // Nobody has looked which.
      this.#outlived.has(lease.backend);
    if (isSpoilt || this.#isClosed) this.#drop(lease.backend);
    else this.#keep(lease.backend, lease.session);
    this.#serve();
  }

  /** The session is over, and with it what was kept for it alone. */
  endSession(session: object): void {
    const backend = this.#kept.get(session);
    this.#kept.delete(session);
    if (backend !== undefined) this.#drop(backend);
  }

  /** Whoever has this role's name from now on gets backends of its own: PostgreSQL knows the old ones by the role's oid. */
  retire(role: string): void {
    for (const { backend } of this.#idle.get(role) ?? []) this.#drop(backend);
    this.#idle.delete(role);
    for (const [session, { role: itsRole }] of this.#kept) if (itsRole === role) this.endSession(session);
    for (const { backend } of this.#leases) if (backend.role === role) this.#outlived.add(backend);
  }

  /** PostgreSQL goes away on purpose: gives up every backend. Those who wait for one go on waiting. */
  disconnect(): void {
    for (const unused of this.#idle.values()) for (const { backend } of unused) this.#drop(backend);
    this.#idle.clear();
    for (const { backend } of this.#leases) backend.takeAway();
  }

  /** Closes every backend that is not lent, and each of the others when it comes back. */
  close(): void {
    this.#isClosed = true;
    this.#stopSweep?.();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(SqlError.of(errors.serverUnavailable));
    for (const unused of this.#idle.values()) for (const { backend } of unused) this.#drop(backend);
    this.#idle.clear();
    for (const session of [...this.#kept.keys()]) this.endSession(session);
    for (const lease of this.#leases) lease.backend.close();
  }

  #giveUp(waiter: Waiter, error: Error): void {
    waiter.hasGivenUp = true;
    const place = this.#waiters.indexOf(waiter);
    if (place >= 0) this.#waiters.splice(place, 1);
    waiter.reject(error);
  }

  #lend(backend: Backend, session: object | undefined): Lease {
    const lease = new PoolLease(this, backend, session);
    this.#leases.add(lease);
    this.#lively += 1;
    return lease;
  }

  #serve(): void {
    while (this.#waiters.length > 0 && this.#lively < this.#livelyMax) {
      const waiter = this.#waiters[0];
      if (waiter === undefined) return;
      const unused = this.#takeIdle(waiter.role, waiter.session);
      if (unused === undefined && this.#backends >= this.#backendsMax && !this.#dropAnyIdle()) {
        if (this.#isHopeless()) this.#refuseAll();
        return; // Otherwise a backend comes free by itself; the sweep looks again.
      }
      this.#waiters.shift();
      if (unused === undefined) void this.#open(waiter);
      else waiter.resolve(this.#lend(unused, waiter.session));
    }
  }

  async #open(waiter: Waiter): Promise<void> {
    this.#backends += 1;
    this.#lively += 1; // Holds the place while connecting.
    try {
      const backend = await this.#options.connect(waiter.role);
      backend.onLost = () => {
        this.#forget(backend);
      };
      this.#lively -= 1;
      if (!waiter.hasGivenUp) waiter.resolve(this.#lend(backend, waiter.session));
      else {
        this.#keep(backend, undefined);
        this.#serve();
      }
    } catch (error) {
      this.#lively -= 1;
      this.#backends -= 1;
      waiter.reject(error as Error);
      this.#serve();
    }
  }

  /** Every backend belongs to an open transaction whose client thinks. */
  #isHopeless(): boolean {
    return this.#leases.size >= this.#backends && [...this.#leases].every((lease) => !lease.isBusy);
  }

  /** Nothing will come free until a client acts. */
  #refuseAll(): void {
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(
        SqlError.of(errors.tooManyConnections, {
          hint: `${this.#backendsMax} transactions are open. End some, or start the cluster with more backends.`,
        }),
      );
    }
  }

  #takeIdle(role: string, session: object | undefined): Backend | undefined {
    const kept = session === undefined || this.#kept.size === 0 ? undefined : this.#kept.get(session);
    if (kept === undefined) return this.#idle.get(role)?.pop()?.backend;
    this.#kept.delete(session as object);
    return kept;
  }

  #keep(backend: Backend, session: object | undefined): void {
    if (backend.isSeeded) {
      if (session === undefined || this.#kept.has(session)) this.#drop(backend);
      else this.#kept.set(session, backend);
      return;
    }
    const unused = this.#idle.get(backend.role) ?? [];
    this.#idle.set(backend.role, unused);
    unused.push({ backend, sinceMs: this.monotonicMs() });
  }

  #drop(backend: Backend): void {
    backend.close();
    if (!backend.isLost) this.#backends -= 1;
    backend.onLost = undefined;
  }

  #forget(backend: Backend): void {
    this.#backends -= 1;
    backend.onLost = undefined;
    const unused = this.#idle.get(backend.role);
    const index = unused?.findIndex((entry) => entry.backend === backend) ?? -1;
    if (index >= 0) unused?.splice(index, 1);
    for (const [session, kept] of this.#kept) if (kept === backend) this.#kept.delete(session);
  }

  #dropAnyIdle(): boolean {
    for (const unused of this.#idle.values()) {
      const oldest = unused.shift();
      if (oldest === undefined) continue;
      this.#drop(oldest.backend);
      return true;
    }
    // Better one session's random() starts anew than another's transaction is refused.
    const [first] = this.#kept.keys();
    if (first === undefined) return false;
    this.endSession(first);
    return true;
  }

  /** While someone waits: puts silent leases to sleep. Afterwards: closes what has been unused for long. */
  #startSweep(): void {
    const isForWaiters = this.#waiters.length > 0;
    if (this.#isClosed || (this.#stopSweep !== undefined && (this.#sweepIsForWaiters || !isForWaiters)))
      return;
    this.#stopSweep?.();
    this.#sweepIsForWaiters = isForWaiters;
    const delayMs = isForWaiters ? sleepAfterMs / 2 : idleCloseAfterMs;
    this.#stopSweep = this.#options.clock.setTimer(delayMs, () => {
      this.#stopSweep = undefined;
      this.#sleepSilentLeases();
      this.#closeUnused();
      this.#serve();
      if (this.#waiters.length > 0 || this.#backends > this.#livelyMax) this.#startSweep();
    });
  }

  #sleepSilentLeases(): void {
    const nowMs = this.monotonicMs();
    for (const lease of this.#leases) {
      if (lease.isAsleep || !lease.isStill(nowMs)) continue;
      lease.isAsleep = true;
      this.#lively -= 1;
    }
  }

  #closeUnused(): void {
    const before = this.monotonicMs() - idleCloseAfterMs;
    for (const unused of this.#idle.values()) {
      while (this.#backends > this.#livelyMax && (unused[0]?.sinceMs ?? Infinity) < before) {
        const oldest = unused.shift();
        if (oldest !== undefined) this.#drop(oldest.backend);
      }
    }
  }
}
