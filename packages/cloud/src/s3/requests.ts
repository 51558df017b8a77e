/** What an S3 request is about: bucket, key, and the words S3's errors use. */

import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

import { document, type XmlValue } from "../protocol/index.ts";
import { ServiceError, type Caller, type ServiceResponse } from "../service.ts";
import { isChecksum } from "./bodies.ts";

export interface S3Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** What the signature says of the body: a SHA-256 in hex, `UNSIGNED-PAYLOAD`, or a `STREAMING-…` marker. */
  readonly payloadHash: string;
  readonly caller: Caller;
  readonly requestId: string;
  /** The one that signed. */
  readonly region: string;
}

export interface S3Target {
  /** Empty for the list of buckets. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

/** A request that was understood: what it asks for, and of what. */
export interface S3Call extends S3Request, S3Target {
  /** Of `operations.ts`. */
  readonly operation: string;
  /** Where an object, or a part of one, is copied from. */
  readonly source?: S3Target & { readonly versionId: string | undefined };
}

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Path style: `/<bucket>/<key>`. @throws {ServiceError} InvalidURI */
export function targetOf(path: string): S3Target {
  const [, bucket = "", ...rest] = path.split("/");
  try {
    const key = decodeURIComponent(rest.join("/"));
    if (Buffer.byteLength(key) > 1_024)
      throw new ServiceError({ code: "KeyTooLongError", message: "Your key is too long" });
    return { bucket: decodeURIComponent(bucket), key };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError({ code: "InvalidURI", message: "Couldn't parse the specified URI." });
  }
}

export function xmlResponse(
  name: string,
  value: XmlValue,
  headers: Record<string, string> = {},
): ServiceResponse {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: document(name, value, s3Namespace),
  };
}

export function s3ErrorResponse(error: ServiceError, requestId: string): ServiceResponse {
  const body: XmlValue = {
    Code: error.code,
    Message: error.message,
    ...(error.members as Record<string, string>),
    RequestId: requestId,
    HostId: "dsql-local",
  };
  const { Region: region } = error.members;
  return {
    status: error.status,
    headers: {
      "content-type": "application/xml",
      // What SDKs that follow a bucket to its Region look at.
      ...(typeof region === "string" ? { "x-amz-bucket-region": region } : {}),
    },
    body: document("Error", body),
  };
}

/** Headers of a PUT that come back with a GET. */
export function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isKept = name.startsWith("x-amz-meta-") || keptNames.has(name) || isChecksum(name);
    if (isKept && typeof value === "string") kept[name] = value;
  }
  const encoding = kept["content-encoding"]
    ?.split(",")
    .filter((part) => part.trim() !== "aws-chunked")
    .join(",");
  if (encoding === "") delete kept["content-encoding"];
  else if (encoding !== undefined) kept["content-encoding"] = encoding;
  return kept;
}

const keptNames = new Set([
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-tagging",
]);
