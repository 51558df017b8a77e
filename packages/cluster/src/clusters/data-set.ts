/**
 * A data set: one embedded PostgreSQL with the coordinator and the jobs that work on it. It is what a cluster stands on,
 * or the clusters that are peers in several Regions, which see the same rows under the same concurrency control.
 *
 * Always true
 * - A start that fails has stopped whatever it had started.
 * - PostgreSQL that dies is started again; open transactions are lost with it, what was committed is not.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  assert,
  type ClusterEvents,
  Events,
  type Faults,
  type LimitValues,
  type Log,
  MemoryBudget,
  systemClock,
  systemRandom,
  type LatencyName,
  type LatencyProfile,
  readLatency,
  type SessionList,
} from "../base/index.ts";
import { Jobs } from "../jobs/index.ts";
import type { SessionServices } from "../session/index.ts";
import { createSqlParser, loadParser } from "../sql/index.ts";
import {
  asStorageError,
  createStorage,
  type ImageKey,
  type Storage,
  StorageError,
} from "../storage/index.ts";
import type { Oc001Scope } from "../catalog/index.ts";
import { Coordinator } from "../transaction/index.ts";
import { Restarts } from "./restarts.ts";

/** A snapshot waits so long for open transactions to end. */
const quietMsMax = 5_000;
const lookEveryMs = 5;

/** The options of every data set; `options.ts` describes them. */
export interface DataSetSettings {
  readonly fsync?: boolean | undefined;
  readonly cache?: boolean | undefined;
  readonly rules?: string | undefined;
  readonly openTransactionsMax: number;
  readonly livelyBackendsMax?: number | undefined;
  readonly oc001?: Oc001Scope | undefined;
  readonly explainConflicts?: boolean | undefined;
  readonly latency?: LatencyName | Partial<LatencyProfile> | undefined;
  readonly sessionMemoryBytesMax: number;
}

export interface DataSetOptions {
  /** Absolute; this process holds it, see `acquireDataDir`. */
  readonly folder: string;
  readonly settings: DataSetSettings;
  /** New data are a copy of those in this folder. */
  readonly copyOf?: string | undefined;
  /** New data are a copy of this image, if there is one. */
  readonly image?: ImageKey | undefined;
  readonly limits: LimitValues;
  readonly events: Events<ClusterEvents>;
  readonly faults: Faults;
  readonly sessions: SessionList;
  readonly log: Log;
}

function transactionsOpen(count: number): StorageError {
  return new StorageError({
    problem: `${count === 1 ? "A transaction is" : `${count} transactions are`} open, and a snapshot would end ${count === 1 ? "it" : "them"}.`,
    remedy: "Commit or roll back first.",
  });
}

/** What sessions share, but for whom they let in. */
export type DataSetServices = Omit<SessionServices, "verifyToken">;

export class DataSet {
  readonly storage: Storage;
  readonly #options: DataSetOptions;
  readonly #failures = new Events<{ failed: Error }>();
  #services: DataSetServices | undefined;
  #undo: (() => Promise<void> | void)[] = [];
  #starting: Promise<void> | undefined;
  #isStopping = false;
  #exchanging: Promise<void> = Promise.resolve();
  readonly #restarts: Restarts;

  constructor(options: DataSetOptions) {
    this.#options = options;
    const { folder, log } = options;
    const { fsync = false, cache = true, openTransactionsMax: connectionsMax } = options.settings;
    this.storage = createStorage({
      dataDir: folder,
      fsync,
      connectionsMax,
      cache,
      copyOf: options.copyOf,
      image: options.image,
      log,
    });
    this.#restarts = new Restarts({
      clock: systemClock,
      log,
      start: () => this.storage.start(),
      isStopping: () => this.#isStopping,
    });
  }

  /** Undefined until the start is complete. */
  get services(): DataSetServices | undefined {
    return this.#services;
  }

  /** Calls `run` if the data set cannot go on by itself. @returns a function that ends the subscription */
  onFailure(run: (reason: Error) => void): () => void {
    return this.#failures.on("failed", run);
  }

  /** @throws {StorageError} it cannot be started; the error says what to do */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    try {
      this.#goOn();
      const loading = loadParser();
      this.#undo.push(() => this.storage.stop());
      await this.storage.start();
      this.#restarts.began();
      this.storage.onExit((exit) => {
        if (!exit.expected) void this.#restart(exit.reason);
      });
      await loading;
      this.#goOn();
      this.#services = await this.#startServices();
      this.#goOn();
    } catch (error) {
      // Asked before anything is taken back, which may free the very space that was missing.
      const reason = await asStorageError(error, this.#options.folder);
      await this.#runUndo();
      throw reason;
    }
  }

  /** @throws a stop came during the start, which then takes back what it has done so far */
  #goOn(): void {
    if (this.#isStopping) throw new Error("the cluster was stopped while it started");
  }

  async #startServices(): Promise<DataSetServices> {
    const { settings, limits, events, faults, sessions, log } = this.#options;
    const { livelyBackendsMax, oc001, explainConflicts, latency, rules } = settings;
    const { openTransactionsMax: backendsMax } = settings;
    const clock = systemClock;
    const coordinator = new Coordinator({
      address: () => this.storage.address,
      systemRole: this.storage.systemRole,
      clock,
      log,
      events,
      faults,
      sessions,
      limits,
      rules,
      oc001,
      explainConflicts,
      latency: latency === undefined ? undefined : readLatency(latency),
      livelyBackendsMax,
      backendsMax,
    });
    this.#undo.push(() => {
      coordinator.close();
    });
    await coordinator.start();
    const jobs = new Jobs({ coordinator, clock, random: systemRandom, log });
    this.#undo.push(() => {
      jobs.close();
    });
    await jobs.start();
    const parser = createSqlParser({ limits, ...(rules !== undefined && { asOf: rules }) });
    const memory = new MemoryBudget(settings.sessionMemoryBytesMax);
    return { parser, coordinator, jobs, limits, clock, log, memory };
  }

  /** @throws {StorageError} transactions are open, it may not be a name, or the disk is full: nothing has changed */
  snapshot(name: string): Promise<void> {
    return this.#exchangeQuiet(() => this.storage.snapshot(name));
  }

  /** @throws {StorageError} transactions are open: nothing has changed */
  keepImage(): Promise<void> {
    return this.#exchangeQuiet(() => this.storage.keepImage());
  }

  /** Whatever was done since the snapshot is undone. Open transactions end as by a lost connection. */
  restore(name: string): Promise<void> {
    return this.#exchange(async ({ coordinator, jobs }) => {
      await this.storage.snapshots.folderOf(name);
      await jobs.stop();
      try {
        await coordinator.whileAway(() => this.storage.restore(name));
      } finally {
        await jobs.startAgain();
      }
    });
  }

  /** As after the first start. */
  reset(): Promise<void> {
    return this.#exchange(async ({ coordinator, jobs }) => {
      await jobs.stop();
      try {
        await coordinator.whileAway(() => this.storage.reset());
      } finally {
        await jobs.startAgain();
      }
    });
  }

  /**
   * Runs statements as `admin` on PostgreSQL itself, past every rule and limit of the service. For the set-up of tests.
   *
   * @throws {SqlError} PostgreSQL refuses one
   */
  asOwner(sql: string): Promise<void> {
    return this.#exchange(async ({ coordinator }) => {
      await coordinator.runPastRules(sql);
    });
  }

  /** With no transaction open, so that the end of PostgreSQL loses nothing. */
  #exchangeQuiet(work: () => Promise<void>): Promise<void> {
    return this.#exchange(async ({ coordinator }) => {
      for (let waitedMs = 0; coordinator.openTransactions > 0; waitedMs += lookEveryMs) {
        if (waitedMs >= quietMsMax) throw transactionsOpen(coordinator.openTransactions);
        await sleep(lookEveryMs);
      }
      await coordinator.whileAway(work);
    });
  }

  /** One after the other. */
  #exchange(work: (services: DataSetServices) => Promise<void>): Promise<void> {
    const done = this.#exchanging.then(async () => {
      assert(this.#services !== undefined, "the data set has started");
      await work(this.#services);
    });
    this.#exchanging = done.catch(() => undefined);
    return done;
  }

  async #restart(reason: string): Promise<void> {
    try {
      await this.#restarts.afterEnd(reason);
    } catch (error) {
      if (!this.#isStopping) this.#failures.emit("failed", error as Error);
    }
  }

  async stop({ immediate = false }: { immediate?: boolean } = {}): Promise<void> {
    this.#isStopping = true;
    await this.#starting?.catch(() => undefined); // Whoever started it hears how that went.
    if (immediate) {
      this.#services?.jobs.close();
      this.#services?.coordinator.close();
      await this.storage.stop({ immediate: true });
    }
    await this.#runUndo();
  }

  async #runUndo(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        this.#options.log({ event: "cluster.stopFailed", reason: String(error) });
      }
    }
  }
}
