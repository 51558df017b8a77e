/** S3 operations on objects: put, copy, get with ranges and conditions, head, delete. */

import { parseXml } from "../protocol/index.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import { BodyCheck, isChecksum, readWhole, type BodyFacts } from "./bodies.ts";
import { malformedXml } from "./bucket-operations.ts";
import { keptHeaders, type S3Call, type S3Request, xmlResponse } from "./requests.ts";
import type { ObjectStore, StoredObject } from "./store.ts";

const taggingBytesMax = 16 * 1024;

export function handleObject(store: ObjectStore, call: S3Call): Promise<ServiceResponse> | ServiceResponse {
  switch (call.operation) {
    case "PutObject":
      return putObject(store, call);
    case "CopyObject":
      return copyObject(store, call);
    case "GetObject":
    case "HeadObject":
      return readObject(store, call);
    case "DeleteObject":
      store.deleteObject(call.bucket, call.key);
      return { status: 204 };
    case "GetObjectTagging":
    case "PutObjectTagging":
    case "DeleteObjectTagging":
      return handleTagging(store, call);
  }
  throw new Error(`S3 ${call.operation} has no code`);
}

async function putObject(store: ObjectStore, request: S3Call): Promise<ServiceResponse> {
  const { bucket, key } = request;
  refuseByCondition(store.findObject(bucket, key), request);
  const received = await receive(store, request, bucket);
  const object: StoredObject = {
    key,
    size: received.facts.size,
    etag: received.facts.md5,
    modifiedAtMs: Date.now(),
    headers: {
      "content-type": "application/octet-stream",
      ...keptHeaders(request.headers),
      ...received.checksums,
    },
  };
  store.publish(bucket, received.draft, object);
  return {
    status: 200,
    headers: { etag: `"${object.etag}"`, "x-amz-server-side-encryption": "AES256", ...received.checksums },
  };
}

export interface ReceivedBody {
  readonly draft: string;
  readonly facts: BodyFacts;
  /** `x-amz-checksum-…` as the client gave them, in a header or after the body. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Streams a body to disk, its framing taken off and its checksums compared. */
export async function receive(store: ObjectStore, request: S3Request, bucket: string): Promise<ReceivedBody> {
  const check = new BodyCheck(request);
  const draft = await store.writeDraft(bucket, request.body, check.steps);
  try {
    return { draft, ...check.verify() };
  } catch (error) {
    await store.discard(draft);
    throw error;
  }
}

async function copyObject(
  store: ObjectStore,
  { bucket, key, source, headers }: S3Call,
): Promise<ServiceResponse> {
  if (source === undefined) throw new Error("a copy without a source");
  const original = store.object(source.bucket, source.key);
  const draft = await store.writeDraft(bucket, store.read(source.bucket, source.key), []);
  const given = keptHeaders(headers);
  const kept = headers["x-amz-metadata-directive"] === "REPLACE" ? given : original.headers;
  const tagged = headers["x-amz-tagging-directive"] === "REPLACE" ? given : original.headers;
  const copy: StoredObject = {
    ...original,
    key,
    modifiedAtMs: Date.now(),
    headers: { ...kept, [taggingHeader]: tagged[taggingHeader] ?? "" },
  };
  store.publish(bucket, draft, copy);
  return xmlResponse("CopyObjectResult", {
    LastModified: new Date(copy.modifiedAtMs).toISOString(),
    ETag: `"${copy.etag}"`,
  });
}

function readObject(store: ObjectStore, request: S3Call): ServiceResponse {
  const { bucket, key } = request;
  const object = store.object(bucket, key);
  const headers: Record<string, string> = {
    ...object.headers,
    etag: `"${object.etag}"`,
    "last-modified": new Date(object.modifiedAtMs).toUTCString(),
    "accept-ranges": "bytes",
    "x-amz-server-side-encryption": "AES256",
  };
  const tagCount = new URLSearchParams(headers[taggingHeader] ?? "").size;
  delete headers[taggingHeader];
  if (tagCount > 0) headers["x-amz-tagging-count"] = String(tagCount);
  if (isNotModified(object, request)) return { status: 304, headers: { etag: headers["etag"] ?? "" } };
  refuseByCondition(object, request);
  for (const [name, value] of request.query) {
    const header =
      /^response-(content-type|content-disposition|cache-control|content-encoding|content-language|expires)$/.exec(
        name,
      )?.[1];
    if (header !== undefined) headers[header] = value;
  }
  const range = rangeOf(request.headers.range, object.size);
  if (range === undefined) {
    headers["content-length"] = String(object.size);
    return withBody(200, headers, () => store.read(bucket, key));
  }
  // A checksum is that of the whole object; a client would compare it with the part.
  for (const name of Object.keys(headers)) if (isChecksum(name)) delete headers[name];
  headers["content-length"] = String(range.end - range.start + 1);
  headers["content-range"] = `bytes ${range.start}-${range.end}/${object.size}`;
  return withBody(206, headers, () => store.read(bucket, key, range));

  function withBody(
    status: number,
    all: Record<string, string>,
    open: () => ServiceResponse["body"],
  ): ServiceResponse {
    const body = request.method === "HEAD" ? undefined : open();
    return body === undefined ? { status, headers: all } : { status, headers: all, body };
  }
}

/** One range of bytes, both ends included; anything S3 would not honour counts as the whole object. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start < size && start <= end) return { start, end };
  throw new ServiceError({
    code: "InvalidRange",
    message: "The requested range is not satisfiable",
    status: 416,
    members: { RangeRequested: header, ActualObjectSize: String(size) },
  });
}

function isNotModified(object: StoredObject, request: S3Request): boolean {
  const tag = request.headers["if-none-match"];
  if (tag !== undefined) return request.method !== "PUT" && matchesTag(tag, object.etag);
  const since = Date.parse(request.headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && Math.floor(object.modifiedAtMs / 1000) * 1000 <= since;
}

/** `If-Match`, `If-Unmodified-Since`, and `If-None-Match: *` of a conditional write. */
export function refuseByCondition(object: StoredObject | undefined, request: S3Request): void {
  const { headers } = request;
  const mustMatch = headers["if-match"];
  const isMissed = mustMatch !== undefined && (object === undefined || !matchesTag(mustMatch, object.etag));
  const isTaken = request.method === "PUT" && headers["if-none-match"] === "*" && object !== undefined;
  const until = Date.parse(headers["if-unmodified-since"] ?? "");
  const isChanged = object !== undefined && !Number.isNaN(until) && object.modifiedAtMs > until + 999;
  if (!isMissed && !isTaken && !isChanged) return;
  const condition = isMissed ? "If-Match" : isTaken ? "If-None-Match" : "If-Unmodified-Since";
  throw new ServiceError({
    code: "PreconditionFailed",
    message: "At least one of the pre-conditions you specified did not hold",
    status: 412,
    members: { Condition: condition },
  });
}

function matchesTag(header: string, etag: string): boolean {
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replaceAll('"', "") === etag);
}

async function handleTagging(store: ObjectStore, request: S3Call): Promise<ServiceResponse> {
  const { bucket, key } = request;
  const object = store.object(bucket, key);
  if (request.method === "GET") {
    const tags = new URLSearchParams(object.headers[taggingHeader] ?? "");
    return xmlResponse("Tagging", { TagSet: { Tag: [...tags].map(([Key, Value]) => ({ Key, Value })) } });
  }
  const tags =
    request.method === "PUT" ? readTags((await readWhole(request, taggingBytesMax)).toString("utf8")) : "";
  const draft = await store.writeDraft(bucket, store.read(bucket, key), []);
  store.publish(bucket, draft, { ...object, headers: { ...object.headers, [taggingHeader]: tags } });
  return { status: request.method === "DELETE" ? 204 : 200 };
}

export function hasTags(store: ObjectStore, bucket: string, key: string): boolean {
  if (store.findBucket(bucket) === undefined) return false;
  return (store.findObject(bucket, key)?.headers[taggingHeader] ?? "") !== "";
}

/** Tags travel with the object's headers, in the form of the PUT's own `x-amz-tagging`. */
const taggingHeader = "x-amz-tagging";

function readTags(text: string): string {
  try {
    const root = parseXml(text)["Tagging"] as { TagSet?: { Tag?: unknown } };
    const tag = root.TagSet?.Tag ?? [];
    const pairs = (Array.isArray(tag) ? (tag as unknown[]) : [tag]) as { Key: unknown; Value: unknown }[];
    return new URLSearchParams(
      pairs.map((pair): [string, string] => [String(pair.Key), String(pair.Value)]),
    ).toString();
  } catch (error) {
    throw malformedXml(error);
  }
}
