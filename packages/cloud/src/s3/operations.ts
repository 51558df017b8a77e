/**
 * Which operation a request asks for: by its method, what it names, and its sub-resource. What is done, and what has to
 * be allowed for it, both follow from the operation's name, so that they cannot be of two minds.
 *
 * Source: Amazon S3 API Reference, "Request Syntax" of each operation.
 */

import { ServiceError } from "../service.ts";
import type { S3Request, S3Target } from "./requests.ts";

/** Sub-resources of a bucket that are kept as they were put, and the name that their operations have. */
export const settingNames = {
  acl: "BucketAcl",
  cors: "BucketCors",
  encryption: "BucketEncryption",
  lifecycle: "BucketLifecycle",
  logging: "BucketLogging",
  notification: "BucketNotification",
  ownershipControls: "BucketOwnershipControls",
  policy: "BucketPolicy",
  publicAccessBlock: "PublicAccessBlock",
  requestPayment: "BucketRequestPayment",
  tagging: "BucketTagging",
  versioning: "BucketVersioning",
  website: "BucketWebsite",
} as const;

export type SettingName = keyof typeof settingNames;

/** Those that can be changed but not taken away. */
const permanentSettings: ReadonlySet<string> = new Set([
  "acl",
  "logging",
  "notification",
  "requestPayment",
  "versioning",
]);

/** Sub-resources that name an operation by themselves; S3 has further ones, which are not offered. */
const bucketSubresources = new Set([
  ...Object.keys(settingNames),
  "delete",
  "location",
  "uploads",
  "versions",
]);
const objectSubresources = new Set(["tagging", "uploadId", "uploads"]);

/** S3's other sub-resources: without a refusal a request for one would be taken for one about the whole. */
const notOffered = new Set([
  "abac",
  "accelerate",
  "analytics",
  "attributes",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "metadataConfiguration",
  "metadataInventoryTable",
  "metadataJournalTable",
  "metadataTable",
  "metrics",
  "object-lock",
  "policyStatus",
  "renameObject",
  "replication",
  "restore",
  "retention",
  "select",
  "session",
  "torrent",
]);

/** By method, on the list of buckets, a bucket, an object; where no sub-resource names another. */
const plainOperations: Readonly<Record<"account" | "bucket" | "object", Readonly<Record<string, string>>>> = {
  account: { GET: "ListBuckets" },
  bucket: { GET: "ListObjects", PUT: "CreateBucket", HEAD: "HeadBucket", DELETE: "DeleteBucket" },
  object: { GET: "GetObject", HEAD: "HeadObject", PUT: "PutObject", DELETE: "DeleteObject" },
};

const bucketOperations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  delete: { POST: "DeleteObjects" },
  location: { GET: "GetBucketLocation" },
  uploads: { GET: "ListMultipartUploads" },
  versions: { GET: "ListObjectVersions" },
  ...Object.fromEntries(
    Object.entries(settingNames).map(([setting, name]) => [
      setting,
      {
        GET: `Get${name}`,
        PUT: `Put${name}`,
        ...(permanentSettings.has(setting) ? {} : { DELETE: `Delete${name}` }),
      },
    ]),
  ),
};

const objectOperations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tagging: { GET: "GetObjectTagging", PUT: "PutObjectTagging", DELETE: "DeleteObjectTagging" },
  uploads: { POST: "CreateMultipartUpload" },
  uploadId: {
    GET: "ListParts",
    PUT: "UploadPart",
    POST: "CompleteMultipartUpload",
    DELETE: "AbortMultipartUpload",
  },
};

/** Every operation that is offered. */
export const operationNames: readonly string[] = [
  ...[plainOperations, bucketOperations, objectOperations].flatMap((group) =>
    Object.values(group).flatMap((byMethod) => Object.values(byMethod)),
  ),
  "CopyObject",
  "ListObjectsV2",
  "UploadPartCopy",
];

/** @throws {ServiceError} the method is none of what is named, or what is named is not one thing, or not offered */
export function operationOf(
  request: Pick<S3Request, "method" | "query" | "headers">,
  target: S3Target,
): string {
  const { method, query, headers } = request;
  const level = target.bucket === "" ? "account" : target.key === "" ? "bucket" : "object";
  const subresource = subresourceOf(query, level);
  const byMethod =
    subresource === undefined
      ? plainOperations[level]
      : (level === "bucket" ? bucketOperations : objectOperations)[subresource];
  const operation = byMethod?.[method];
  if (operation === undefined) {
    throw new ServiceError({
      code: "MethodNotAllowed",
      message: "The specified method is not allowed against this resource.",
      status: 405,
    });
  }
  if (operation === "ListObjects" && query.get("list-type") === "2") return "ListObjectsV2";
  if (headers["x-amz-copy-source"] === undefined) return operation;
  return { PutObject: "CopyObject", UploadPart: "UploadPartCopy" }[operation] ?? operation;
}

function subresourceOf(query: URLSearchParams, level: "account" | "bucket" | "object"): string | undefined {
  if (level === "account") return undefined;
  const known = level === "bucket" ? bucketSubresources : objectSubresources;
  const other = level === "bucket" ? objectSubresources : bucketSubresources;
  const names = [...query.keys()].filter(
    (name) => known.has(name) || notOffered.has(name) || other.has(name),
  );
  const [name] = names;
  if (name === undefined) return undefined;
  if (names.length > 1) {
    throw new ServiceError({
      code: "InvalidArgument",
      message: `Conflicting query string parameters: ${names.sort().join(", ")}`,
    });
  }
  if (known.has(name)) return name;
  throw new ServiceError({
    code: "NotImplemented",
    message: `dsql-local does not offer ?${name} of S3 ${level === "bucket" ? "buckets" : "objects"}.`,
    status: 501,
  });
}
