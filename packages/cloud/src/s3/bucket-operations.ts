/** S3 operations on buckets: make, list, settings, lists of objects, deletion of many objects. */

import { parseXml, type XmlValue } from "../protocol/index.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import { readWhole } from "./bodies.ts";
import { parseBucketPolicy } from "./bucket-policy.ts";
import { type SettingName, settingNames } from "./operations.ts";
import { type S3Call, type S3Request, xmlResponse } from "./requests.ts";
import type { Bucket, ObjectStore, StoredObject } from "./store.ts";

/** Sub-resources that are kept as they were put, with what S3 answers where nothing was put. */
const settings: Readonly<
  Record<
    SettingName,
    { readonly code: string; readonly message: string } | { readonly xml: readonly [string, XmlValue] }
  >
> = {
  acl: {
    xml: [
      "AccessControlPolicy",
      { Owner: { ID: "dsql-local" }, AccessControlList: { Grant: { Permission: "FULL_CONTROL" } } },
    ],
  },
  cors: { code: "NoSuchCORSConfiguration", message: "The CORS configuration does not exist" },
  encryption: {
    xml: [
      "ServerSideEncryptionConfiguration",
      { Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false } },
    ],
  },
  lifecycle: { code: "NoSuchLifecycleConfiguration", message: "The lifecycle configuration does not exist" },
  logging: { xml: ["BucketLoggingStatus", {}] },
  notification: { xml: ["NotificationConfiguration", {}] },
  ownershipControls: {
    code: "OwnershipControlsNotFoundError",
    message: "The bucket ownership controls were not found",
  },
  policy: { code: "NoSuchBucketPolicy", message: "The bucket policy does not exist" },
  publicAccessBlock: {
    code: "NoSuchPublicAccessBlockConfiguration",
    message: "The public access block configuration was not found",
  },
  requestPayment: { xml: ["RequestPaymentConfiguration", { Payer: "BucketOwner" }] },
  tagging: { code: "NoSuchTagSet", message: "The TagSet does not exist" },
  versioning: { xml: ["VersioningConfiguration", {}] },
  website: {
    code: "NoSuchWebsiteConfiguration",
    message: "The specified bucket does not have a website configuration",
  },
};

const settingBytesMax = 64 * 1024;
const deleteBytesMax = 2 * 1024 * 1024;
const keysPerPageMax = 1_000;

export function listBuckets(store: ObjectStore): ServiceResponse {
  return xmlResponse("ListAllMyBucketsResult", {
    Owner: { ID: "dsql-local", DisplayName: "dsql-local" },
    Buckets: {
      Bucket: store.buckets().map(({ name, region, createdAtMs }) => ({
        Name: name,
        CreationDate: new Date(createdAtMs).toISOString(),
        BucketRegion: region,
      })),
    },
  });
}

export function handleBucket(store: ObjectStore, call: S3Call): Promise<ServiceResponse> | ServiceResponse {
  const { bucket: name, operation } = call;
  switch (operation) {
    case "CreateBucket":
      store.createBucket(name, call.region);
      return { status: 200, headers: { location: `/${name}` } };
    case "HeadBucket":
      return { status: 200, headers: { "x-amz-bucket-region": store.bucket(name).region } };
    case "DeleteBucket":
      store.deleteBucket(name);
      return { status: 204 };
    case "GetBucketLocation": {
      // us-east-1 is the region that this operation has no name for.
      const { region } = store.bucket(name);
      return xmlResponse("LocationConstraint", region === "us-east-1" ? "" : region);
    }
    case "ListMultipartUploads":
      store.bucket(name);
      return xmlResponse("ListMultipartUploadsResult", { Bucket: name, IsTruncated: false });
    case "ListObjectVersions":
      return listVersions(store, call, store.bucket(name).name);
    case "ListObjects":
    case "ListObjectsV2":
      return listObjects(store, call, store.bucket(name).name);
  }
  const setting = settingNamesList.find(
    (candidate) => operation.slice(operation.startsWith("Delete") ? 6 : 3) === settingNames[candidate],
  );
  if (setting === undefined) throw new Error(`S3 ${operation} has no code`);
  return handleSetting(store.bucket(name), store, call, setting);
}

const settingNamesList = Object.keys(settingNames) as SettingName[];

async function handleSetting(
  bucket: Bucket,
  store: ObjectStore,
  request: S3Request,
  name: SettingName,
): Promise<ServiceResponse> {
  if (request.method === "PUT") {
    const text = (await readWhole(request, settingBytesMax)).toString("utf8");
    if (name === "policy") parseBucketPolicy(text);
    store.putBucket({ ...bucket, settings: { ...bucket.settings, [name]: text } });
    return { status: name === "policy" ? 204 : 200 };
  }
  if (request.method === "DELETE") {
    const { [name]: _removed, ...others } = bucket.settings;
    store.putBucket({ ...bucket, settings: others });
    return { status: 204 };
  }
  const kept = bucket.settings[name];
  const contentType = name === "policy" ? "application/json" : "application/xml";
  if (kept !== undefined) return { status: 200, headers: { "content-type": contentType }, body: kept };
  const otherwise = settings[name];
  if ("xml" in otherwise) return xmlResponse(...otherwise.xml);
  throw new ServiceError({
    code: otherwise.code,
    message: otherwise.message,
    status: 404,
    members: { BucketName: bucket.name },
  });
}

interface Listing {
  readonly objects: readonly StoredObject[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** The key or prefix the next page starts after. */
  readonly last: string | undefined;
}

function listObjects(store: ObjectStore, { query, operation }: S3Call, bucket: string): ServiceResponse {
  const isSecondVersion = operation === "ListObjectsV2";
  const token = query.get("continuation-token");
  const after = isSecondVersion
    ? token === null
      ? query.get("start-after")
      : Buffer.from(token, "base64url").toString("utf8")
    : query.get("marker");
  const listing = list(store, bucket, query, after ?? "");
  const common = {
    Name: bucket,
    Prefix: query.get("prefix") ?? "",
    Delimiter: query.get("delimiter") ?? undefined,
    MaxKeys: keysPerPage(query),
    IsTruncated: listing.isTruncated,
    Contents: listing.objects.map((object) => ({ ...describe(object, query), StorageClass: "STANDARD" })),
    CommonPrefixes: listing.commonPrefixes.map((prefix) => ({ Prefix: encodeKey(prefix, query) })),
    EncodingType: query.get("encoding-type") ?? undefined,
  };
  if (!isSecondVersion) {
    return xmlResponse("ListBucketResult", {
      ...common,
      Marker: query.get("marker") ?? "",
      NextMarker: listing.isTruncated ? encodeKey(listing.last ?? "", query) : undefined,
    });
  }
  return xmlResponse("ListBucketResult", {
    ...common,
    KeyCount: listing.objects.length + listing.commonPrefixes.length,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: listing.isTruncated
      ? Buffer.from(listing.last ?? "").toString("base64url")
      : undefined,
  });
}

/** Versions are not kept: each object is its only version, whose id is `null`, as in a bucket never versioned. */
function listVersions(store: ObjectStore, request: S3Request, bucket: string): ServiceResponse {
  const listing = list(store, bucket, request.query, request.query.get("key-marker") ?? "");
  return xmlResponse("ListVersionsResult", {
    Name: bucket,
    Prefix: request.query.get("prefix") ?? "",
    MaxKeys: keysPerPage(request.query),
    IsTruncated: listing.isTruncated,
    NextKeyMarker: listing.isTruncated ? encodeKey(listing.last ?? "", request.query) : undefined,
    NextVersionIdMarker: listing.isTruncated ? "null" : undefined,
    Version: listing.objects.map((object) => ({
      ...describe(object, request.query),
      VersionId: "null",
      IsLatest: true,
    })),
  });
}

function list(store: ObjectStore, bucket: string, query: URLSearchParams, after: string): Listing {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const limit = keysPerPage(query);
  const objects: StoredObject[] = [];
  const prefixes = new Set<string>();
  let last: string | undefined;
  for (const object of store.objects(bucket)) {
    if (!object.key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    const entry = end < 0 ? object.key : object.key.slice(0, end + delimiter.length);
    if (after !== "" && Buffer.compare(Buffer.from(entry), Buffer.from(after)) <= 0) continue;
    if (prefixes.has(entry)) continue;
    if (objects.length + prefixes.size >= limit)
      return { objects, commonPrefixes: [...prefixes], isTruncated: true, last };
    if (end < 0) objects.push(object);
    else prefixes.add(entry);
    last = entry;
  }
  return { objects, commonPrefixes: [...prefixes], isTruncated: false, last };
}

function keysPerPage(query: URLSearchParams): number {
  const wanted = Number(query.get("max-keys") ?? keysPerPageMax);
  if (!Number.isInteger(wanted) || wanted < 0) {
    throw new ServiceError({
      code: "InvalidArgument",
      message: "Provided max-keys not an integer or within integer range",
    });
  }
  return Math.min(wanted, keysPerPageMax);
}

function describe(object: StoredObject, query: URLSearchParams): { readonly [name: string]: XmlValue } {
  return {
    Key: encodeKey(object.key, query),
    LastModified: new Date(object.modifiedAtMs).toISOString(),
    ETag: `"${object.etag}"`,
    Size: object.size,
  };
}

function encodeKey(key: string, query: URLSearchParams): string {
  return query.get("encoding-type") === "url" ? encodeURIComponent(key).replaceAll("%2F", "/") : key;
}

export interface ObjectToDelete {
  readonly key: string;
  readonly versionId: string | undefined;
}

/** @throws {ServiceError} MalformedXML */
export async function readDeletion(
  request: S3Request,
): Promise<{ objects: readonly ObjectToDelete[]; isQuiet: boolean }> {
  const text = (await readWhole(request, deleteBytesMax)).toString("utf8");
  try {
    const root = parseXml(text)["Delete"] as { Object?: unknown; Quiet?: unknown };
    const listed = Array.isArray(root.Object) ? (root.Object as unknown[]) : [root.Object];
    const objects = listed.map((object) => {
      const { Key, VersionId } = object as { Key: unknown; VersionId?: unknown };
      if (typeof Key !== "string") throw new Error("an object without a key");
      if (VersionId !== undefined && typeof VersionId !== "string")
        throw new Error("a version without an id");
      return { key: Key, versionId: VersionId };
    });
    if (objects.length > keysPerPageMax) throw new Error("too many keys");
    return { objects, isQuiet: root.Quiet === "true" };
  } catch (error) {
    throw malformedXml(error);
  }
}

export function runDeletion(
  store: ObjectStore,
  bucket: string,
  deletion: { allowed: readonly ObjectToDelete[]; refused: readonly ObjectToDelete[]; isQuiet: boolean },
): ServiceResponse {
  const { allowed, refused, isQuiet } = deletion;
  for (const { key } of allowed) store.deleteObject(bucket, key);
  return xmlResponse("DeleteResult", {
    Deleted: isQuiet ? [] : allowed.map(({ key }) => ({ Key: key })),
    Error: refused.map(({ key }) => ({ Key: key, Code: "AccessDenied", Message: "Access Denied" })),
  });
}

export function malformedXml(cause: unknown): ServiceError {
  return new ServiceError({
    code: "MalformedXML",
    message: "The XML you provided was not well-formed or did not validate against our published schema",
    cause,
  });
}
