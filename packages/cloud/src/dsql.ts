/**
 * The Aurora DSQL control plane over the one local cluster.
 *
 *   unclaimed   nobody asked for it yet: it is listed and ACTIVE, and the next CreateCluster gives it out
 *   claimed     CreateCluster, or a stack's AWS::DSQL::Cluster, has it: another CreateCluster is refused
 *   deleted     DeleteCluster gave it back: not found, until the next CreateCluster
 *
 * Deleting the cluster does not wipe its data: the cluster goes on for whoever is connected, and the next
 * CreateCluster finds the tables as they were. A new data directory is how one starts from nothing.
 *
 * Source: Aurora DSQL API Reference (2018-05-10); shapes as in `@aws-sdk/client-dsql`.
 */

import { randomUUID } from "node:crypto";
import { join } from "node:path";

import type { Authorizer } from "./authorization.ts";
import type { CloudCluster } from "./cloud-cluster.ts";
import { type JsonObject, notOffered, optionalText, parseJsonBody } from "./protocol/index.ts";
import { ServiceError, type Service, type ServiceRequest, type ServiceResponse } from "./service.ts";
import { readStateFile, writeStateFile } from "./state-file.ts";

/** The cluster's side of the control plane; AWS's own names are in `describe`. */
export interface ClusterRecord {
  readonly state: "unclaimed" | "claimed" | "deleted";
  readonly createdAtMs: number;
  readonly deletionProtectionEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly kmsEncryptionKey?: string;
  readonly policy?: string;
  readonly policyVersion?: string;
  /** Of the CreateCluster that claimed it: the same token again is the same request. */
  readonly clientToken?: string;
}

export interface ClusterRequest {
  readonly deletionProtectionEnabled?: boolean | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly kmsEncryptionKey?: string | undefined;
  readonly policy?: string | undefined;
  readonly clientToken?: string | undefined;
}

const ownedKey = "AWS_OWNED_KMS_KEY";
const tagsMax = 200;
const policyCharactersMax = 20_480;

export class DsqlControlPlane {
  readonly cluster: CloudCluster;
  readonly #file: string;
  #record: ClusterRecord;

  constructor(options: { dataDir: string; cluster: CloudCluster }) {
    this.cluster = options.cluster;
    this.#file = join(options.dataDir, "dsql.json");
    this.#record = (readStateFile(this.#file) as ClusterRecord | undefined) ?? {
      state: "unclaimed",
      createdAtMs: Date.now(),
      deletionProtectionEnabled: false,
      tags: {},
    };
  }

  /** The cluster as the control plane sees it now, deleted or not. */
  get record(): ClusterRecord {
    return this.#record;
  }

  /** @throws {ServiceError} ServiceQuotaExceededException: the local cluster is taken */
  create(request: ClusterRequest): ClusterRecord {
    const isRepeated = request.clientToken !== undefined && request.clientToken === this.#record.clientToken;
    if (this.#record.state === "claimed") {
      if (isRepeated) return this.#record;
      throw new ServiceError({
        code: "ServiceQuotaExceededException",
        message:
          "You have reached the cluster limit. dsql-local runs one local cluster at a time, and it is in use already; delete it or the stack that has it first.",
        status: 402,
        members: {
          resourceId: this.cluster.id,
          resourceType: "cluster",
          serviceCode: "dsql",
          quotaCode: "L-local-clusters",
        },
      });
    }
    const tags = checkTags(request.tags ?? {});
    const { policy, clientToken, kmsEncryptionKey } = request;
    return this.#save({
      state: "claimed",
      createdAtMs: Date.now(),
      deletionProtectionEnabled: request.deletionProtectionEnabled ?? true,
      tags,
      ...(kmsEncryptionKey === undefined ? {} : { kmsEncryptionKey }),
      ...(policy === undefined ? {} : { policy: checkPolicy(policy), policyVersion: randomUUID() }),
      ...(clientToken === undefined ? {} : { clientToken }),
    });
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  get(identifier: string): ClusterRecord {
    if (identifier === this.cluster.id && this.#record.state !== "deleted") return this.#record;
    throw new ServiceError({
      code: "ResourceNotFoundException",
      message: `Cluster '${identifier}' not found`,
      status: 404,
      members: { resourceId: identifier, resourceType: "cluster" },
    });
  }

  update(identifier: string, request: Omit<ClusterRequest, "clientToken">): ClusterRecord {
    const { policy, policyVersion, ...record } = this.get(identifier);
    return this.#save({
      ...record,
      deletionProtectionEnabled: request.deletionProtectionEnabled ?? record.deletionProtectionEnabled,
      tags: request.tags === undefined ? record.tags : checkTags(request.tags),
      ...(request.kmsEncryptionKey === undefined ? {} : { kmsEncryptionKey: request.kmsEncryptionKey }),
      ...policyOf(request.policy, policy, policyVersion),
    });
  }

  /** Forgets the resource policy. */
  deletePolicy(identifier: string): string {
    const { policy, policyVersion, ...record } = this.get(identifier);
    if (policy === undefined) throw policyNotFound(identifier);
    this.#save(record);
    return policyVersion ?? "";
  }

  /** @throws {ServiceError} ValidationException while deletion protection is on */
  delete(identifier: string): ClusterRecord {
    const record = this.get(identifier);
    if (record.deletionProtectionEnabled) {
      throw new ServiceError({
        code: "ValidationException",
        message:
          "Deletion protection is enabled for the cluster. Disable deletion protection before deleting the cluster.",
        members: { reason: "deletionProtectionEnabled" },
      });
    }
    this.#save({
      state: "deleted",
      createdAtMs: record.createdAtMs,
      deletionProtectionEnabled: false,
      tags: {},
    });
    return record;
  }

  #save(record: ClusterRecord): ClusterRecord {
    this.#record = record;
    writeStateFile(this.#file, record);
    return record;
  }
}

function policyOf(
  wanted: string | undefined,
  current: string | undefined,
  version: string | undefined,
): { policy?: string; policyVersion?: string } {
  if (wanted !== undefined) return { policy: checkPolicy(wanted), policyVersion: randomUUID() };
  return current === undefined ? {} : { policy: current, policyVersion: version ?? randomUUID() };
}

function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(tags);
  const isWrong = ([key, value]: [string, string]): boolean =>
    !/^[a-zA-Z0-9_.:/=+\-@ ]{1,128}$/.test(key) || !/^[a-zA-Z0-9_.:/=+\-@ ]{0,256}$/.test(value);
  if (entries.length <= tagsMax && !entries.some(isWrong)) return tags;
  throw fieldError(
    "tags",
    `at most ${tagsMax} tags, keys of 1 to 128 and values of 0 to 256 letters, digits and _.:/=+-@`,
  );
}

function checkPolicy(policy: string): string {
  if (policy.length <= policyCharactersMax && isJsonObject(policy)) return policy;
  throw fieldError("policy", `a JSON document of at most ${policyCharactersMax} characters`);
}

function isJsonObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

function fieldError(name: string, message: string): ServiceError {
  return new ServiceError({
    code: "ValidationException",
    message: `Validation failed for ${name}: it must be ${message}.`,
    members: { reason: "fieldValidationFailed", fieldList: [{ name, message }] },
  });
}

function policyNotFound(identifier: string): ServiceError {
  return new ServiceError({
    code: "ResourceNotFoundException",
    message: `Cluster '${identifier}' has no policy`,
    status: 404,
    members: { resourceId: identifier, resourceType: "cluster-policy" },
  });
}

export function vpcEndpointServiceName(cluster: CloudCluster): string {
  return `com.amazonaws.${cluster.region}.dsql-local`;
}

type Route = {
  readonly method: string;
  readonly path: RegExp;
  readonly operation: string;
  readonly run: (identifier: string, input: JsonObject, request: ServiceRequest) => JsonObject | undefined;
};

/** The control plane's API, REST-JSON. */
export function createDsql(plane: DsqlControlPlane, authorize: Authorizer): Service {
  const routes = [...clusterRoutes(plane), ...policyRoutes(plane), ...tagRoutes(plane)];
  return {
    async handle(request: ServiceRequest): Promise<ServiceResponse> {
      const path = decodeURIComponent(request.path);
      for (const route of routes) {
        const match = route.method === request.method ? route.path.exec(path) : null;
        if (match === null) continue;
        const resource = route.operation === "ListClusters" ? "*" : plane.cluster.arn;
        authorize(request.caller, `dsql:${route.operation}`, resource);
        const output = route.run(match[1] ?? "", parseJsonBody(request.body), request);
        return {
          status: 200,
          headers: { "content-type": "application/json" },
          body: JSON.stringify(output ?? {}),
        };
      }
      const offered = [...new Set(routes.map((route) => route.operation))];
      throw notOffered("DSQL", `${request.method} ${request.path}`, offered);
    },
  };
}

function clusterRoutes(plane: DsqlControlPlane): readonly Route[] {
  const { cluster } = plane;

  const brief = (record: ClusterRecord, status: string): JsonObject => ({
    identifier: cluster.id,
    arn: cluster.arn,
    status,
    creationTime: record.createdAtMs / 1_000,
  });

  const describe = (record: ClusterRecord, status: string): JsonObject => ({
    ...brief(record, status),
    deletionProtectionEnabled: record.deletionProtectionEnabled,
    tags: record.tags,
    encryptionDetails: encryptionDetails(record),
    endpoint: cluster.endpoint,
  });

  return [
    {
      method: "POST",
      path: /^\/cluster$/,
      operation: "CreateCluster",
      run: (_identifier, input) => {
        refuseMultiRegion(input);
        return describe(plane.create(readRequest(input)), "CREATING");
      },
    },
    {
      method: "GET",
      path: /^\/cluster$/,
      operation: "ListClusters",
      run: () => ({
        clusters: plane.record.state === "deleted" ? [] : [{ identifier: cluster.id, arn: cluster.arn }],
      }),
    },
    {
      method: "GET",
      path: /^\/cluster\/([^/]+)$/,
      operation: "GetCluster",
      run: (identifier) => describe(plane.get(identifier), "ACTIVE"),
    },
    {
      method: "POST",
      path: /^\/cluster\/([^/]+)$/,
      operation: "UpdateCluster",
      run: (identifier, input) => {
        refuseMultiRegion(input);
        const { deletionProtectionEnabled, kmsEncryptionKey } = readRequest(input);
        return brief(plane.update(identifier, { deletionProtectionEnabled, kmsEncryptionKey }), "UPDATING");
      },
    },
    {
      method: "DELETE",
      path: /^\/cluster\/([^/]+)$/,
      operation: "DeleteCluster",
      run: (identifier) => brief(plane.delete(identifier), "DELETING"),
    },
    {
      method: "GET",
      path: /^\/clusters\/([^/]+)\/vpc-endpoint-service-name$/,
      operation: "GetVpcEndpointServiceName",
      run: (identifier) => {
        plane.get(identifier);
        return { serviceName: vpcEndpointServiceName(cluster) };
      },
    },
  ];
}

function policyRoutes(plane: DsqlControlPlane): readonly Route[] {
  const path = /^\/cluster\/([^/]+)\/policy$/;
  return [
    {
      method: "POST",
      path,
      operation: "PutClusterPolicy",
      run: (identifier, input) => {
        const record = plane.update(identifier, { policy: optionalText(input, "policy") ?? "" });
        return { policyVersion: record.policyVersion };
      },
    },
    {
      method: "GET",
      path,
      operation: "GetClusterPolicy",
      run: (identifier) => {
        const { policy, policyVersion } = plane.get(identifier);
        if (policy === undefined) throw policyNotFound(identifier);
        return { policy, policyVersion };
      },
    },
    {
      method: "DELETE",
      path,
      operation: "DeleteClusterPolicy",
      run: (identifier) => ({ policyVersion: plane.deletePolicy(identifier) }),
    },
  ];
}

function tagRoutes(plane: DsqlControlPlane): readonly Route[] {
  const path = /^\/tags\/(arn:.+)$/;
  const identifierIn = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
  return [
    {
      method: "POST",
      path,
      operation: "TagResource",
      run: (arn, input) => {
        const record = plane.get(identifierIn(arn));
        plane.update(identifierIn(arn), { tags: { ...record.tags, ...readTags(input) } });
        return undefined;
      },
    },
    {
      method: "DELETE",
      path,
      operation: "UntagResource",
      run: (arn, _input, request) => {
        const removed = new Set(request.query.getAll("tagKeys"));
        const { tags } = plane.get(identifierIn(arn));
        const kept = Object.entries(tags).filter(([key]) => !removed.has(key));
        plane.update(identifierIn(arn), { tags: Object.fromEntries(kept) });
        return undefined;
      },
    },
    {
      method: "GET",
      path,
      operation: "ListTagsForResource",
      run: (arn) => ({ tags: plane.get(identifierIn(arn)).tags }),
    },
  ];
}

export interface EncryptionDetails {
  readonly encryptionType: "AWS_OWNED_KMS_KEY" | "CUSTOMER_MANAGED_KMS_KEY";
  readonly encryptionStatus: "ENABLED";
  readonly kmsKeyArn?: string;
}

export function encryptionDetails(record: ClusterRecord): EncryptionDetails {
  const key = record.kmsEncryptionKey;
  if (key === undefined || key === ownedKey) return { encryptionType: ownedKey, encryptionStatus: "ENABLED" };
  return { encryptionType: "CUSTOMER_MANAGED_KMS_KEY", encryptionStatus: "ENABLED", kmsKeyArn: key };
}

function readRequest(input: JsonObject): ClusterRequest {
  const protection = input["deletionProtectionEnabled"];
  if (protection !== undefined && protection !== null && typeof protection !== "boolean") {
    throw fieldError("deletionProtectionEnabled", "true or false");
  }
  return {
    deletionProtectionEnabled: protection ?? undefined,
    tags: input["tags"] === undefined ? undefined : readTags(input),
    kmsEncryptionKey: optionalText(input, "kmsEncryptionKey"),
    policy: optionalText(input, "policy"),
    clientToken: optionalText(input, "clientToken"),
  };
}

function readTags(input: JsonObject): Record<string, string> {
  const tags = input["tags"];
  if (typeof tags !== "object" || tags === null) return {};
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]));
}

function refuseMultiRegion(input: JsonObject): void {
  if (input["multiRegionProperties"] === undefined || input["multiRegionProperties"] === null) return;
  throw fieldError("multiRegionProperties", "absent: dsql-local runs one cluster in one Region");
}
