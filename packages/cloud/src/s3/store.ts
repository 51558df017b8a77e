/**
 * Buckets and objects on disk.
 *
 *   <dataDir>/s3/<bucket>/bucket.json           its settings
 *   <dataDir>/s3/<bucket>/objects/<hash>.json   an object's key, size, ETag, headers
 *   <dataDir>/s3/<bucket>/objects/<hash>.<id>.data   its bytes, of which its description names the file
 *   <dataDir>/s3/<bucket>/uploads/<id>/…        the parts of a multipart upload that is not complete
 *
 * Keys are hashed into file names, so that no key can name a place outside its bucket.
 *
 * Always true: an object is seen whole or not at all; its bytes are in place before its description is, and those of the
 * one that it replaces until then.
 */

import { createHash, randomUUID } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { ServiceError } from "../service.ts";
import { readStateFile, removeStateFile, writeStateFile } from "../state-file.ts";
import { number, object, optional, type Shape, text, textByName } from "../state-shape.ts";
import type { BodyFacts } from "./bodies.ts";

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly createdAtMs: number;
  /** Sub-resources as they were put: `versioning`, `encryption`, `policy` … */
  readonly settings: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** Without the quotes. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  /** Response headers of a GET: content-type, cache-control, `x-amz-meta-…`, checksums. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where its bytes are; the store's own affair. One that an older version put is where its key says. */
  readonly file?: string;
}

export interface UploadedPart extends BodyFacts {
  readonly number: number;
  readonly modifiedAtMs: number;
}

interface Upload {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly startedAtMs: number;
}

/** A name that leads nowhere else: it is joined to a folder. */
const fileNameShape: Shape = (value, place) =>
  typeof value === "string" && /^[0-9a-f]{64}\.[0-9a-f-]{36}\.data$/.test(value)
    ? undefined
    : `${place} is not the name of a data file`;

const bucketShape = object({
  name: text,
  region: optional(text),
  createdAtMs: number,
  settings: textByName,
});
const objectShape = object({
  key: text,
  size: number,
  etag: text,
  modifiedAtMs: number,
  headers: textByName,
  file: optional(fileNameShape),
});
const partShape = object({ number, size: number, md5: text, modifiedAtMs: number });
const uploadShape = object({ key: text, headers: textByName, startedAtMs: number });

/** An account's quota in AWS. */
const bucketsMax = 10_000;

/** Uploads not yet completed, per bucket; past it a new one is refused. */
const uploadsMax = 1_000;

export class ObjectStore {
  readonly #directory: string;
  readonly #homeRegion: string;
  readonly #buckets = new Map<string, Bucket>();
  /** Objects by bucket and key, read from disk when the bucket is first used. */
  readonly #objects = new Map<string, Map<string, StoredObject>>();

  /** @param options.homeRegion - of buckets from before they had a Region of their own */
  constructor(options: { directory: string; homeRegion: string }) {
    this.#directory = options.directory;
    this.#homeRegion = options.homeRegion;
  }

  load(): void {
    mkdirSync(this.#directory, { recursive: true });
    const inHomeRegion = { region: this.#homeRegion };
    for (const name of readdirSync(this.#directory)) {
      const bucket = readStateFile(join(this.#directory, name, "bucket.json"), bucketShape) as
        Bucket | undefined;
      if (bucket !== undefined) this.#buckets.set(name, { ...inHomeRegion, ...bucket });
    }
  }

  buckets(): readonly Bucket[] {
    return [...this.#buckets.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  findBucket(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** @throws {ServiceError} NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket !== undefined) return bucket;
    throw new ServiceError({
      code: "NoSuchBucket",
      message: "The specified bucket does not exist",
      status: 404,
      members: { BucketName: name },
    });
  }

  /** Names are the account's, whatever Region a bucket is in. */
  createBucket(name: string, region: string): Bucket {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new ServiceError({
        code: "InvalidBucketName",
        message: "The specified bucket is not valid.",
        members: { BucketName: name },
      });
    }
    if (this.#buckets.has(name)) {
      throw new ServiceError({
        code: "BucketAlreadyOwnedByYou",
        message: "Your previous request to create the named bucket succeeded and you already own it.",
        status: 409,
        members: { BucketName: name },
      });
    }
    if (this.#buckets.size >= bucketsMax) {
      throw new ServiceError({
        code: "TooManyBuckets",
        message: "You have attempted to create more buckets than allowed",
      });
    }
    return this.putBucket({ name, region, createdAtMs: Date.now(), settings: {} });
  }

  putBucket(bucket: Bucket): Bucket {
    writeStateFile(join(this.#bucketDirectory(bucket.name), "bucket.json"), bucket);
    this.#buckets.set(bucket.name, bucket);
    return bucket;
  }

  deleteBucket(name: string): void {
    this.bucket(name);
    if (this.#index(name).size > 0) {
      throw new ServiceError({
        code: "BucketNotEmpty",
        message: "The bucket you tried to delete is not empty",
        status: 409,
        members: { BucketName: name },
      });
    }
    removeStateFile(join(this.#bucketDirectory(name), "bucket.json"));
    this.#buckets.delete(name);
    this.#objects.delete(name);
    rmSync(this.#bucketDirectory(name), { recursive: true, force: true });
  }

  /** Objects in the order of their keys' bytes, as S3 lists them. */
  objects(bucket: string): readonly StoredObject[] {
    this.bucket(bucket);
    return [...this.#index(bucket).values()].sort((left, right) =>
      Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)),
    );
  }

  findObject(bucket: string, key: string): StoredObject | undefined {
    this.bucket(bucket);
    return this.#index(bucket).get(key);
  }

  /** @throws {ServiceError} NoSuchKey */
  object(bucket: string, key: string): StoredObject {
    const object = this.findObject(bucket, key);
    if (object !== undefined) return object;
    throw new ServiceError({
      code: "NoSuchKey",
      message: "The specified key does not exist.",
      status: 404,
      members: { Key: key },
    });
  }

  read(bucket: string, key: string, range?: { start: number; end: number }): Readable {
    // Opened at once: what is being read stays readable though the object is replaced.
    const fd = openSync(this.#dataFile(bucket, this.object(bucket, key)), "r");
    return createReadStream("", { ...range, fd });
  }

  /** Writes a body beside the objects; `publish` or `discard` it afterwards. */
  async writeDraft(
    bucket: string,
    body: Readable,
    through: readonly NodeJS.ReadWriteStream[],
  ): Promise<string> {
    this.bucket(bucket);
    const draft = join(this.#objectDirectory(bucket), `${randomUUID()}.draft`);
    try {
      await pipeline([body, ...through, createWriteStream(draft, { mode: 0o600 })]);
      return draft;
    } catch (error) {
      await this.discard(draft);
      throw error;
    }
  }

  async discard(draft: string): Promise<void> {
    await rm(draft, { force: true });
  }

  publish(bucket: string, draft: string, object: StoredObject): void {
    const index = this.#index(bucket);
    const replaced = index.get(object.key);
    const stored = { ...object, file: `${fileName(object.key)}.${randomUUID()}.data` };
    const data = this.#dataFile(bucket, stored);
    renameSync(draft, data);
    try {
      writeStateFile(this.#descriptionFile(bucket, object.key), stored);
    } catch (error) {
      removeStateFile(data);
      throw error;
    }
    index.set(object.key, stored);
    if (replaced !== undefined) removeStateFile(this.#dataFile(bucket, replaced));
  }

  deleteObject(bucket: string, key: string): void {
    this.bucket(bucket);
    const object = this.#index(bucket).get(key);
    if (object === undefined) return;
    removeStateFile(this.#descriptionFile(bucket, key));
    this.#index(bucket).delete(key);
    removeStateFile(this.#dataFile(bucket, object));
  }

  startUpload(bucket: string, key: string, headers: Readonly<Record<string, string>>): string {
    this.bucket(bucket);
    const root = join(this.#bucketDirectory(bucket), "uploads");
    mkdirSync(root, { recursive: true });
    if (readdirSync(root).length >= uploadsMax) {
      throw new ServiceError({
        code: "SlowDown",
        message: `The bucket has ${uploadsMax} uploads that are not complete.`,
        status: 503,
      });
    }
    const uploadId = randomUUID().replaceAll("-", "");
    const upload: Upload = { key, headers, startedAtMs: Date.now() };
    writeStateFile(join(root, uploadId, "upload.json"), upload);
    return uploadId;
  }

  /** @throws {ServiceError} NoSuchUpload */
  upload(bucket: string, key: string, uploadId: string): Upload {
    const upload = /^[0-9a-f]{32}$/.test(uploadId)
      ? (readStateFile(join(this.#uploadDirectory(bucket, uploadId), "upload.json"), uploadShape) as
          Upload | undefined)
      : undefined;
    if (upload?.key === key) return upload;
    throw new ServiceError({
      code: "NoSuchUpload",
      message:
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
      status: 404,
      members: { UploadId: uploadId },
    });
  }

  publishPart(bucket: string, uploadId: string, draft: string, part: UploadedPart): void {
    const directory = this.#uploadDirectory(bucket, uploadId);
    // Without its description a part is none; the old one's would speak of other bytes.
    removeStateFile(join(directory, `${part.number}.json`));
    renameSync(draft, join(directory, `${part.number}.data`));
    writeStateFile(join(directory, `${part.number}.json`), part);
  }

  parts(bucket: string, uploadId: string): readonly UploadedPart[] {
    const directory = this.#uploadDirectory(bucket, uploadId);
    return readdirSync(directory)
      .filter((file) => /^\d+\.json$/.test(file))
      .map((file) => readStateFile(join(directory, file), partShape) as UploadedPart)
      .sort((left, right) => left.number - right.number);
  }

  async *readParts(bucket: string, uploadId: string, numbers: readonly number[]): AsyncGenerator<Buffer> {
    for (const number of numbers) {
      const part = createReadStream(join(this.#uploadDirectory(bucket, uploadId), `${number}.data`));
      for await (const chunk of part) yield chunk as Buffer;
    }
  }

  removeUpload(bucket: string, uploadId: string): void {
    rmSync(this.#uploadDirectory(bucket, uploadId), { recursive: true, force: true });
  }

  #index(bucket: string): Map<string, StoredObject> {
    const known = this.#objects.get(bucket);
    if (known !== undefined) return known;
    const index = new Map<string, StoredObject>();
    const directory = this.#objectDirectory(bucket);
    const files = readdirSync(directory);
    for (const file of files) {
      if (!file.endsWith(".json")) continue;
      const object = readStateFile(join(directory, file), objectShape) as StoredObject;
      if (existsSync(this.#dataFile(bucket, object))) index.set(object.key, object);
    }
    const used = new Set([...index.values()].map((object) => this.#dataFile(bucket, object)));
    for (const file of files) {
      const path = join(directory, file);
      // What was being written when an earlier run ended, or had just been replaced.
      if (!file.endsWith(".json") && !used.has(path)) rmSync(path, { force: true });
    }
    this.#objects.set(bucket, index);
    return index;
  }

  #bucketDirectory(bucket: string): string {
    return join(this.#directory, bucket);
  }

  #objectDirectory(bucket: string): string {
    const directory = join(this.#bucketDirectory(bucket), "objects");
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  #uploadDirectory(bucket: string, uploadId: string): string {
    return join(this.#bucketDirectory(bucket), "uploads", uploadId);
  }

  #dataFile(bucket: string, { key, file }: Pick<StoredObject, "key" | "file">): string {
    return join(this.#objectDirectory(bucket), file ?? `${fileName(key)}.data`);
  }

  #descriptionFile(bucket: string, key: string): string {
    return join(this.#objectDirectory(bucket), `${fileName(key)}.json`);
  }
}

function fileName(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
