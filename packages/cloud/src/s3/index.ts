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

import { type Authorizer, type DescribeResource, Gate } from "../authorization.ts";
import { permissionTable, type S3Facts, type S3Input } from "../permissions/index.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import {
  handleBucket,
  listBuckets,
  type ObjectToDelete,
  readDeletion,
  runDeletion,
} from "./bucket-operations.ts";
import { BucketPolicies } from "./bucket-policy.ts";
import { handleObject, hasTags } from "./object-operations.ts";
import { operationNames, operationOf } from "./operations.ts";
import { type S3Call, type S3Request, targetOf } from "./requests.ts";
import { type Bucket, ObjectStore } from "./store.ts";
import { handleUpload, uploadOperations } from "./upload-operations.ts";

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
  /** @throws {ServiceError} ValidationError: the address means no object */
  objectArn(url: string): string;
  /** What buckets say about access: their policies. */
  describe: DescribeResource;
}

/** @param options.region - of buckets that an older version made, which knew one Region only */
export function createS3(options: {
  dataDir: string;
  region: string;
  account: string;
  authorize: Authorizer;
}): S3 {
  const store = new ObjectStore({ directory: join(options.dataDir, "s3"), homeRegion: options.region });
  store.load();

  const policies = new BucketPolicies(store);
  const gate = new Gate<S3Input, S3Facts>({
    table: permissionTable.s3,
    operations: operationNames,
    account: options.account,
    authorize: options.authorize,
    facts: { hasTags: (bucket, key) => hasTags(store, bucket, key) },
  });

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
    objectArn: (url) => {
      const { bucket, key } = locationOf(url);
      return `arn:aws:s3:::${bucket}/${key}`;
    },
    describe: (arn) => {
      const bucket = /^arn:aws:s3:::([^/]+)/.exec(arn)?.[1];
      return bucket === undefined ? undefined : { policy: policies.of(bucket) };
    },
    handle: async (request) => {
      const target = targetOf(request.path);
      const operation = operationOf(request, target);
      const call: S3Call = { ...request, ...target, operation, ...sourceOf(request) };
      if (operation === "DeleteObjects") return deleteObjects(store, call, gate);
      gate.admit(operation, call, call);
      refuseUnlessHere(store, call);
      return runOperation(store, call);
    },
  };
}

function runOperation(store: ObjectStore, call: S3Call): Promise<ServiceResponse> | ServiceResponse {
  if (call.bucket === "") return listBuckets(store);
  if (call.key === "") return handleBucket(store, call);
  return uploadOperations.has(call.operation) ? handleUpload(store, call) : handleObject(store, call);
}

/** Each object that the request names is asked about for itself; those that may not be deleted are reported. */
async function deleteObjects(
  store: ObjectStore,
  call: S3Call,
  gate: Gate<S3Input, S3Facts>,
): Promise<ServiceResponse> {
  const wanted = await readDeletion(call);
  const mayDelete = ({ key, versionId }: ObjectToDelete): boolean => {
    const query = new URLSearchParams(versionId === undefined ? {} : { versionId });
    return gate.admits("DeleteObjects", { ...call, key, query }, call);
  };
  const allowed = wanted.objects.filter(mayDelete);
  const refused = wanted.objects.filter((object) => !allowed.includes(object));
  // Whoever may delete none of them learns nothing about the bucket.
  if (allowed.length > 0) refuseUnlessHere(store, call);
  return runDeletion(store, call.bucket, { allowed, refused, isQuiet: wanted.isQuiet });
}

/** Where a bucket is, GetBucketLocation tells in any Region. */
function refuseUnlessHere(store: ObjectStore, { bucket: name, operation, region }: S3Call): void {
  const bucket = store.findBucket(name);
  if (bucket !== undefined && operation !== "GetBucketLocation") refuseOtherRegion(bucket, region);
}

/** What is copied, read once for the permission and for the copy. */
function sourceOf({ headers }: S3Request): Pick<S3Call, "source"> {
  const header = headers["x-amz-copy-source"];
  if (typeof header !== "string") return {};
  const [path = "", query] = header.split("?");
  // Some clients encode the slash after the bucket as well.
  const [first = "", ...rest] = path.replace(/^\//, "").replace(/%2F/i, "/").split("/");
  const { bucket, key } = targetOf(`/${first}/${rest.join("/")}`);
  if (bucket === "" || key === "") {
    throw new ServiceError({
      code: "InvalidArgument",
      message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    });
  }
  return { source: { bucket, key, versionId: new URLSearchParams(query).get("versionId") ?? undefined } };
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
