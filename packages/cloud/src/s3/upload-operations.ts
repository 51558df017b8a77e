/** Multipart uploads, which the CDK and the SDK's `Upload` use for large objects. */

import { createHash } from "node:crypto";
import { Readable } from "node:stream";

import { parseXml } from "../protocol/index.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import { BodyInspector, objectBytesMax, readWhole } from "./bodies.ts";
import { malformedXml } from "./bucket-operations.ts";
import { rangeOf, receive, refuseByCondition } from "./object-operations.ts";
import { keptHeaders, type S3Call, xmlResponse } from "./requests.ts";
import type { ObjectStore, UploadedPart } from "./store.ts";

const partNumberMax = 10_000;
const partBytesMin = 5 * 1024 * 1024;
const completionBytesMax = 2 * 1024 * 1024;

export const uploadOperations: ReadonlySet<string> = new Set([
  "AbortMultipartUpload",
  "CompleteMultipartUpload",
  "CreateMultipartUpload",
  "ListParts",
  "UploadPart",
  "UploadPartCopy",
]);

export async function handleUpload(store: ObjectStore, call: S3Call): Promise<ServiceResponse> {
  const { bucket, key, operation } = call;
  if (operation === "CreateMultipartUpload") {
    const headers = { "content-type": "application/octet-stream", ...keptHeaders(call.headers) };
    const UploadId = store.startUpload(bucket, key, headers);
    return xmlResponse("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId });
  }
  const uploadId = call.query.get("uploadId") ?? "";
  store.upload(bucket, key, uploadId);
  switch (operation) {
    case "UploadPart":
      return uploadPart(store, call, uploadId);
    case "UploadPartCopy":
      return copyPart(store, call, uploadId);
    case "CompleteMultipartUpload":
      return complete(store, call, uploadId);
    case "AbortMultipartUpload":
      store.removeUpload(bucket, uploadId);
      return { status: 204 };
    case "ListParts":
      return listParts(store, call, uploadId);
  }
  throw new Error(`S3 ${operation} has no code`);
}

function partNumberOf({ query }: S3Call): number {
  const number = Number(query.get("partNumber"));
  if (Number.isInteger(number) && number >= 1 && number <= partNumberMax) return number;
  throw new ServiceError({
    code: "InvalidArgument",
    message: `Part number must be an integer between 1 and ${partNumberMax}, inclusive`,
  });
}

async function uploadPart(store: ObjectStore, call: S3Call, uploadId: string): Promise<ServiceResponse> {
  const number = partNumberOf(call);
  const { draft, facts, checksums } = await receive(store, call, call.bucket);
  store.publishPart(call.bucket, uploadId, draft, { number, ...facts, modifiedAtMs: Date.now() });
  return { status: 200, headers: { etag: `"${facts.md5}"`, ...checksums } };
}

/** A part that is an object, or a range of one, that is there already. */
async function copyPart(store: ObjectStore, call: S3Call, uploadId: string): Promise<ServiceResponse> {
  const { bucket, headers, source } = call;
  if (source === undefined) throw new Error("a copy without a source");
  const number = partNumberOf(call);
  const range = headers["x-amz-copy-source-range"];
  const { size } = store.object(source.bucket, source.key);
  const bytes = rangeOf(typeof range === "string" ? range : undefined, size);
  const inspector = new BodyInspector();
  const draft = await store.writeDraft(bucket, store.read(source.bucket, source.key, bytes), [inspector]);
  const facts = inspector.verify({ payloadHash: "", checksums: {} });
  const modifiedAtMs = Date.now();
  store.publishPart(bucket, uploadId, draft, { number, ...facts, modifiedAtMs });
  return xmlResponse("CopyPartResult", {
    LastModified: new Date(modifiedAtMs).toISOString(),
    ETag: `"${facts.md5}"`,
  });
}

async function complete(store: ObjectStore, request: S3Call, uploadId: string): Promise<ServiceResponse> {
  const { bucket, key } = request;
  refuseByCondition(store.findObject(bucket, key), request);
  const wanted = readCompletion((await readWhole(request, completionBytesMax)).toString("utf8"));
  const parts = chooseParts(store.parts(bucket, uploadId), wanted);
  const { headers } = store.upload(bucket, key, uploadId);
  const numbers = parts.map((part) => part.number);
  const draft = await store.writeDraft(bucket, Readable.from(store.readParts(bucket, uploadId, numbers)), []);
  const hashes = createHash("md5");
  for (const part of parts) hashes.update(Buffer.from(part.md5, "hex"));
  const etag = `${hashes.digest("hex")}-${parts.length}`;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  store.publish(bucket, draft, { key, size, etag, modifiedAtMs: Date.now(), headers });
  store.removeUpload(bucket, uploadId);
  return xmlResponse("CompleteMultipartUploadResult", {
    Location: `/${bucket}/${key}`,
    Bucket: bucket,
    Key: key,
    ETag: `"${etag}"`,
  });
}

interface WantedPart {
  readonly number: number;
  readonly etag: string;
}

function readCompletion(text: string): readonly WantedPart[] {
  try {
    const root = parseXml(text)["CompleteMultipartUpload"] as { Part?: unknown };
    const parts = (Array.isArray(root.Part) ? (root.Part as unknown[]) : [root.Part]) as {
      PartNumber: unknown;
      ETag: unknown;
    }[];
    return parts.map((part) => ({
      number: Number(part.PartNumber),
      etag: String(part.ETag).replaceAll(/"|&quot;/g, ""),
    }));
  } catch (error) {
    throw malformedXml(error);
  }
}

function chooseParts(
  uploaded: readonly UploadedPart[],
  wanted: readonly WantedPart[],
): readonly UploadedPart[] {
  const parts = wanted.map(({ number, etag }, position) => {
    if (position > 0 && number <= (wanted[position - 1]?.number ?? 0)) {
      throw new ServiceError({
        code: "InvalidPartOrder",
        message:
          "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
      });
    }
    const part = uploaded.find((candidate) => candidate.number === number);
    if (part !== undefined && part.md5 === etag) return part;
    throw new ServiceError({
      code: "InvalidPart",
      message:
        "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
    });
  });
  if (parts.slice(0, -1).some((part) => part.size < partBytesMin)) {
    throw new ServiceError({
      code: "EntityTooSmall",
      message: "Your proposed upload is smaller than the minimum allowed size",
    });
  }
  if (parts.reduce((sum, part) => sum + part.size, 0) > objectBytesMax) {
    throw new ServiceError({
      code: "EntityTooLarge",
      message: `Your proposed upload exceeds the maximum allowed object size (${objectBytesMax} bytes in dsql-local).`,
    });
  }
  return parts;
}

function listParts(store: ObjectStore, { bucket, key }: S3Call, uploadId: string): ServiceResponse {
  return xmlResponse("ListPartsResult", {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    IsTruncated: false,
    Part: store.parts(bucket, uploadId).map((part) => ({
      PartNumber: part.number,
      LastModified: new Date(part.modifiedAtMs).toISOString(),
      ETag: `"${part.md5}"`,
      Size: part.size,
    })),
  });
}
