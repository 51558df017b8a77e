/**
 * The rules for clusters of several Regions: a witness in a third Region, one peer, and both must name each other.
 *
 * Source: Aurora DSQL User Guide, "Configuring multi-Region clusters"; API Reference, UpdateCluster.
 */
import type { HostedCluster } from "@dsql-local/cluster";
import type { JsonObject } from "../protocol/index.ts";
import { invalidField } from "./errors.ts";
import { regionPattern } from "../service.ts";
import { objectField, textField } from "./fields.ts";
import type { MultiRegion } from "./records.ts";

/** Clusters that share their data: two, and a witness without an endpoint. */
const clustersMax = 2;
const field = "multiRegionProperties";

export interface MultiRegionRequest {
  readonly witnessRegion?: string | undefined;
  /** As given: the cluster's own ARN may be among them. */
  readonly clusters?: readonly string[] | undefined;
}

export function multiRegionField(input: JsonObject): MultiRegionRequest | undefined {
  const properties = objectField(input, field);
  if (properties === undefined) return undefined;
  const { clusters } = properties;
  if (clusters !== undefined && clusters !== null && !isTextList(clusters))
    throw invalidField(`${field}.clusters`, "a list of cluster ARNs");
  const witnessRegion = textField(properties, "witnessRegion");
  if (witnessRegion !== undefined && !regionPattern.test(witnessRegion))
    throw invalidField(`${field}.witnessRegion`, "the name of an AWS Region");
  return { witnessRegion, clusters: clusters ?? undefined };
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** The cluster whose properties are checked, as far as it is known: a new one has no ARN yet. */
export interface Subject {
  readonly region: string;
  readonly account: string;
  readonly arn?: string;
}

/**
 * @param current - what the cluster has; absent for a new one
 * @throws {ServiceError} ValidationException, naming the member
 */
export function multiRegionOf(
  request: MultiRegionRequest,
  subject: Subject,
  current: MultiRegion | undefined,
): MultiRegion {
  const witnessRegion = request.witnessRegion ?? current?.witnessRegion;
  if (witnessRegion === undefined) throw invalidField(`${field}.witnessRegion`, "given");
  if (witnessRegion === subject.region)
    throw invalidField(`${field}.witnessRegion`, "another Region than the cluster's own");
  const peers = request.clusters?.filter((arn) => arn !== subject.arn) ?? current?.peers ?? [];
  if (peers.length >= clustersMax)
    throw invalidField(`${field}.clusters`, `at most ${clustersMax} clusters, this one among them`);
  for (const arn of peers) checkPeer(arn, subject, witnessRegion);
  return { witnessRegion, peers };
}

function checkPeer(arn: string, { region, account }: Subject, witnessRegion: string): void {
  const [, peerRegion, peerAccount] =
    /^arn:aws:dsql:([a-z0-9-]{1,20}):(\d{12}):cluster\/[a-z0-9]{26}$/.exec(arn) ?? [];
  if (peerRegion === undefined) throw invalidField(`${field}.clusters`, "ARNs of clusters");
  if (peerAccount !== account) throw invalidField(`${field}.clusters`, "clusters of this account");
  if (peerRegion === region || peerRegion === witnessRegion)
    throw invalidField(
      `${field}.clusters`,
      "clusters in Regions other than this cluster's and the witness's",
    );
}

/** Whether each of two clusters names the other: then they are peers. */
export function nameEachOther(
  left: { cluster: HostedCluster; multiRegion: MultiRegion | undefined },
  right: { cluster: HostedCluster; multiRegion: MultiRegion | undefined },
): boolean {
  return (
    left.multiRegion?.peers.includes(right.cluster.arn) === true &&
    right.multiRegion?.peers.includes(left.cluster.arn) === true
  );
}
