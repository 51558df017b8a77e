/**
 * The clusters of one data directory: created, made peers, deleted, and all found again at the next start.
 *
 * Every cluster has a PostgreSQL of its own, since roles and everything else that PostgreSQL keeps for all databases
 * of a server belong to one cluster each; peers share one. What is written down comes first: a process that is killed
 * in the middle of a creation has a new cluster, in the middle of a deletion one less, and the next start goes on there.
 *
 * Always true
 * - There is at least one cluster: when the last one is deleted, an empty one takes its place.
 * - A cluster that cannot be opened does not keep the others from being served.
 *
 * Tests: test/clusters.test.ts.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { limits as serviceLimits } from "@dsql-local/spec";
import { type Identities, parsePolicy } from "@dsql-local/account";
import {
  type Clock,
  type ClusterEvents,
  defined,
  Events,
  type Faults,
  type LimitValues,
  type Log,
  type Random,
  type SessionList,
} from "../base/index.ts";
import type { ClusterName } from "../listener/index.ts";
import {
  type ImageKey,
  acquireDataDir,
  base32,
  type ClusterEntry,
  type ClusterFile,
  type DataDirLock,
  readClusterFile,
  removeDataDir,
  removePostgresFiles,
  StorageError,
  writeClusterFile,
} from "../storage/index.ts";
import { DataSet, type DataSetSettings } from "./data-set.ts";
import { ClusterOnDataSet, type HostedCluster } from "./hosted-cluster.ts";

/** What cannot be done because of how the clusters are just now. */
export class ClusterConflict extends Error {
  override readonly name = "ClusterConflict";
}

export interface Clusters {
  /** The oldest: what one means who names none. */
  readonly first: HostedCluster;
  /** Oldest first. */
  list(): readonly HostedCluster[];
  find(id: string): HostedCluster | undefined;
  /**
   * Creates a cluster, which opens by itself. One that waits for a peer gets its data with `makePeers`.
   *
   * @throws {ClusterConflict} the Region has as many as it may
   */
  create(request: { region: string; waitsForPeer?: boolean }): Promise<HostedCluster>;
  /**
   * Lets two clusters of different Regions share one data set: that of the one which has data, or a new one.
   *
   * @throws {ClusterConflict} both have data
   */
  makePeers(ids: readonly [string, string]): Promise<void>;
  /** Ends the cluster's sessions and frees its data, unless a peer has them too. Nothing happens where there is none. */
  delete(id: string): Promise<void>;
  /** @throws {IdentityError} `MalformedPolicyDocument` */
  setPolicy(id: string, document: string | undefined): Promise<void>;
  /** Whether somebody has made a table, view or sequence in it. */
  isInUse(id: string): Promise<boolean>;
  /** Calls `run` after a cluster was created or deleted. @returns a function that ends the subscription */
  onChange(run: () => void): () => void;
}

export interface LocalClustersOptions {
  /** This process holds it. */
  readonly dataDir: string;
  readonly file: ClusterFile;
  /** Of clusters that nobody asked for. */
  readonly region: string;
  readonly identities: Identities;
  readonly settings: DataSetSettings;
  /** The data of the first cluster, if they are new, are a copy of those in this folder. */
  readonly copyOf?: string | undefined;
  /** New data of the first cluster are a copy of this image, if there is one. */
  readonly image?: ImageKey | undefined;
  readonly limits: LimitValues;
  readonly events: Events<ClusterEvents>;
  readonly faults: Faults;
  readonly sessions: SessionList;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A data set at work, and the lock of its folder where that is not the data directory itself. */
interface OpenedDataSet {
  readonly dataSet: DataSet;
  readonly started: Promise<void>;
  lock: DataDirLock | undefined;
}

const clustersFolder = "clusters";

export class LocalClusters implements Clusters {
  readonly #options: LocalClustersOptions;
  readonly #clusters = new Map<string, ClusterOnDataSet>();
  /** By folder. */
  readonly #dataSets = new Map<string, OpenedDataSet>();
  readonly #events = new Events<{ changed: undefined; failed: Error; deleted: ClusterOnDataSet }>();
  #removing: readonly string[];
  /** Changes are made one after the other: each is one new version of the file. */
  #changing: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(options: LocalClustersOptions) {
    this.#options = options;
    this.#removing = options.file.removing;
    for (const entry of options.file.clusters) this.#add(entry);
  }

  /** Founds the first cluster where there is none, and opens it. @throws {StorageError} it cannot be opened */
  async openFirst(): Promise<void> {
    if (this.#clusters.size === 0) this.#add(this.#newEntry(this.#options.region, "."));
    await this.#save();
    const first = this.list().find(({ entry }) => entry.folder !== undefined);
    const folder = first?.entry.folder;
    if (folder !== undefined) await this.#open(folder).started;
  }

  /** Opens the others one after the other, and frees what earlier deletions have left. */
  async openOthers(): Promise<void> {
    for (const { entry } of this.list()) {
      if (this.#isStopping) return;
      if (entry.folder !== undefined) await this.#open(entry.folder).started.catch(() => undefined);
    }
    await this.#change(() => this.#freeFolders());
  }

  get first(): ClusterOnDataSet {
    return defined(this.list()[0], "there is at least one cluster");
  }

  /** The oldest cluster that has data. */
  get firstDataSet(): DataSet {
    const found = this.list().find(({ dataSet }) => dataSet !== undefined);
    return defined(found?.dataSet, "a cluster has been opened");
  }

  list(): readonly ClusterOnDataSet[] {
    return [...this.#clusters.values()];
  }

  find(id: string): ClusterOnDataSet | undefined {
    return this.#clusters.get(id);
  }

  /** The cluster that a client has named, where it takes clients. */
  listened(name: ClusterName | "default"): ClusterOnDataSet | undefined {
    const { id, region } = name === "default" ? this.first : name;
    const cluster = this.#clusters.get(id);
    if (cluster === undefined || (region !== undefined && region !== cluster.region)) return undefined;
    const { folder } = cluster.entry;
    if (folder === undefined) return undefined;
    if (cluster.dataSet === undefined) this.#open(folder); // Its turn had not come yet; see `openOthers`.
    return cluster;
  }

  onChange(run: () => void): () => void {
    return this.#events.on("changed", run);
  }

  /** The data set of the first cluster cannot go on by itself. */
  onFailure(run: (reason: Error) => void): () => void {
    return this.#events.on("failed", run);
  }

  /** A cluster has just been deleted; its sessions are still there. */
  onDeleted(run: (cluster: ClusterOnDataSet) => void): () => void {
    return this.#events.on("deleted", run);
  }

  create({
    region,
    waitsForPeer = false,
  }: {
    region: string;
    waitsForPeer?: boolean;
  }): Promise<HostedCluster> {
    return this.#change(async () => {
      const inRegion = this.list().filter((cluster) => cluster.region === region);
      const { clustersPerRegionMax, multiRegionClustersPerRegionMax } = serviceLimits;
      // Which kind a cluster is, the control plane knows, and counts each for itself.
      if (inRegion.length >= clustersPerRegionMax.value + multiRegionClustersPerRegionMax.value)
        throw new ClusterConflict(serviceLimits.clustersPerRegionMax.message);
      return await this.#found(region, waitsForPeer);
    });
  }

  async #found(region: string, waitsForPeer: boolean): Promise<HostedCluster> {
    const cluster = this.#add(this.#newEntry(region, waitsForPeer ? undefined : "new"));
    await this.#save();
    this.#events.emit("changed", undefined);
    if (cluster.entry.folder !== undefined) this.#open(cluster.entry.folder);
    return cluster;
  }

  makePeers([left, right]: readonly [string, string]): Promise<void> {
    return this.#change(async () => {
      const clusters = [left, right].map((id) =>
        defined(this.#clusters.get(id), "peers are clusters of ours"),
      );
      const folders = new Set(clusters.flatMap(({ entry }) => entry.folder ?? []));
      if (folders.size > 1) throw new ClusterConflict("both clusters have data of their own");
      const [folder = `${clustersFolder}/${left}`] = folders;
      for (const cluster of clusters) cluster.entry = { ...cluster.entry, folder };
      await this.#save();
      this.#open(folder);
    });
  }

  delete(id: string): Promise<void> {
    return this.#change(async () => {
      const cluster = this.#clusters.get(id);
      if (cluster === undefined) return;
      this.#clusters.delete(id);
      cluster.delete();
      const { folder } = cluster.entry;
      const isShared = this.list().some(({ entry }) => entry.folder === folder);
      if (folder !== undefined && !isShared) this.#removing = [...this.#removing, folder];
      if (this.#clusters.size === 0) await this.#found(this.#options.region, false);
      else await this.#save();
      this.#events.emit("deleted", cluster);
      this.#events.emit("changed", undefined);
      await this.#freeFolders();
    });
  }

  setPolicy(id: string, document: string | undefined): Promise<void> {
    return this.#change(async () => {
      const cluster = defined(this.#clusters.get(id), "the policy is of a cluster of ours");
      const { policy: _replaced, ...entry } = cluster.entry;
      cluster.entry = document === undefined ? entry : { ...entry, policy: document };
      await this.#save();
    });
  }

  async isInUse(id: string): Promise<boolean> {
    const cluster = this.#clusters.get(id);
    await cluster?.opening?.catch(() => undefined);
    const services = cluster?.dataSet?.services;
    if (services === undefined) return false;
    // What the system itself has made belongs to PostgreSQL's first role.
    const { rows } = await services.coordinator.system.request(
      "SELECT FROM pg_class WHERE relowner <> 10 LIMIT 1",
    );
    return rows.length > 0;
  }

  async stop(options: { immediate?: boolean } = {}): Promise<void> {
    this.#isStopping = true;
    await this.#changing.catch(() => undefined);
    await Promise.all([...this.#dataSets.values()].map((opened) => stopDataSet(opened, options)));
  }

  #add(entry: ClusterEntry): ClusterOnDataSet {
    const cluster = new ClusterOnDataSet(entry, this.#options);
    this.#clusters.set(entry.id, cluster);
    return cluster;
  }

  #newEntry(region: string, folder: "." | "new" | undefined): ClusterEntry {
    const { clock, random } = this.#options;
    const id = base32(random.bytes(16));
    const own = folder === "new" ? `${clustersFolder}/${id}` : folder;
    const createdAt = new Date(clock.nowMs()).toISOString();
    return { id, region, createdAt, ...(own !== undefined && { folder: own }) };
  }

  #change<Result>(make: () => Promise<Result>): Promise<Result> {
    const change = this.#changing.then(make);
    this.#changing = change.catch(() => undefined);
    return change;
  }

  async #save(): Promise<void> {
    const clusters = this.list().map(({ entry }) => entry);
    const { account } = this.#options.identities;
    await writeClusterFile(this.#options.dataDir, { account, clusters, removing: this.#removing });
  }

  /** Lets every cluster of the folder stand on its data set, which is started if it was not. */
  #open(folder: string): OpenedDataSet {
    const opened = this.#dataSets.get(folder) ?? this.#startDataSet(folder);
    for (const cluster of this.list()) {
      if (cluster.entry.folder === folder && cluster.dataSet === undefined)
        cluster.open(opened.dataSet, opened.started);
    }
    return opened;
  }

  #startDataSet(folder: string): OpenedDataSet {
    const { dataDir, settings, limits, events, faults, sessions, log } = this.#options;
    const dataSet = new DataSet({
      folder: join(dataDir, folder),
      copyOf: folder === "." ? this.#options.copyOf : undefined,
      image: folder === "." ? this.#options.image : undefined,
      settings,
      limits,
      events,
      faults,
      sessions,
      log,
    });
    const started = this.#holdAndStart(folder, dataSet);
    const opened: OpenedDataSet = { dataSet, started, lock: undefined };
    this.#dataSets.set(folder, opened);
    dataSet.onFailure((reason) => {
      this.#fail(folder, reason);
    });
    started.catch((error: unknown) => {
      if (!this.#isStopping) log({ event: "cluster.notOpened", folder, reason: String(error) });
    });
    return opened;
  }

  async #holdAndStart(folder: string, dataSet: DataSet): Promise<void> {
    if (folder !== ".") {
      const { dataDir } = this.#options;
      // Others may pass through, as through the data directory: PostgreSQL may run as another user than we do.
      await mkdir(join(dataDir, clustersFolder), { recursive: true, mode: 0o711 });
      const lock = await acquireDataDir(join(dataDir, folder));
      const opened = this.#dataSets.get(folder);
      if (opened !== undefined) opened.lock = lock;
    }
    await dataSet.start();
  }

  #fail(folder: string, reason: Error): void {
    this.#options.log({ event: "cluster.failed", folder, reason: reason.message });
    for (const cluster of this.list()) if (cluster.entry.folder === folder) cluster.fail();
    if (this.first.entry.folder === folder) this.#events.emit("failed", reason);
  }

  async #freeFolders(): Promise<void> {
    for (const folder of this.#removing) {
      const path = join(this.#options.dataDir, folder);
      const opened = this.#dataSets.get(folder);
      this.#dataSets.delete(folder);
      if (opened !== undefined) await stopDataSet(opened, { immediate: true });
      await (folder === "." ? removePostgresFiles(path) : removeDataDir(path));
      this.#removing = this.#removing.filter((each) => each !== folder);
      await this.#save();
    }
  }
}

async function stopDataSet(opened: OpenedDataSet, options: { immediate?: boolean }): Promise<void> {
  await opened.dataSet.stop(options);
  await opened.started.catch(() => undefined); // A start that had not begun ends at once, now.
  await opened.lock?.release();
}

/** What `cluster.json` of a data directory holds, for a new one nothing. @throws {StorageError} it is damaged */
export async function openClusterFile(dataDir: string, fresh: { account: string }): Promise<ClusterFile> {
  const file = await readClusterFile(dataDir);
  if (file === undefined) return { account: fresh.account, clusters: [], removing: [] };
  for (const { id, policy } of file.clusters) {
    if (policy === undefined) continue;
    try {
      parsePolicy(policy, "resource");
    } catch (cause) {
      throw new StorageError({
        problem: `${join(dataDir, "cluster.json")} is damaged: the policy of cluster ${id} is none.`,
        remedy: "Restore the file from a copy, or remove that policy from it.",
        cause,
      });
    }
  }
  return file;
}
