/** Multipart uploads, which the CDK and the SDK's `Upload` use for large objects. */

import { createHash } from "node:crypto";
import { Readable } from "node:stream";

import { parseXml } from "../protocol/index.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import { objectBytesMax, readWhole } from "./bodies.ts";
import { malformedXml } from "./bucket-operations.ts";
import { receive, refuseByCondition } from "./object-operations.ts";
import { keptHeaders, type S3Request, type S3Target, xmlResponse } from "./requests.ts";
import type { ObjectStore, UploadedPart } from "./store.ts";

const partNumberMax = 10_000;
const partBytesMin = 5 * 1024 * 1024;
const completionBytesMax = 2 * 1024 * 1024;

export async function handleUpload(
  store: ObjectStore,
  request: S3Request,
  target: S3Target,
): Promise<ServiceResponse> {
  const { bucket, key } = target;
  if (request.query.has("uploads")) {
    const headers = { "content-type": "application/octet-stream", ...keptHeaders(request.headers) };
    const UploadId = store.startUpload(bucket, key, headers);
    return xmlResponse("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId });
  }
  const uploadId = request.query.get("uploadId") ?? "";
  store.upload(bucket, key, uploadId);
  switch (request.method) {
    case "PUT":
      return uploadPart(store, request, target, uploadId);
    case "POST":
      return complete(store, request, target, uploadId);
    case "DELETE":
      store.removeUpload(bucket, uploadId);
      return { status: 204 };
    default:
      return listParts(store, target, uploadId);
  }
}

async function uploadPart(
  store: ObjectStore,
  request: S3Request,
  { bucket }: S3Target,
  uploadId: string,
): Promise<ServiceResponse> {
  const number = Number(request.query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > partNumberMax) {
    throw new ServiceError({
      code: "InvalidArgument",
      message: `Part number must be an integer between 1 and ${partNumberMax}, inclusive`,
    });
  }
  const received = await receive(store, request, bucket);
  store.publishPart(bucket, uploadId, received.draft, {
    number,
    ...received.facts,
    modifiedAtMs: Date.now(),
  });
  return { status: 200, headers: { etag: `"${received.facts.md5}"`, ...received.checksums } };
}

async function complete(
  store: ObjectStore,
  request: S3Request,
  { bucket, key }: S3Target,
  uploadId: string,
): Promise<ServiceResponse> {
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

function listParts(store: ObjectStore, { bucket, key }: S3Target, uploadId: string): ServiceResponse {
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
