/**
 * Change data capture streams, as far as a machine without Kinesis goes: they are created, listed, tagged and deleted, and
 * none becomes ACTIVE. A stream is FAILED with KINESIS_STREAM_NOT_FOUND, which is what is the case.
 *
 * Source: Aurora DSQL API Reference (2018-05-10), CreateStream, GetStream.
 */
import { randomBytes } from "node:crypto";
import { limits } from "@dsql-local/spec";
import type { JsonObject } from "../protocol/index.ts";
import type { ClusterView, DsqlControlPlane } from "./control-plane.ts";
import { conflict, invalidField, notFound, quotaExceeded } from "./errors.ts";
import { clientToken, requiredObject, requiredText, tagsField } from "./fields.ts";
import type { StreamRecord } from "./records.ts";

export interface StreamRequest {
  readonly streamArn: string;
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientToken: string | undefined;
}

/** @throws {ServiceError} ValidationException, naming the member */
export function streamRequest(input: JsonObject): StreamRequest {
  const kinesis = requiredObject(requiredObject(input, "targetDefinition"), "kinesis");
  const streamArn = requiredText(kinesis, "streamArn", "targetDefinition.kinesis.streamArn");
  const roleArn = requiredText(kinesis, "roleArn", "targetDefinition.kinesis.roleArn");
  if (!/^arn:aws[^:]*:kinesis:[a-z0-9-]{1,20}:\d{12}:stream\/[\w.-]{1,128}$/.test(streamArn))
    throw invalidField("targetDefinition.kinesis.streamArn", "the ARN of a Kinesis data stream");
  if (!/^arn:aws[^:]*:iam::\d{12}:role\/.{1,512}$/.test(roleArn))
    throw invalidField("targetDefinition.kinesis.roleArn", "the ARN of an IAM role");
  if (requiredText(input, "ordering") !== "UNORDERED") throw invalidField("ordering", "UNORDERED");
  if (requiredText(input, "format") !== "JSON") throw invalidField("format", "JSON");
  const token = clientToken(input["clientToken"] as string | undefined);
  return { streamArn, roleArn, tags: tagsField(input) ?? {}, clientToken: token };
}

export class Streams {
  readonly #plane: DsqlControlPlane;

  constructor(plane: DsqlControlPlane) {
    this.#plane = plane;
  }

  create(clusterId: string, region: string, request: StreamRequest): JsonObject {
    const view = this.#plane.get(clusterId, region);
    const streams = view.record.streams ?? [];
    const { clientToken, ...definition } = request;
    const repeated = streams.find(
      (stream) => clientToken !== undefined && stream.clientToken === clientToken,
    );
    if (repeated !== undefined) return created(view, repeated);
    if (view.status !== "ACTIVE") throw conflict("The cluster is not active.", clusterId);
    const { value, message } = streamsMax;
    if (streams.length >= value)
      throw quotaExceeded({
        message,
        resourceId: view.cluster.arn,
        resourceType: "stream",
        quotaCode: "streams-per-cluster",
      });
    const stream: StreamRecord = {
      identifier: newIdentifier(),
      createdAtMs: Date.now(),
      ...definition,
      ...(clientToken !== undefined && { clientToken }),
    };
    this.#set(view, [...streams, stream]);
    return created(view, stream);
  }

  get(clusterId: string, region: string, id: string): JsonObject {
    const view = this.#plane.get(clusterId, region);
    const stream = find(view, id);
    return {
      ...summary(view, stream, "FAILED"),
      ordering: "UNORDERED",
      format: "JSON",
      targetDefinition: { kinesis: { streamArn: stream.streamArn, roleArn: stream.roleArn } },
      statusReason: { error: "KINESIS_STREAM_NOT_FOUND", updatedAt: stream.createdAtMs / 1_000 },
      tags: stream.tags,
    };
  }

  /** By id. */
  list(clusterId: string, region: string): readonly JsonObject[] {
    const view = this.#plane.get(clusterId, region);
    return [...(view.record.streams ?? [])]
      .sort((left, right) => (left.identifier < right.identifier ? -1 : 1))
      .map((stream) => summary(view, stream, "FAILED"));
  }

  delete(clusterId: string, region: string, id: string): JsonObject {
    const view = this.#plane.get(clusterId, region);
    const stream = find(view, id);
    this.#set(
      view,
      (view.record.streams ?? []).filter(({ identifier }) => identifier !== id),
    );
    return summary(view, stream, "DELETING");
  }

  tags(clusterId: string, region: string, id: string): Readonly<Record<string, string>> {
    return find(this.#plane.get(clusterId, region), id).tags;
  }

  setTags(clusterId: string, region: string, id: string, tags: Readonly<Record<string, string>>): void {
    const view = this.#plane.get(clusterId, region);
    const changed = { ...find(view, id), tags };
    this.#set(
      view,
      (view.record.streams ?? []).map((each) => (each.identifier === id ? changed : each)),
    );
  }

  #set({ cluster }: ClusterView, streams: readonly StreamRecord[]): void {
    this.#plane.setRecord(cluster.id, cluster.region, (record) => ({ ...record, streams }));
  }
}

const streamsMax = limits.streamsPerClusterMax;

function find({ record }: ClusterView, id: string): StreamRecord {
  const stream = record.streams?.find(({ identifier }) => identifier === id);
  if (stream === undefined) throw notFound("stream", id);
  return stream;
}

function created(view: ClusterView, stream: StreamRecord): JsonObject {
  return { ...summary(view, stream, "CREATING"), ordering: "UNORDERED", format: "JSON" };
}

function summary({ cluster }: ClusterView, stream: StreamRecord, status: string): JsonObject {
  return {
    clusterIdentifier: cluster.id,
    streamIdentifier: stream.identifier,
    arn: `${cluster.arn}/stream/${stream.identifier}`,
    status,
    creationTime: stream.createdAtMs / 1_000,
  };
}

function newIdentifier(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  return [...randomBytes(26)].map((byte) => alphabet[byte % alphabet.length]).join("");
}
