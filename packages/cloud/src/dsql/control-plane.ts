/**
 * The control plane of Aurora DSQL over the clusters of this machine: creates, changes, peers and deletes them, and keeps
 * what is known of each.
 *
 * A data directory begins with one cluster that nobody asked for. The first CreateCluster in its Region is given that one
 * if it is empty, the first stack with an AWS::DSQL::Cluster in any case, so that whoever is connected stays so; everybody
 * else gets a cluster of their own.
 *
 *   CREATING        its PostgreSQL is being made or started
 *   ACTIVE
 *   PENDING_SETUP   of several Regions; it and its peer do not name each other yet
 *   PENDING_DELETE  deleted; it goes when its peer is deleted as well
 *   DELETING        its data are being removed
 *   FAILED          its PostgreSQL cannot be started; the log says why
 *
 * Source: Aurora DSQL API Reference (2018-05-10); User Guide, "Aurora DSQL cluster lifecycle".
 */
import { ClusterConflict, type Clusters, type HostedCluster } from "@dsql-local/cluster";
import { limits } from "@dsql-local/spec";
import type { ServiceError } from "../service.ts";
import { conflict, deletionProtected, invalidField, notFound, quotaExceeded } from "./errors.ts";
import { type MultiRegionRequest, multiRegionOf, nameEachOther } from "./multi-region.ts";
import type { ClusterRecord, ClusterRecords, MultiRegion } from "./records.ts";

export type ClusterStatus =
  "CREATING" | "ACTIVE" | "UPDATING" | "PENDING_SETUP" | "PENDING_DELETE" | "DELETING" | "FAILED";

/** A cluster as a caller sees it at one moment. */
export interface ClusterView {
  readonly cluster: HostedCluster;
  readonly record: ClusterRecord;
  readonly status: ClusterStatus;
}

export interface ClusterSettings {
  readonly deletionProtectionEnabled?: boolean | undefined;
  readonly kmsEncryptionKey?: string | undefined;
  readonly multiRegion?: MultiRegionRequest | undefined;
}

export interface CreateRequest extends ClusterSettings {
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Checked already. */
  readonly policy?: string | undefined;
  /** The same token with the same request gives the same cluster. */
  readonly clientToken?: string | undefined;
  /** Whether a cluster that nobody asked for may be given out although somebody has made tables in it. */
  readonly takesUsed?: boolean;
}

const ownedKey = "AWS_OWNED_KMS_KEY";

export class DsqlControlPlane {
  readonly account: string;
  readonly #clusters: Clusters;
  readonly #records: ClusterRecords;
  /** Clusters on their way out, and when they are. */
  readonly #deleting = new Map<string, { readonly view: ClusterView; readonly removed: Promise<void> }>();
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: { clusters: Clusters; account: string; records: ClusterRecords }) {
    this.account = options.account;
    this.#clusters = options.clusters;
    this.#records = options.records;
    for (const [id] of this.#records.entries())
      if (this.#clusters.find(id) === undefined) this.#records.set(id, undefined); // Its deletion was cut off.
  }

  /** @throws {ServiceError} ConflictException, ServiceQuotaExceededException, ValidationException */
  create(request: CreateRequest, region: string): Promise<ClusterView> {
    return this.#change(async () => {
      const { clientToken, ...wanted } = request;
      const fingerprint = JSON.stringify(wanted);
      const repeated = this.#repeated(clientToken, fingerprint, region);
      if (repeated !== undefined) return repeated;
      const { account } = this;
      const multiRegion =
        request.multiRegion && multiRegionOf(request.multiRegion, { region, account }, undefined);
      this.#checkPeers(multiRegion);
      this.#refuseBeyondQuota(region, multiRegion !== undefined);
      // What takes the place of the last cluster is there once that is gone.
      await Promise.all([...this.#deleting.values()].map(({ removed }) => removed));
      const unclaimed = this.#unclaimed(region, multiRegion);
      const wasInUse = unclaimed !== undefined && (await this.#clusters.isInUse(unclaimed.id));
      const adopted = wasInUse && request.takesUsed !== true ? undefined : unclaimed;
      const cluster = adopted ?? (await this.#found(region, multiRegion !== undefined));
      if (request.policy !== undefined) await this.#clusters.setPolicy(cluster.id, request.policy);
      this.#records.set(cluster.id, {
        createdAtMs: Date.now(),
        deletionProtectionEnabled: request.deletionProtectionEnabled ?? true,
        tags: request.tags ?? {},
        ...keyOf(request.kmsEncryptionKey, undefined),
        ...(multiRegion !== undefined && { multiRegion }),
        ...(clientToken !== undefined && { creation: { clientToken, request: fingerprint } }),
        ...(request.policy !== undefined && { policyVersion: nextVersion(undefined) }),
        ...(adopted !== undefined && wasInUse && { wasInUse }),
      });
      await this.#joinPeer(cluster);
      const view = this.#view(cluster);
      return view.status === "ACTIVE" ? { ...view, status: "CREATING" } : view;
    });
  }

  /**
   * Those of one Region and those of several are counted apart; one that nobody has asked for is not counted.
   *
   * @throws {ServiceError} ServiceQuotaExceededException
   */
  #refuseBeyondQuota(region: string, isMultiRegion: boolean): void {
    const count = this.list(region).filter(
      ({ cluster, record }) =>
        this.#records.find(cluster.id) !== undefined && (record.multiRegion !== undefined) === isMultiRegion,
    ).length;
    const { value } = isMultiRegion ? limits.multiRegionClustersPerRegionMax : limits.clustersPerRegionMax;
    if (count >= value) throw this.#quotaReached(region, isMultiRegion);
  }

  #quotaReached(region: string, isMultiRegion: boolean): ServiceError {
    return quotaExceeded({
      message: limits.clustersPerRegionMax.message,
      resourceId: `arn:aws:dsql:${region}:${this.account}:cluster/*`,
      resourceType: "cluster",
      quotaCode: isMultiRegion ? "multi-region-clusters-per-Region" : "clusters-per-Region",
    });
  }

  #repeated(clientToken: string | undefined, request: string, region: string): ClusterView | undefined {
    if (clientToken === undefined) return undefined;
    const view = this.list(region).find(({ record }) => record.creation?.clientToken === clientToken);
    if (view === undefined || view.record.creation?.request === request) return view;
    throw conflict("The client token was used before, with another request.", view.cluster.id);
  }

  #unclaimed(region: string, multiRegion: MultiRegion | undefined): HostedCluster | undefined {
    return this.#clusters
      .list()
      .find(
        (cluster) =>
          cluster.region === region &&
          this.#records.find(cluster.id) === undefined &&
          (cluster.state !== "waiting" || multiRegion !== undefined),
      );
  }

  async #found(region: string, waitsForPeer: boolean): Promise<HostedCluster> {
    try {
      return await this.#clusters.create({ region, waitsForPeer });
    } catch (error) {
      if (!(error instanceof ClusterConflict)) throw error;
      throw this.#quotaReached(region, waitsForPeer);
    }
  }

  /** @throws {ServiceError} ResourceNotFoundException: there is none of this id in this Region */
  get(id: string, region: string): ClusterView {
    const deleting = this.#deleting.get(id)?.view;
    if (deleting?.cluster.region === region) return deleting;
    const cluster = this.#clusters.find(id);
    if (cluster?.region === region) return this.#view(cluster);
    throw notFound("cluster", id);
  }

  /** By id. */
  list(region: string): readonly ClusterView[] {
    const present = this.#clusters.list().filter(({ id }) => !this.#deleting.has(id));
    const leaving = [...this.#deleting.values()].map(({ view }) => view);
    return [...present.map((cluster) => this.#view(cluster)), ...leaving]
      .filter(({ cluster }) => cluster.region === region)
      .sort((left, right) => (left.cluster.id < right.cluster.id ? -1 : 1));
  }

  update(id: string, region: string, request: ClusterSettings): Promise<ClusterView> {
    return this.#change(async () => {
      const { cluster, record } = this.#changeable(id, region);
      const { multiRegion: had, kmsEncryptionKey: key, ...kept } = record;
      const multiRegion = this.#multiRegionAfter(request, cluster, had);
      this.#checkPeers(multiRegion);
      const left = this.#peersLeft(cluster, had, multiRegion);
      this.#records.set(id, {
        ...kept,
        deletionProtectionEnabled: request.deletionProtectionEnabled ?? record.deletionProtectionEnabled,
        ...keyOf(request.kmsEncryptionKey, key),
        ...(multiRegion !== undefined && { multiRegion }),
      });
      for (const peer of left) this.#remove(peer);
      await this.#joinPeer(cluster);
      return { ...this.#view(cluster), status: "UPDATING" };
    });
  }

  #multiRegionAfter(
    request: ClusterSettings,
    cluster: HostedCluster,
    current: MultiRegion | undefined,
  ): MultiRegion | undefined {
    if (request.multiRegion === undefined) return current;
    if (current === undefined)
      throw invalidField(
        "multiRegionProperties",
        "absent: a single-Region cluster cannot become one of several Regions",
      );
    const { region, arn } = cluster;
    const after = multiRegionOf(request.multiRegion, { region, arn, account: this.account }, current);
    if (after.witnessRegion !== current.witnessRegion && this.#linkedPeers(cluster).length > 0)
      throw invalidField("multiRegionProperties.witnessRegion", "as it is: the cluster has a peer already");
    return after;
  }

  /** Peers may be named before they are there, but one that is there must fit. */
  #checkPeers(multiRegion: MultiRegion | undefined): void {
    for (const arn of multiRegion?.peers ?? []) {
      const peer = this.#byArn(arn);
      const theirs = peer && this.#recordOf(peer).multiRegion;
      if (peer === undefined) throw notFound("cluster", arn);
      if (theirs?.witnessRegion !== multiRegion?.witnessRegion)
        throw invalidField("multiRegionProperties.clusters", "clusters with the same witness Region");
    }
  }

  /** The linked peers that an update leaves out. @throws {ServiceError} ConflictException: one has not been deleted */
  #peersLeft(
    cluster: HostedCluster,
    before: MultiRegion | undefined,
    after: MultiRegion | undefined,
  ): readonly HostedCluster[] {
    const left = this.#linkedPeers(cluster).filter(
      ({ arn }) => before?.peers.includes(arn) === true && after?.peers.includes(arn) !== true,
    );
    const staying = left.find((peer) => this.#recordOf(peer).isLeaving !== true);
    if (staying === undefined) return left;
    throw conflict(`Cluster ${staying.arn} is a peer of this one. Delete it to remove it.`, staying.id);
  }

  /** Two clusters that name each other get their common data set. */
  async #joinPeer(cluster: HostedCluster): Promise<void> {
    const peer = this.#linkedPeers(cluster)[0];
    if (peer === undefined) return;
    try {
      await this.#clusters.makePeers([cluster.id, peer.id]);
    } catch (error) {
      if (error instanceof ClusterConflict)
        throw conflict(`They cannot be peers: ${error.message}.`, peer.id);
      throw error;
    }
  }

  #linkedPeers(cluster: HostedCluster): readonly HostedCluster[] {
    const sides = (each: HostedCluster) => ({ cluster: each, multiRegion: this.#recordOf(each).multiRegion });
    return this.#clusters.list().filter((other) => nameEachOther(sides(cluster), sides(other)));
  }

  /** @throws {ServiceError} ValidationException while deletion protection is on */
  delete(id: string, region: string): Promise<ClusterView> {
    return this.#change(() => {
      const view = this.get(id, region);
      if (view.status === "DELETING" || view.status === "PENDING_DELETE") return Promise.resolve(view);
      if (view.record.deletionProtectionEnabled) throw deletionProtected();
      const peers = this.#linkedPeers(view.cluster);
      if (peers.some((peer) => this.#recordOf(peer).isLeaving !== true)) {
        this.#records.set(id, { ...view.record, isLeaving: true });
        return Promise.resolve(this.#view(view.cluster));
      }
      for (const peer of peers) this.#remove(peer);
      return Promise.resolve(this.#remove(view.cluster));
    });
  }

  #remove(cluster: HostedCluster): ClusterView {
    const view: ClusterView = { cluster, record: this.#recordOf(cluster), status: "DELETING" };
    const removed = this.#clusters
      .delete(cluster.id)
      .catch(() => undefined) // What is left of it goes at the next start.
      .then(() => {
        this.#records.set(cluster.id, undefined);
        this.#deleting.delete(cluster.id);
      });
    this.#deleting.set(cluster.id, { view, removed });
    return view;
  }

  /** Resolves when a cluster that is being deleted is gone. */
  async whenRemoved(id: string): Promise<void> {
    await this.#deleting.get(id)?.removed;
  }

  /** Gives a cluster back that was there before it was asked for: it stays, with its data, for the next who asks. */
  release(id: string, region: string): void {
    const view = this.get(id, region);
    if (view.record.deletionProtectionEnabled) throw deletionProtected();
    this.#records.set(id, undefined);
  }

  setTags(id: string, region: string, tags: Readonly<Record<string, string>>): void {
    this.#records.set(id, { ...this.#changeable(id, region).record, tags });
  }

  setRecord(id: string, region: string, change: (record: ClusterRecord) => ClusterRecord): void {
    this.#records.set(id, change(this.#changeable(id, region).record));
  }

  /**
   * Puts a policy in the place of the one that is there, or takes that away.
   *
   * @param change.expectedVersion - another one is a conflict
   * @param change.clientToken - of the last change: it is answered again and not made again
   * @returns the version: of the new policy, or of the one that was taken away
   */
  setPolicy(
    id: string,
    region: string,
    change: {
      document: string | undefined;
      expectedVersion?: string | undefined;
      clientToken?: string | undefined;
    },
  ): Promise<string> {
    return this.#change(async () => {
      const { record } = this.#changeable(id, region);
      const { policyVersion: version, policyToken, ...others } = record;
      const { document, expectedVersion, clientToken } = change;
      if (clientToken !== undefined && clientToken === policyToken) return version ?? "";
      const hasPolicy = this.get(id, region).cluster.policy !== undefined;
      if (expectedVersion !== undefined && (!hasPolicy || expectedVersion !== version))
        throw conflict("The policy has another version than expected.", id, "cluster-policy");
      if (document === undefined && !hasPolicy) throw notFound("cluster-policy", id);
      await this.#clusters.setPolicy(id, document);
      const policyVersion = document === undefined ? (version ?? "") : nextVersion(version);
      this.#records.set(id, {
        ...others,
        policyVersion,
        ...(clientToken !== undefined && { policyToken: clientToken }),
      });
      return policyVersion;
    });
  }

  #changeable(id: string, region: string): ClusterView {
    const view = this.get(id, region);
    if (view.status === "DELETING" || view.status === "PENDING_DELETE")
      throw conflict("The cluster is being deleted.", id);
    return view;
  }

  #view(cluster: HostedCluster): ClusterView {
    return { cluster, record: this.#recordOf(cluster), status: this.#statusOf(cluster) };
  }

  #statusOf(cluster: HostedCluster): ClusterStatus {
    const { isLeaving, multiRegion } = this.#recordOf(cluster);
    if (isLeaving === true) return "PENDING_DELETE";
    if (multiRegion !== undefined && this.#linkedPeers(cluster).length === 0) return "PENDING_SETUP";
    switch (cluster.state) {
      case "waiting":
        return "PENDING_SETUP";
      case "opening":
        return "CREATING";
      case "ready":
        return "ACTIVE";
      case "failed":
        return "FAILED";
      case "deleted":
        return "DELETING";
    }
  }

  #recordOf(cluster: HostedCluster): ClusterRecord {
    const unclaimed = { createdAtMs: cluster.createdAtMs, deletionProtectionEnabled: false, tags: {} };
    return this.#records.find(cluster.id) ?? unclaimed;
  }

  #byArn(arn: string): HostedCluster | undefined {
    return this.#clusters.list().find((cluster) => cluster.arn === arn);
  }

  #change<Result>(make: () => Promise<Result>): Promise<Result> {
    const change = this.#changing.then(make);
    this.#changing = change.catch(() => undefined);
    return change;
  }
}

function keyOf(wanted: string | undefined, current: string | undefined): { kmsEncryptionKey?: string } {
  const key = wanted ?? current;
  return key === undefined || key === ownedKey ? {} : { kmsEncryptionKey: key };
}

/** Versions only have to differ; numbers show which came later. */
function nextVersion(version: string | undefined): string {
  return String(Number(version ?? "0") + 1);
}

export interface EncryptionDetails {
  readonly encryptionType: "AWS_OWNED_KMS_KEY" | "CUSTOMER_MANAGED_KMS_KEY";
  readonly encryptionStatus: "ENABLED";
  readonly kmsKeyArn?: string;
}

/** There is no key management here: a key of the customer's is remembered and shown, and encrypts nothing. */
export function encryptionDetails({ kmsEncryptionKey }: ClusterRecord): EncryptionDetails {
  if (kmsEncryptionKey === undefined) return { encryptionType: ownedKey, encryptionStatus: "ENABLED" };
  const kmsKeyArn = kmsEncryptionKey;
  return { encryptionType: "CUSTOMER_MANAGED_KMS_KEY", encryptionStatus: "ENABLED", kmsKeyArn };
}

/** Names of the PrivateLink form, with our own suffix; the server's certificate is good for them as well. */
export function vpcEndpoint({ id, region }: HostedCluster): {
  serviceName: string;
  clusterVpcEndpoint: string;
} {
  return {
    serviceName: `com.amazonaws.${region}.dsql-local`,
    clusterVpcEndpoint: `${id}.dsql-local.${region}.on.aws`,
  };
}
