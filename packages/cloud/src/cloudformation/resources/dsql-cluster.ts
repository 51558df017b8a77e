/**
 * AWS::DSQL::Cluster: the stack takes the local cluster, so its identifier and endpoint are those of the running one.
 *
 * Source: AWS CloudFormation Template Reference, AWS::DSQL::Cluster.
 */

import {
  type DsqlControlPlane,
  encryptionDetails,
  vpcEndpointServiceName,
  type ClusterRecord,
} from "../../dsql.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "../resource-type.ts";
import type { Value, ValueObject } from "../template.ts";
import { optionalFlag, optionalText, tagsOf } from "./properties.ts";

export function dsqlClusterType(plane: DsqlControlPlane): ResourceType {
  const { cluster } = plane;

  const attributes = (record: ClusterRecord): ValueObject => ({
    Identifier: cluster.id,
    ResourceArn: cluster.arn,
    Endpoint: cluster.endpoint,
    Status: "ACTIVE",
    CreationTime: new Date(record.createdAtMs).toISOString(),
    EncryptionDetails: encryptionAttributes(record),
    PolicyVersion: record.policyVersion ?? "",
    VpcEndpoint: cluster.endpoint,
    VpcEndpointServiceName: vpcEndpointServiceName(cluster),
  });

  return {
    replacedBy: [],
    keptOnDelete:
      "The local cluster was released. Its data stays, and the next cluster that is created finds it.",
    identify: () => cluster.id,
    check: (properties, logicalId) => {
      if (properties["MultiRegionProperties"] === undefined) return;
      throw new Error(`${logicalId}: MultiRegionProperties: dsql-local runs one cluster in one Region`);
    },
    create: (request) => outcome(plane.create(settings(request)), attributes),
    update: (request) => outcome(plane.update(cluster.id, settings(request)), attributes),
    remove(request) {
      if (isHeldBy(request, plane)) plane.delete(cluster.id);
    },
  };
}

function outcome(record: ClusterRecord, attributes: (record: ClusterRecord) => ValueObject): ResourceOutcome {
  return { attributes: attributes(record) };
}

function settings(request: ResourceRequest) {
  const policy = request.properties["PolicyDocument"];
  return {
    deletionProtectionEnabled: optionalFlag(request.properties, "DeletionProtectionEnabled") ?? true,
    tags: tagsOf(request),
    kmsEncryptionKey: optionalText(request.properties, "KmsEncryptionKey"),
    policy: policy === undefined ? undefined : policyText(policy),
    clientToken: tokenOf(request),
  };
}

/** Tells whose the cluster is, so that no stack gives back what another one has. */
function tokenOf(request: ResourceRequest): string {
  return `${request.stackId}/${request.logicalId}`;
}

function policyText(policy: Value): string {
  return typeof policy === "string" ? policy : JSON.stringify(policy);
}

function encryptionAttributes(record: ClusterRecord): ValueObject {
  const { encryptionType, encryptionStatus, kmsKeyArn } = encryptionDetails(record);
  return { EncryptionType: encryptionType, EncryptionStatus: encryptionStatus, KmsKeyArn: kmsKeyArn ?? "" };
}

function isHeldBy(request: ResourceRequest, plane: DsqlControlPlane): boolean {
  return plane.record.state === "claimed" && plane.record.clientToken === tokenOf(request);
}
