/**
 * Source: Aurora DSQL API Reference (2018-05-10), "Required permissions" of CreateCluster and UpdateCluster; Service
 * Authorization Reference, "Actions … for Amazon Aurora DSQL".
 */

import type { About, Needs, Permission, PermissionTable } from "../authorization.ts";
import type { JsonObject } from "../protocol/index.ts";
import { passRole } from "./iam.ts";
import { tagContext, textsIn } from "./requested-tags.ts";

/** A request as the control plane's paths and bodies name things. */
export interface DsqlInput {
  readonly input: JsonObject;
  /** The first variable part of the path: an identifier, or an ARN. */
  readonly name: string;
  /** The second: a stream's identifier. */
  readonly innerName: string;
  readonly query: URLSearchParams;
}

type DsqlNeeds = Needs<DsqlInput>;

function clusterArn({ account, region }: Pick<About, "account" | "region">, id: string): string {
  return `arn:aws:dsql:${region}:${account}:cluster/${id}`;
}

const onCluster =
  (operation: string): DsqlNeeds =>
  ({ name }, about) => [{ action: `dsql:${operation}`, resource: clusterArn(about, name) }];

const onStream =
  (operation: string): DsqlNeeds =>
  ({ name, innerName }, about) => [
    { action: `dsql:${operation}`, resource: `${clusterArn(about, name)}/stream/${innerName}` },
  ];

const onArn =
  (operation: string, contextOf: (request: DsqlInput) => Permission["context"] = () => ({})): DsqlNeeds =>
  (request) => [{ action: `dsql:${operation}`, resource: request.name, context: contextOf(request) ?? {} }];

function objectIn(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

/** A witness, and each peer, is a permission of its own. */
function multiRegion(properties: unknown, resource: string): readonly Permission[] {
  if (properties === undefined || properties === null) return [];
  const { witnessRegion, clusters } = objectIn(properties);
  const peers = Array.isArray(clusters)
    ? clusters.filter((peer): peer is string => typeof peer === "string")
    : [];
  return [
    { action: "dsql:PutMultiRegionProperties", resource },
    ...(typeof witnessRegion === "string"
      ? [{ action: "dsql:PutWitnessRegion", resource, context: { "dsql:WitnessRegion": witnessRegion } }]
      : []),
    ...(peers.length === 0 ? [] : [resource, ...peers]).map((peer) => ({
      action: "dsql:AddPeerCluster",
      resource: peer,
    })),
  ];
}

export const dsqlPermissions: PermissionTable<DsqlInput> = {
  CreateCluster: ({ input }, about) => {
    const resource = clusterArn(about, "*");
    const context = tagContext(textsIn(input["tags"]));
    const isGiven = (member: string): boolean => input[member] !== undefined && input[member] !== null;
    return [
      { action: "dsql:CreateCluster", resource, context },
      ...(isGiven("tags") ? [{ action: "dsql:TagResource", resource, context }] : []),
      ...(isGiven("policy") ? [{ action: "dsql:PutClusterPolicy", resource }] : []),
      ...multiRegion(input["multiRegionProperties"], resource),
    ];
  },
  ListClusters: () => [{ action: "dsql:ListClusters", resource: "*" }],
  GetCluster: onCluster("GetCluster"),
  UpdateCluster: (request, about) => {
    const properties = request.input["multiRegionProperties"];
    const replacesPeers = Array.isArray(objectIn(properties)["clusters"]);
    return [
      ...onCluster("UpdateCluster")(request, about),
      ...multiRegion(properties, clusterArn(about, request.name)),
      ...(replacesPeers
        ? [{ action: "dsql:RemovePeerCluster", resource: `arn:aws:dsql:*:${about.account}:cluster/*` }]
        : []),
    ];
  },
  DeleteCluster: onCluster("DeleteCluster"),
  GetVpcEndpointServiceName: onCluster("GetVpcEndpointServiceName"),
  PutClusterPolicy: onCluster("PutClusterPolicy"),
  GetClusterPolicy: onCluster("GetClusterPolicy"),
  DeleteClusterPolicy: onCluster("DeleteClusterPolicy"),
  TagResource: onArn("TagResource", ({ input }) => tagContext(textsIn(input["tags"]))),
  UntagResource: onArn("UntagResource", ({ query }) => ({ "aws:TagKeys": query.getAll("tagKeys") })),
  ListTagsForResource: onArn("ListTagsForResource"),
  /** The stream writes into Kinesis as the role that it is given. */
  CreateStream: (request, about) => {
    const { tags, targetDefinition } = request.input;
    const { roleArn } = objectIn(objectIn(targetDefinition)["kinesis"]);
    const resource = clusterArn(about, request.name);
    const context = tagContext(textsIn(tags));
    return [
      { action: "dsql:CreateStream", resource, context },
      ...(Object.keys(context).length === 0 ? [] : [{ action: "dsql:TagResource", resource, context }]),
      ...(typeof roleArn === "string" ? [passRole(roleArn, "dsql.amazonaws.com")] : []),
    ];
  },
  ListStreams: onCluster("ListStreams"),
  GetStream: onStream("GetStream"),
  DeleteStream: onStream("DeleteStream"),
};
