/**
 * A local S3: buckets and objects, path style, enough for the CDK's assets, for function code and for SDK users.
 *
 * Promises
 * - An object is stored whole or not at all, with the checksum its sender gave compared.
 * - Objects go to and come from disk as streams, up to `objectBytesMax`.
 * - Buckets' names are the account's; each bucket is in one Region and answers only what is signed for that one.
 * - Versioning can be switched on and is answered for, but only the newest version of an object is kept.
 *
 * Source: Amazon S3 API Reference.
 */

import { join } from "node:path";
import { buffer } from "node:stream/consumers";

import type { Authorizer } from "../authorization.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import { handleBucket, listBuckets } from "./bucket-operations.ts";
import { BucketPolicies } from "./bucket-policy.ts";
import { handleObject } from "./object-operations.ts";
import { type S3Request, targetOf } from "./requests.ts";
import { type Bucket, ObjectStore } from "./store.ts";
import { handleUpload } from "./upload-operations.ts";

export { objectBytesMax } from "./bodies.ts";
export { s3ErrorResponse, type S3Request } from "./requests.ts";
export { parseBucketPolicy } from "./bucket-policy.ts";
export { ObjectStore, type Bucket } from "./store.ts";

export interface S3 {
  readonly store: ObjectStore;
  handle(request: S3Request): Promise<ServiceResponse>;
  /**
   * The bytes of an object, for other services: function code, templates.
   *
   * @param region - refuses an object of another Region, where the service can only take one of its own
   * @throws {ServiceError} NoSuchBucket, NoSuchKey, PermanentRedirect
   */
  objectBytes(bucket: string, key: string, region?: string): Promise<Buffer>;
  /** An object's text by the HTTPS address that the CDK gives CloudFormation, in either of S3's styles. */
  objectText(url: string): Promise<string>;
}

/** @param options.region - of buckets that an older version made, which knew one Region only */
export function createS3(options: { dataDir: string; region: string; authorize: Authorizer }): S3 {
  const store = new ObjectStore({ directory: join(options.dataDir, "s3"), homeRegion: options.region });
  store.load();

  const policies = new BucketPolicies(store);

  const authorize = (request: S3Request, target: { bucket: string; key: string }): void => {
    const resourcePolicy = policies.of(target.bucket);
    const details = { region: request.region, ...(resourcePolicy === undefined ? {} : { resourcePolicy }) };
    options.authorize(request.caller, actionOf(request, target), arnOf(target), details);
  };

  const objectBytes = async (bucket: string, key: string, region?: string): Promise<Buffer> => {
    if (region !== undefined) refuseOtherRegion(store.bucket(bucket), region);
    store.object(bucket, key);
    return buffer(store.read(bucket, key));
  };

  return {
    store,
    objectBytes,
    objectText: async (url) => {
      const { bucket, key } = locationOf(url);
      return (await objectBytes(bucket, key)).toString("utf8");
    },
    handle: async (request) => {
      const target = targetOf(request.path);
      authorize(request, target);
      if (target.bucket === "") return listBuckets(store);
      const bucket = store.findBucket(target.bucket);
      // Where a bucket is, GetBucketLocation tells in any Region.
      if (bucket !== undefined && !request.query.has("location")) refuseOtherRegion(bucket, request.region);
      if (target.key === "") return handleBucket(store, request, target.bucket);
      if (request.query.has("uploads") || request.query.has("uploadId"))
        return handleUpload(store, request, target);
      return handleObject(store, request, target);
    },
  };
}

/** @throws {ServiceError} PermanentRedirect: an SDK with `followRegionRedirects` then asks the right Region */
function refuseOtherRegion({ name, region }: Bucket, requested: string): void {
  if (region === requested) return;
  throw new ServiceError({
    code: "PermanentRedirect",
    message: `The bucket is in this region: ${region}. Please use this region to retry the request`,
    status: 301,
    members: { Bucket: name, Endpoint: `${name}.s3.${region}.amazonaws.com`, Region: region },
  });
}

function arnOf(target: { bucket: string; key: string }): string {
  if (target.bucket === "") return "*";
  return `arn:aws:s3:::${target.bucket}${target.key === "" ? "" : `/${target.key}`}`;
}

/** The permission a request needs. Source: Service Authorization Reference, "Actions … for Amazon S3". */
function actionOf(request: S3Request, target: { bucket: string; key: string }): string {
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (target.bucket === "") return "s3:ListAllMyBuckets";
  if (target.key === "") {
    if (request.query.has("encryption"))
      return isRead ? "s3:GetEncryptionConfiguration" : "s3:PutEncryptionConfiguration";
    if (request.query.has("location")) return "s3:GetBucketLocation";
    if (request.query.has("delete")) return "s3:DeleteObject";
    const setting = [...request.query.keys()].find((name) => name in bucketActions);
    if (setting !== undefined) return `s3:${isRead ? "Get" : "Put"}${bucketActions[setting] ?? ""}`;
    if (isRead) return "s3:ListBucket";
    return request.method === "DELETE" ? "s3:DeleteBucket" : "s3:CreateBucket";
  }
  if (isRead) return request.query.has("uploadId") ? "s3:ListMultipartUploadParts" : "s3:GetObject";
  if (request.method !== "DELETE") return "s3:PutObject";
  return request.query.has("uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject";
}

const bucketActions: Readonly<Record<string, string>> = {
  acl: "BucketAcl",
  cors: "BucketCORS",
  lifecycle: "LifecycleConfiguration",
  logging: "BucketLogging",
  notification: "BucketNotification",
  ownershipControls: "BucketOwnershipControls",
  policy: "BucketPolicy",
  publicAccessBlock: "BucketPublicAccessBlock",
  requestPayment: "BucketRequestPayment",
  tagging: "BucketTagging",
  versioning: "BucketVersioning",
  website: "BucketWebsite",
};

function locationOf(address: string): { bucket: string; key: string } {
  if (!URL.canParse(address)) throw unsupportedAddress(address);
  const url = new URL(address);
  const virtual = /^(.+)\.s3[.-][a-z0-9.-]*$/.exec(url.hostname)?.[1];
  if (virtual !== undefined) return targetOf(`/${virtual}${url.pathname}`);
  const target = targetOf(url.pathname);
  if (target.bucket === "" || target.key === "") throw unsupportedAddress(address);
  return target;
}

function unsupportedAddress(address: string): ServiceError {
  return new ServiceError({
    code: "ValidationError",
    message: `S3 error: ${address} is not the address of an object in S3`,
  });
}
