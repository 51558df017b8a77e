/**
 * The cluster: builds each part, wires them, starts and stops them in order.
 *
 * Always true
 * - One process serves a data directory at a time.
 * - A start that fails has stopped whatever it had started.
 * - PostgreSQL that dies is started again; open transactions are lost with it, what was committed is not.
 */
import { join } from "node:path";
import { AccountIdentities, type Identities, signToken, verifyToken } from "./auth/index.ts";
import { assert, defined, Events, type Log, silentLog, systemClock, systemRandom } from "./base/index.ts";
import { Jobs } from "./jobs/index.ts";
import { type Certificates, createListener, type Listener, openCertificates } from "./listener/index.ts";
import { type ClusterOptions, optionDefaults } from "./options.ts";
import { Session } from "./session/index.ts";
import { createSqlParser, loadParser } from "./sql/index.ts";
import {
  acquireDataDir,
  type ClusterDetails,
  type ClusterIdentity,
  createStorage,
  type DataDirLock,
  openClusterFile,
  type Storage,
  type StorageAddress,
} from "./storage/index.ts";
import { Coordinator, type TransactionEvents } from "./transaction/index.ts";

/** What `pg.Pool` and `pg.Client` take. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: "postgres";
  /** A fresh token for each connection. */
  readonly password: () => Promise<string>;
  readonly ssl: { readonly ca: string; readonly servername: string };
}

export interface Cluster {
  /** @throws {StorageError} it cannot be started; the error says what to do */
  start(): Promise<void>;
  stop(options?: { immediate?: boolean }): Promise<void>;
  /** Adds to what `lock.json` tells other programs. */
  publish(details: Partial<ClusterDetails>): Promise<void>;
  /** Calls `run` if the cluster cannot go on by itself. @returns a function that ends the subscription */
  onFailure(run: (reason: Error) => void): () => void;
  /** 26 characters. */
  readonly id: string;
  /** `<id>.dsql.<region>.on.aws` */
  readonly endpoint: string;
  readonly arn: string;
  readonly region: string;
  readonly account: string;
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  readonly dataDir: string;
  readonly identities: Identities;
  readonly events: Events<TransactionEvents>;
  /** Where the embedded PostgreSQL listens, for benchmarks that compare with it. */
  readonly storageAddress: StorageAddress;
  readonly postmasterProcessId: number | undefined;
  /** An IAM token, signed with the key of the local account's administrator. */
  token(options?: { user?: string; expiresInSeconds?: number }): string;
  connection(options?: { user?: string }): ConnectionOptions;
}

export function createCluster(options: ClusterOptions): Cluster {
  return new LocalCluster(options);
}

/** PostgreSQL's restarts in a row before the cluster gives up. */
const restartsMax = 5;
/** A PostgreSQL that has run so long counts as healthy again. */
const healthyMs = 60_000;

/** How long a stop waits for clients that are leaving anyway. */
const leaveMsMax = 100;

interface Started {
  readonly lock: DataDirLock;
  readonly identity: ClusterIdentity;
  readonly identities: Identities;
  readonly certificates: Certificates;
  readonly storage: Storage;
  readonly listener: Listener;
}

class LocalCluster implements Cluster {
  readonly #options: ClusterOptions;
  readonly #log: Log;
  readonly #failures = new Events<{ failed: Error }>();
  readonly events = new Events<TransactionEvents>();
  #started: Started | undefined;
  #coordinator: Coordinator | undefined;
  #jobs: Jobs | undefined;
  #undo: (() => Promise<void> | void)[] = [];
  #starting: Promise<void> | undefined;
  #isStopping = false;
  #stopping: Promise<void> | undefined;
  #restarts = 0;
  #startedMs = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  async start(): Promise<void> {
    assert(!this.#isStopping && this.#starting === undefined, "a cluster is started once");
    assert(this.#started === undefined, "a cluster is started once");
    this.#starting = this.#start();
    try {
      await this.#starting;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(): Promise<void> {
    try {
      this.#started = await this.#startParts();
    } catch (error) {
      await this.#runUndo();
      throw error;
    }
    const { id, endpoint, host, port, region, account, caFile } = this;
    await this.publish({ clusterId: id, clusterEndpoint: endpoint, host, port, region, account, caFile });
  }

  async #startParts(): Promise<Started> {
    const loading = loadParser();
    const lock = await acquireDataDir(this.#options.dataDir);
    this.#undo.push(() => lock.release());
    this.#goOn();
    const { dataDir } = lock;
    const region = this.#options.region ?? optionDefaults.region;
    const fresh = { region, account: optionDefaults.account, random: systemRandom, clock: systemClock };
    const identity = await openClusterFile(dataDir, fresh);
    const { account } = identity;
    const file = join(dataDir, "identities.json");
    const identities = AccountIdentities.open({ file, account, clock: systemClock, random: systemRandom });
    const folder = join(dataDir, "tls");
    const certificates = openCertificates({ folder, region: identity.region, nowMs: systemClock.nowMs() });
    const storage = await this.#startStorage(dataDir);
    await loading;
    this.#goOn();
    const listener = await this.#listen({ identity, identities, certificates, storage });
    this.#undo.push(() => listener.close());
    this.#goOn();
    return { lock, identity, identities, certificates, storage, listener };
  }

  /** @throws a stop came during the start, which then takes back what it has done so far */
  #goOn(): void {
    if (this.#isStopping) throw new Error("the cluster was stopped while it started");
  }

  async #startStorage(dataDir: string): Promise<Storage> {
    const connectionsMax = this.#options.openTransactionsMax ?? optionDefaults.openTransactionsMax;
    const storage = createStorage({
      dataDir,
      fsync: this.#options.fsync ?? false,
      connectionsMax,
      log: this.#log,
    });
    this.#undo.push(() => storage.stop());
    await storage.start();
    this.#startedMs = systemClock.nowMs();
    storage.onExit((exit) => {
      if (!exit.expected) void this.#restartStorage(storage, exit.reason);
    });
    return storage;
  }

  async #restartStorage(storage: Storage, reason: string): Promise<void> {
    if (this.#isStopping) return;
    this.#log({ event: "storage.exited", reason });
    if (systemClock.nowMs() - this.#startedMs > healthyMs) this.#restarts = 0;
    this.#restarts += 1;
    try {
      if (this.#restarts > restartsMax)
        throw new Error(`PostgreSQL ended ${restartsMax} times in a row: ${reason}`);
      await storage.start();
      this.#startedMs = systemClock.nowMs();
      this.#log({ event: "storage.restarted" });
    } catch (error) {
      if (!this.#isStopping) this.#failures.emit("failed", error as Error);
    }
  }

  async #listen(parts: Omit<Started, "lock" | "listener">): Promise<Listener> {
    const { identity, identities, certificates, storage } = parts;
    const { limits, livelyBackendsMax, openTransactionsMax, rules } = this.#options;
    const coordinator = new Coordinator({
      address: () => storage.address,
      superuser: storage.superuser,
      clock: systemClock,
      log: this.#log,
      events: this.events,
      limits,
      livelyBackendsMax,
      backendsMax: openTransactionsMax ?? optionDefaults.openTransactionsMax,
    });
    this.#coordinator = coordinator;
    this.#undo.push(() => {
      coordinator.close();
    });
    await coordinator.start();
    const jobs = new Jobs({ coordinator, clock: systemClock, random: systemRandom, log: this.#log });
    this.#jobs = jobs;
    this.#undo.push(() => {
      jobs.close();
    });
    await jobs.start();
    const services = {
      parser: createSqlParser(rules === undefined ? {} : { asOf: rules }),
      coordinator,
      jobs,
      clock: systemClock,
      log: this.#log,
      verifyToken: (token: string, user: string) =>
        verifyToken({
          token,
          user,
          host: endpointOf(identity),
          region: identity.region,
          clusterArn: arnOf(identity),
          nowMs: systemClock.nowMs(),
          identities,
          log: this.#log,
        }),
    };
    return await createListener({
      host: this.#options.host ?? optionDefaults.host,
      port: this.#options.port ?? optionDefaults.port,
      certificates,
      cluster: { id: identity.id, region: identity.region },
      connectionRate: this.#options.connectionRate,
      onSession: (connection) => new Session(connection, services),
      log: this.#log,
    });
  }

  async stop(options: { immediate?: boolean } = {}): Promise<void> {
    this.#isStopping = true;
    await this.#starting?.catch(() => undefined); // Whoever started it hears how that went.
    if (options.immediate === true) {
      this.#jobs?.close();
      this.#coordinator?.close();
      await this.#started?.storage.stop({ immediate: true });
    } else await this.#letClientsLeave();
    this.#stopping ??= this.#runUndo();
    await this.#stopping;
    this.#started = undefined;
  }

  /** A client that has just said goodbye must not be told that the server goes: drivers report that as an error. */
  async #letClientsLeave(): Promise<void> {
    const untilMs = systemClock.nowMs() + leaveMsMax;
    while ((this.#started?.listener.connections ?? 0) > 0 && systemClock.nowMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #runUndo(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        this.#log({ event: "cluster.stopFailed", reason: String(error) });
      }
    }
  }

  async publish(details: Partial<ClusterDetails>): Promise<void> {
    await this.#running.lock.publish(details);
  }

  onFailure(run: (reason: Error) => void): () => void {
    return this.#failures.on("failed", run);
  }

  get #running(): Started {
    return defined(this.#started, "the cluster has been started");
  }

  get id(): string {
    return this.#running.identity.id;
  }

  get endpoint(): string {
    return endpointOf(this.#running.identity);
  }

  get arn(): string {
    return arnOf(this.#running.identity);
  }

  get region(): string {
    return this.#running.identity.region;
  }

  get account(): string {
    return this.#running.identity.account;
  }

  get host(): string {
    return this.#options.host ?? optionDefaults.host;
  }

  get port(): number {
    return this.#running.listener.port;
  }

  get caFile(): string {
    return this.#running.certificates.caFile;
  }

  get dataDir(): string {
    return this.#running.lock.dataDir;
  }

  get identities(): Identities {
    return this.#running.identities;
  }

  get storageAddress(): StorageAddress {
    return this.#running.storage.address;
  }

  get postmasterProcessId(): number | undefined {
    return this.#running.storage.processes.postmaster;
  }

  token(options: { user?: string; expiresInSeconds?: number } = {}): string {
    return signToken({
      credential: this.identities.administrator,
      host: this.endpoint,
      region: this.region,
      user: options.user ?? "admin",
      nowMs: systemClock.nowMs(),
      ...(options.expiresInSeconds !== undefined && { expiresInSeconds: options.expiresInSeconds }),
    });
  }

  connection(options: { user?: string } = {}): ConnectionOptions {
    const user = options.user ?? "admin";
    return {
      host: this.host,
      port: this.port,
      user,
      database: "postgres",
      password: () => Promise.resolve(this.token({ user })),
      ssl: { ca: this.#running.certificates.ca, servername: this.endpoint },
    };
  }
}

function endpointOf(identity: ClusterIdentity): string {
  return `${identity.id}.dsql.${identity.region}.on.aws`;
}

function arnOf(identity: ClusterIdentity): string {
  return `arn:aws:dsql:${identity.region}:${identity.account}:cluster/${identity.id}`;
}
