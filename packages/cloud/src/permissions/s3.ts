/** Source: Service Authorization Reference, "Actions … for Amazon S3"; API Reference, "Permissions" of each operation. */

import type { IncomingHttpHeaders } from "node:http";

import type { Needs, Permission, PermissionTable } from "../authorization.ts";

export interface S3Input {
  /** Empty for the list of buckets. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Where an object is copied from. */
  readonly source?: { readonly bucket: string; readonly key: string; readonly versionId: string | undefined };
}

export interface S3Facts {
  /** Whether an object has tags, which go with it when it is copied. */
  readonly hasTags: (bucket: string, key: string) => boolean;
}

type S3Needs = Needs<S3Input, S3Facts>;

function arn(bucket: string, key = ""): string {
  return `arn:aws:s3:::${bucket}${key === "" ? "" : `/${key}`}`;
}

const onBucket =
  (action: string): S3Needs =>
  ({ bucket }) => [{ action: `s3:${action}`, resource: arn(bucket) }];

/** What is asked of a list may be limited to prefixes. */
const onList =
  (action: string): S3Needs =>
  ({ bucket, query }) => {
    const context: Record<string, string> = {};
    for (const name of ["prefix", "delimiter", "max-keys"]) {
      const value = query.get(name);
      if (value !== null) context[`s3:${name}`] = value;
    }
    return [{ action: `s3:${action}`, resource: arn(bucket), context }];
  };

/** An action on an object; where a version is named, the one for versions. */
const onObject =
  (action: string, ofVersion = action): S3Needs =>
  ({ bucket, key, query }) => {
    const versionId = query.get("versionId");
    if (versionId === null) return [{ action: `s3:${action}`, resource: arn(bucket, key) }];
    return [
      { action: `s3:${ofVersion}`, resource: arn(bucket, key), context: { "s3:VersionId": versionId } },
    ];
  };

/** Headers of a PUT that set more than the object, each with an action of its own. */
const headerActions: Readonly<Record<string, string>> = {
  "x-amz-acl": "PutObjectAcl",
  "x-amz-grant-full-control": "PutObjectAcl",
  "x-amz-grant-read": "PutObjectAcl",
  "x-amz-grant-read-acp": "PutObjectAcl",
  "x-amz-grant-write-acp": "PutObjectAcl",
  "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
  "x-amz-object-lock-mode": "PutObjectRetention",
  "x-amz-object-lock-retain-until-date": "PutObjectRetention",
  "x-amz-tagging": "PutObjectTagging",
};

const bucketHeaderActions: Readonly<Record<string, readonly string[]>> = {
  "x-amz-acl": ["PutBucketAcl"],
  "x-amz-grant-full-control": ["PutBucketAcl"],
  "x-amz-grant-read": ["PutBucketAcl"],
  "x-amz-grant-read-acp": ["PutBucketAcl"],
  "x-amz-grant-write": ["PutBucketAcl"],
  "x-amz-grant-write-acp": ["PutBucketAcl"],
  "x-amz-bucket-object-lock-enabled": ["PutBucketObjectLockConfiguration", "PutBucketVersioning"],
  "x-amz-object-ownership": ["PutBucketOwnershipControls"],
};

/** A new object with all that its headers say. */
const onNewObject: S3Needs = ({ bucket, key, headers }) => {
  const resource = arn(bucket, key);
  const context: Record<string, string> = {};
  for (const name of [
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-acl",
    "x-amz-copy-source",
  ]) {
    const value = headers[name];
    if (typeof value === "string") context[`s3:${name}`] = value;
  }
  const further = Object.keys(headerActions).filter((name) => headers[name] !== undefined);
  const actions = new Set(["PutObject", ...further.map((name) => headerActions[name] ?? "")]);
  return [...actions].map((action): Permission => ({ action: `s3:${action}`, resource, context }));
};

/** What is copied has to be readable, whatever is done with it. */
function readSource({ source }: S3Input): readonly Permission[] {
  if (source === undefined) return [];
  const action = source.versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  return [{ action, resource: arn(source.bucket, source.key) }];
}

const copyObject: S3Needs = (input, about) => {
  const { source, headers, bucket, key } = input;
  const copiesTags =
    source !== undefined &&
    headers["x-amz-tagging-directive"] !== "REPLACE" &&
    about.hasTags(source.bucket, source.key);
  const needed = [...readSource(input), ...onNewObject(input, about)];
  if (!copiesTags) return needed;
  return [
    ...needed,
    { action: "s3:GetObjectTagging", resource: arn(source.bucket, source.key) },
    { action: "s3:PutObjectTagging", resource: arn(bucket, key) },
  ];
};

/** A setting of a bucket that is read by one action and changed by another. */
function setting(name: string, get: string, put: string): Record<string, S3Needs> {
  return { [`Get${name}`]: onBucket(get), [`Put${name}`]: onBucket(put) };
}

/** One that can be taken away as well, most often by the action that changes it. */
function removableSetting(name: string, get: string, put: string, remove = put): Record<string, S3Needs> {
  return { ...setting(name, get, put), [`Delete${name}`]: onBucket(remove) };
}

export const s3Permissions: PermissionTable<S3Input, S3Facts> = {
  ListBuckets: () => [{ action: "s3:ListAllMyBuckets", resource: "arn:aws:s3:::*" }],
  CreateBucket: ({ bucket, headers }) => {
    const further = Object.keys(bucketHeaderActions).filter((name) => headers[name] !== undefined);
    const actions = new Set(["CreateBucket", ...further.flatMap((name) => bucketHeaderActions[name] ?? [])]);
    return [...actions].map((action) => ({ action: `s3:${action}`, resource: arn(bucket) }));
  },
  HeadBucket: onBucket("ListBucket"),
  DeleteBucket: onBucket("DeleteBucket"),
  GetBucketLocation: onBucket("GetBucketLocation"),
  ListObjects: onList("ListBucket"),
  ListObjectsV2: onList("ListBucket"),
  ListObjectVersions: onList("ListBucketVersions"),
  ListMultipartUploads: onBucket("ListBucketMultipartUploads"),
  ...setting("BucketAcl", "GetBucketAcl", "PutBucketAcl"),
  ...removableSetting("BucketCors", "GetBucketCORS", "PutBucketCORS"),
  ...removableSetting("BucketEncryption", "GetEncryptionConfiguration", "PutEncryptionConfiguration"),
  ...removableSetting("BucketLifecycle", "GetLifecycleConfiguration", "PutLifecycleConfiguration"),
  ...setting("BucketLogging", "GetBucketLogging", "PutBucketLogging"),
  ...setting("BucketNotification", "GetBucketNotification", "PutBucketNotification"),
  ...removableSetting("BucketOwnershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls"),
  ...removableSetting("BucketPolicy", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
  ...removableSetting("PublicAccessBlock", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
  ...setting("BucketRequestPayment", "GetBucketRequestPayment", "PutBucketRequestPayment"),
  ...removableSetting("BucketTagging", "GetBucketTagging", "PutBucketTagging"),
  ...setting("BucketVersioning", "GetBucketVersioning", "PutBucketVersioning"),
  ...removableSetting("BucketWebsite", "GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"),
  PutObject: onNewObject,
  CopyObject: copyObject,
  GetObject: onObject("GetObject", "GetObjectVersion"),
  HeadObject: onObject("GetObject", "GetObjectVersion"),
  DeleteObject: onObject("DeleteObject", "DeleteObjectVersion"),
  /** Asked for each object that the request names; those that may not be deleted are reported and stay. */
  DeleteObjects: onObject("DeleteObject", "DeleteObjectVersion"),
  GetObjectTagging: onObject("GetObjectTagging", "GetObjectVersionTagging"),
  PutObjectTagging: onObject("PutObjectTagging", "PutObjectVersionTagging"),
  DeleteObjectTagging: onObject("DeleteObjectTagging", "DeleteObjectVersionTagging"),
  CreateMultipartUpload: onNewObject,
  UploadPart: onObject("PutObject"),
  UploadPartCopy: (input, about) => [...readSource(input), ...onObject("PutObject")(input, about)],
  CompleteMultipartUpload: onObject("PutObject"),
  AbortMultipartUpload: onObject("AbortMultipartUpload"),
  ListParts: onObject("ListMultipartUploadParts"),
};
