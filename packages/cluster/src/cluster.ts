/**
 * The cluster, and those beside it: builds each part, wires them, starts and stops them in order.
 *
 * Always true
 * - One process serves a data directory at a time.
 * - A start that fails has stopped whatever it had started.
 * - PostgreSQL that dies is started again; open transactions are lost with it, what was committed is not.
 */
import { join } from "node:path";
import { AccountIdentities, type Identities } from "@dsql-local/account";
import {
  assert,
  type ClusterEvents,
  defined,
  Events,
  Faults,
  type LimitValues,
  type Log,
  lowerLimits,
  silentLog,
  systemClock,
  systemRandom,
  SessionList,
  readLatency,
} from "./base/index.ts";
import { type Clusters, type HostedCluster, LocalClusters, openClusterFile } from "./clusters/index.ts";
import { type Certificates, createListener, type Listener, openCertificates } from "./listener/index.ts";
import { type Activity, type Conflict, type EventFeed, Observation } from "./observe/index.ts";
import { type ClusterOptions, optionDefaults } from "./options.ts";
import {
  acquireDataDir,
  asStorageError,
  type ClusterDetails,
  type DataDirLock,
  type StorageAddress,
} from "./storage/index.ts";
import { isOc001Scope } from "./catalog/index.ts";

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

/**
 * The clusters of a data directory, behind one port. What it says of itself is said of the first of them: there always is
 * one, and who needs no other need not know of `clusters`.
 */
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
  readonly clusters: Clusters;
  /** What happens, as it happens. */
  readonly events: EventFeed;
  /** Makes happen, on demand, what an application must survive. */
  readonly faults: Faults;
  /** The last transactions that have lost, oldest first: 40001. */
  conflicts(): readonly Conflict[];
  /**
   * Sessions and open transactions as they are, and what has happened since somebody began to ask: statements by fingerprint,
   * commits, conflicts. Nothing is gathered a minute after the last who asked.
   */
  activity(): Activity;
  /** Where the embedded PostgreSQL listens, for benchmarks that compare with it. */
  readonly storageAddress: StorageAddress;
  readonly postmasterProcessId: number | undefined;
  /** Earlier states of the data, and the way back to them. Of the first cluster. */
  readonly data: ClusterData;
  /** An IAM token, signed with the key of the local account's administrator. */
  token(options?: { user?: string; expiresInSeconds?: number }): string;
  /** @param options.cluster - the first unless given */
  connection(options?: { user?: string; cluster?: HostedCluster }): ConnectionOptions;
}

export interface ClusterData {
  /**
   * Keeps the data as they are. Waits a moment for open transactions to end.
   * @throws {StorageError} transactions are open, or it may not be a name; nothing has changed
   */
  snapshot(name: string): Promise<void>;
  /** Makes the data what they were. Open transactions end as by a lost connection. @throws {StorageError} there is none */
  restore(name: string): Promise<void>;
  /** Makes the data those of a new cluster. */
  reset(): Promise<void>;
  /** Whether the data began as a copy of the image that the option `image` names. */
  readonly isFromImage: boolean;
  /**
   * Keeps the data as the image that the option `image` names, for every later start of any process. Waits a moment for open transactions
   * to end. That the cache cannot be used is logged, and costs nothing but time.
   *
   * @throws {StorageError} transactions are open; nothing has changed
   */
  keepImage(): Promise<void>;
  /** Names, the oldest first. */
  list(): Promise<readonly string[]>;
  delete(name: string): Promise<void>;
  /** Where a snapshot's files are, for a cluster that begins as its copy. */
  folder(name: string): Promise<string>;
  /** Runs SQL as admin past every rule and limit of the service. @throws {SqlError} PostgreSQL refuses it */
  asOwner(sql: string): Promise<void>;
}

/** @throws {RangeError} an option is out of its bounds */
export function createCluster(options: ClusterOptions): Cluster {
  return new LocalCluster(options);
}

/** How long a stop waits for clients that are leaving anyway. */
const leaveMsMax = 100;

interface Started {
  readonly lock: DataDirLock;
  readonly identities: Identities;
  readonly clusters: LocalClusters;
  readonly certificates: Certificates;
  readonly listener: Listener;
}

class LocalCluster implements Cluster {
  readonly #options: ClusterOptions;
  readonly #limits: LimitValues;
  readonly #log: Log;
  readonly #failures = new Events<{ failed: Error }>();
  readonly #announced = new Events<ClusterEvents>();
  readonly faults = new Faults(systemClock, this.#announced);
  readonly #sessions = new SessionList();
  readonly #observation = new Observation(this.#announced, this.#sessions);
  #started: Started | undefined;
  #undo: (() => Promise<void> | void)[] = [];
  #starting: Promise<void> | undefined;
  #isStopping = false;
  #stopping: Promise<void> | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#limits = lowerLimits(options.limits);
    checkScope(options.oc001);
    if (options.latency !== undefined) readLatency(options.latency);
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
      await this.#publishFirst();
    } catch (error) {
      // Asked before anything is taken back, which may free the very space that was missing.
      const reason = await asStorageError(error, this.#options.dataDir);
      await this.#runUndo();
      this.#started = undefined;
      throw reason;
    }
    void this.#started.clusters.openOthers().catch((error: unknown) => {
      this.#log({ event: "cluster.notOpened", reason: String(error) });
    });
  }

  async #startParts(): Promise<Started> {
    const lock = await acquireDataDir(this.#options.dataDir);
    this.#undo.push(() => lock.release());
    this.#goOn();
    const { dataDir } = lock;
    const clusterFile = await openClusterFile(dataDir, { account: optionDefaults.account });
    const file = join(dataDir, "identities.json");
    const { account } = clusterFile;
    const identities = AccountIdentities.open({ file, account, clock: systemClock, random: systemRandom });
    const clusters = new LocalClusters({
      dataDir,
      file: clusterFile,
      region: clusterFile.clusters[0]?.region ?? this.#options.region ?? optionDefaults.region,
      identities,
      copyOf: this.#options.copyOf,
      image: this.#options.image,
      settings: {
        ...this.#options,
        openTransactionsMax: this.#options.openTransactionsMax ?? optionDefaults.openTransactionsMax,
        sessionMemoryBytesMax: this.#options.sessionMemoryBytesMax ?? optionDefaults.sessionMemoryBytesMax,
      },
      limits: this.#limits,
      events: this.#announced,
      faults: this.faults,
      sessions: this.#sessions,
      clock: systemClock,
      random: systemRandom,
      log: this.#log,
    });
    this.#undo.push(() => clusters.stop());
    await clusters.openFirst();
    this.#goOn();
    const certificates = certificatesFor(dataDir, clusters);
    const listener = await this.#listen(clusters, certificates);
    this.#undo.push(() => listener.close());
    this.#goOn();
    clusters.onFailure((reason) => {
      this.#failures.emit("failed", reason);
    });
    clusters.onDeleted((cluster) => {
      listener.disconnect(cluster);
    });
    clusters.onChange(() => {
      listener.useCertificates(certificatesFor(dataDir, clusters));
      this.#publishing = this.#publishing
        .then(() => this.#publishFirst())
        .catch((error: unknown) => {
          this.#log({ event: "cluster.notPublished", reason: String(error) });
        });
    });
    return { lock, identities, clusters, certificates, listener };
  }

  async #publishFirst(): Promise<void> {
    const { id, endpoint, host, port, region, account, caFile } = this;
    await this.publish({ clusterId: id, clusterEndpoint: endpoint, host, port, region, account, caFile });
  }

  /** @throws a stop came during the start, which then takes back what it has done so far */
  #goOn(): void {
    if (this.#isStopping) throw new Error("the cluster was stopped while it started");
  }

  async #listen(clusters: LocalClusters, certificates: Certificates): Promise<Listener> {
    const limits = this.#limits;
    return await createListener({
      host: this.#options.host ?? optionDefaults.host,
      port: this.#options.port ?? optionDefaults.port,
      certificates,
      find: (name) => clusters.listened(name),
      connectionsMax: limits.connectionsPerClusterMax,
      connectionRate: this.#options.connectionRate ?? {
        burst: limits.newConnectionsBurstMax,
        perSecond: limits.newConnectionsPerSecond,
      },
      connectionLifetimeMs: limits.connectionSecondsMax * 1_000,
      log: this.#log,
    });
  }

  async stop(options: { immediate?: boolean } = {}): Promise<void> {
    this.#isStopping = true;
    await this.#starting?.catch(() => undefined); // Whoever started it hears how that went.
    if (options.immediate === true) await this.#started?.clusters.stop({ immediate: true });
    else await this.#letClientsLeave();
    this.#stopping ??= this.#publishing.then(() => this.#runUndo());
    await this.#stopping;
    this.#started = undefined;
  }

  /** A client that has just said goodbye must not be told that the server goes: drivers report that as an error. */
  async #letClientsLeave(): Promise<void> {
    const untilMs = systemClock.monotonicMs() + leaveMsMax;
    while ((this.#started?.listener.connections ?? 0) > 0 && systemClock.monotonicMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #runUndo(): Promise<void> {
    this.#observation.close();
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

  get events(): EventFeed {
    return this.#observation.events;
  }

  activity(): Activity {
    return this.#observation.activity();
  }

  conflicts(): readonly Conflict[] {
    return this.#observation.conflicts;
  }

  get clusters(): Clusters {
    return this.#running.clusters;
  }

  get id(): string {
    return this.#running.clusters.first.id;
  }

  get endpoint(): string {
    return this.#running.clusters.first.endpoint;
  }

  get arn(): string {
    return this.#running.clusters.first.arn;
  }

  get region(): string {
    return this.#running.clusters.first.region;
  }

  get account(): string {
    return this.#running.identities.account;
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
    return this.#running.clusters.firstDataSet.storage.address;
  }

  get postmasterProcessId(): number | undefined {
    return this.#running.clusters.firstDataSet.storage.processes.postmaster;
  }

  get data(): ClusterData {
    const { firstDataSet } = this.#running.clusters;
    const { snapshots } = firstDataSet.storage;
    return {
      snapshot: (name) => firstDataSet.snapshot(name),
      restore: (name) => firstDataSet.restore(name),
      reset: () => firstDataSet.reset(),
      isFromImage: firstDataSet.storage.isFromImage,
      keepImage: () => firstDataSet.keepImage(),
      list: () => snapshots.list(),
      delete: (name) => snapshots.delete(name),
      folder: (name) => snapshots.folderOf(name),
      asOwner: (sql) => firstDataSet.asOwner(sql),
    };
  }

  token(options: { user?: string; expiresInSeconds?: number } = {}): string {
    return this.#running.clusters.first.token(options);
  }

  connection(options: { user?: string; cluster?: HostedCluster } = {}): ConnectionOptions {
    const { user = "admin", cluster = this.#running.clusters.first } = options;
    return {
      host: this.host,
      port: this.port,
      user,
      database: "postgres",
      password: () => Promise.resolve(cluster.token({ user })),
      ssl: { ca: this.#running.certificates.ca, servername: cluster.endpoint },
    };
  }
}

/** The types say so; a program in JavaScript may not know. */
function checkScope(scope: string | undefined): void {
  if (scope === undefined || isOc001Scope(scope)) return;
  throw new RangeError(`oc001 is "table" or "cluster", not ${JSON.stringify(scope)}`);
}

/** The server's certificate is good for the Regions of all clusters; the authority stays. */
function certificatesFor(dataDir: string, clusters: LocalClusters): Certificates {
  const { region } = clusters.first;
  const furtherRegions = clusters.list().map((cluster) => cluster.region);
  return openCertificates({
    folder: join(dataDir, "tls"),
    region,
    furtherRegions,
    nowMs: systemClock.nowMs(),
  });
}
