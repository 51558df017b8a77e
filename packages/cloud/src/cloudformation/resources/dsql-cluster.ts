/**
 * AWS::DSQL::Cluster. The first such resource of a Region is given the cluster that the data directory began with, so
 * that whoever is connected to that one stays so; every further one gets a cluster of its own.
 *
 * A cluster in which somebody had made tables before the stack came is given back when the stack lets go of it; every
 * other one is deleted with its data.
 *
 * Source: AWS CloudFormation Template Reference, AWS::DSQL::Cluster.
 */

import {
  checkPolicy,
  type ClusterView,
  type DsqlControlPlane,
  encryptionDetails,
  vpcEndpoint,
} from "../../dsql/index.ts";
import { physicalName } from "../physical-name.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "../resource-type.ts";
import type { Value, ValueObject } from "../template.ts";
import {
  objectIn,
  optionalFlag,
  optionalText,
  refuseUnknown,
  tagsNow,
  tagsOf,
  textsIn,
  unlessMissing,
} from "../properties.ts";

export function dsqlClusterType(plane: DsqlControlPlane, region: string): ResourceType {
  const settled = async ({ cluster }: ClusterView): Promise<ResourceOutcome> => {
    await cluster.opening; // A cluster that cannot be opened fails the resource.
    return { physicalId: cluster.id, attributes: attributesOf(plane.get(cluster.id, region)) };
  };
  return {
    replacedBy: [],
    isRemovedAfterFailure: true,
    check: checkProperties,
    // Until the cluster is there: only then is its identifier known.
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, { lengthMax: 128 }),
    create: async (request) =>
      settled(await plane.create({ ...settings(request), ...creation(request) }, region)),
    async update(request, previous) {
      const id = request.physicalId;
      const document = policyOf(request.properties);
      if (document !== policyOf(previous.properties)) await plane.setPolicy(id, region, { document });
      plane.setTags(id, region, tagsOf(request));
      return settled(await plane.update(id, region, settings(request)));
    },
    async remove(request) {
      const held = heldBy(request, plane, region);
      if (held === undefined) return;
      if (held.record.wasInUse === true) {
        plane.release(held.cluster.id, region);
        request.notice("The cluster had tables before the stack was there, so it stays, with its data.");
        return;
      }
      await plane.delete(held.cluster.id, region);
      await plane.whenRemoved(held.cluster.id);
    },
    actual: ({ physicalId, properties }) =>
      unlessMissing(() => {
        const { deletionProtectionEnabled, tags } = plane.get(physicalId, region).record;
        return { DeletionProtectionEnabled: deletionProtectionEnabled, Tags: tagsNow(properties, tags) };
      }),
  };
}

const known = [
  "DeletionProtectionEnabled",
  "KmsEncryptionKey",
  "MultiRegionProperties",
  "PolicyDocument",
  "Tags",
];
const knownOfRegions = ["Clusters", "WitnessRegion"];

/** A misspelt property that is ignored would leave a cluster unprotected, say. */
function checkProperties(properties: ValueObject, logicalId: string): void {
  refuseUnknown(properties, known, { logicalId });
  const multiRegion = objectIn(properties, "MultiRegionProperties") ?? {};
  refuseUnknown(multiRegion, knownOfRegions, { logicalId, path: "#/MultiRegionProperties" });
}

function settings({ properties }: ResourceRequest) {
  const multiRegion = objectIn(properties, "MultiRegionProperties");
  return {
    deletionProtectionEnabled: optionalFlag(properties, "DeletionProtectionEnabled") ?? true,
    kmsEncryptionKey: optionalText(properties, "KmsEncryptionKey"),
    multiRegion: multiRegion && {
      witnessRegion: optionalText(multiRegion, "WitnessRegion"),
      clusters: multiRegion["Clusters"] === undefined ? undefined : textsIn(multiRegion, "Clusters"),
    },
  };
}

function creation(request: ResourceRequest) {
  const policy = policyOf(request.properties);
  if (policy !== undefined) checkPolicy(policy);
  return { tags: tagsOf(request), policy, clientToken: tokenOf(request), takesUsed: true };
}

/** Tells whose a cluster is, so that no stack gives back what another one has, and a repeated creation finds its own. */
function tokenOf(request: ResourceRequest): string {
  return `${request.stackId}/${request.logicalId}`;
}

function heldBy(request: ResourceRequest, plane: DsqlControlPlane, region: string): ClusterView | undefined {
  const token = tokenOf(request);
  return plane.list(region).find(({ record, status }) => {
    return record.creation?.clientToken === token && status !== "DELETING";
  });
}

function policyOf(properties: ValueObject): string | undefined {
  const policy: Value | undefined = properties["PolicyDocument"];
  if (policy === undefined || policy === null) return undefined;
  return typeof policy === "string" ? policy : JSON.stringify(policy);
}

function attributesOf({ cluster, record, status }: ClusterView): ValueObject {
  const { encryptionType, encryptionStatus, kmsKeyArn } = encryptionDetails(record);
  const { serviceName, clusterVpcEndpoint } = vpcEndpoint(cluster);
  return {
    Identifier: cluster.id,
    ResourceArn: cluster.arn,
    Endpoint: cluster.endpoint,
    Status: status,
    CreationTime: new Date(record.createdAtMs).toISOString(),
    EncryptionDetails: {
      EncryptionType: encryptionType,
      EncryptionStatus: encryptionStatus,
      KmsKeyArn: kmsKeyArn ?? "",
    },
    PolicyVersion: record.policyVersion ?? "",
    VpcEndpoint: clusterVpcEndpoint,
    VpcEndpointServiceName: serviceName,
  };
}
