/**
 * Bodies of S3 requests: the plain ones, and those in `aws-chunked` framing, whose checksum comes after the data.
 *
 * Source: Amazon S3 API Reference, "Signature calculations: transferring payload in multiple chunks" and
 * "…including trailing headers". The chunks' own signatures are not verified: the request's signature covers the
 * headers, and the endpoint listens on loopback only.
 */

import { createHash, type Hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Transform, Writable, type Readable, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";

import { ServiceError } from "../service.ts";

/** The largest object; a 50 MB function zip is the largest thing the CDK uploads. */
export const objectBytesMax = 512 * 1024 * 1024;

/** A chunk's header line, or the trailers: longer ones are not S3's. */
const lineBytesMax = 16 * 1024;
/** Trailers of one body; S3 has one. */
const trailersMax = 16;

const decodingStates = {
  size: "size",
  data: "data",
  dataEnd: "dataEnd",
  trailer: "trailer",
  ended: "ended",
} as const;
type DecodingState = keyof typeof decodingStates;

/** Takes the framing off; `trailers` are complete once the stream has ended. */
export class AwsChunkedDecoder extends Transform {
  readonly trailers = new Map<string, string>();
  #state: DecodingState = "size";
  #line = "";
  #remaining = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      let offset = 0;
      while (offset < chunk.length) offset = this.#take(chunk, offset);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    // A body may end right after the last chunk's line; nothing but trailers can be missing then.
    done(this.#state === "trailer" || this.#state === "ended" ? null : incompleteBody());
  }

  #take(chunk: Buffer, offset: number): number {
    switch (this.#state) {
      case "data": {
        const end = Math.min(chunk.length, offset + this.#remaining);
        this.push(chunk.subarray(offset, end));
        this.#remaining -= end - offset;
        if (this.#remaining === 0) this.#state = "dataEnd";
        return end;
      }
      case "ended":
        return chunk.length;
      case "size":
      case "dataEnd":
      case "trailer":
        return this.#takeLine(chunk, offset);
    }
  }

  #takeLine(chunk: Buffer, offset: number): number {
    const newline = chunk.indexOf(0x0a, offset);
    const end = newline < 0 ? chunk.length : newline;
    this.#line += chunk.toString("latin1", offset, end);
    if (this.#line.length > lineBytesMax) throw malformedBody();
    if (newline < 0) return end;
    const line = this.#line.replace(/\r$/, "");
    this.#line = "";
    this.#lineRead(line);
    return newline + 1;
  }

  #lineRead(line: string): void {
    if (this.#state === "dataEnd") {
      if (line !== "") throw malformedBody();
      this.#state = "size";
    } else if (this.#state === "trailer") {
      if (line === "") this.#state = "ended";
      const colon = line.indexOf(":");
      if (this.trailers.size >= trailersMax) throw malformedBody();
      if (colon > 0) this.trailers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    } else {
      const size = /^([0-9a-fA-F]{1,8})(?:;.*)?$/.exec(line)?.[1];
      if (size === undefined) throw malformedBody();
      this.#remaining = Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? "trailer" : "data";
    }
  }
}

/** What a body turned out to be. */
export interface BodyFacts {
  readonly size: number;
  /** Hex; the ETag of a single-part object. */
  readonly md5: string;
}

/** Lets a body pass, counts and hashes it, and refuses it when it is not what the headers said. */
export class BodyInspector extends Transform {
  #size = 0;
  readonly #md5 = createHash("md5");
  readonly #sha1 = createHash("sha1");
  readonly #sha256 = createHash("sha256");
  #crc32 = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#size += chunk.length;
    if (this.#size > objectBytesMax) return done(tooLarge());
    for (const hash of [this.#md5, this.#sha1, this.#sha256] as Hash[]) hash.update(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
    done(null, chunk);
  }

  /**
   * @param expected - checksums that the client sent, by header name; those of an unknown algorithm are believed
   * @throws {ServiceError} BadDigest, XAmzContentSHA256Mismatch
   */
  verify(expected: {
    readonly payloadHash: string;
    readonly checksums: Readonly<Record<string, string>>;
  }): BodyFacts {
    const sha256 = this.#sha256.digest();
    if (/^[0-9a-f]{64}$/.test(expected.payloadHash) && expected.payloadHash !== sha256.toString("hex")) {
      throw new ServiceError({
        code: "XAmzContentSHA256Mismatch",
        message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
      });
    }
    const md5 = this.#md5.digest();
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(this.#crc32 >>> 0);
    const computed: Readonly<Record<string, Buffer>> = {
      "content-md5": md5,
      "x-amz-checksum-sha1": this.#sha1.digest(),
      "x-amz-checksum-sha256": sha256,
      "x-amz-checksum-crc32": crc,
    };
    for (const [name, value] of Object.entries(expected.checksums)) {
      const own = computed[name];
      if (own === undefined || own.toString("base64") === value) continue;
      const label = name.replace("x-amz-checksum-", "").toUpperCase();
      throw new ServiceError({
        code: "BadDigest",
        message: `The ${label} you specified did not match the calculated checksum.`,
      });
    }
    return { size: this.#size, md5: md5.toString("hex") };
  }
}

/** A body as it arrives, and what its request says of it. */
export interface ReceivedRequest {
  readonly body: Readable;
  readonly payloadHash: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a body passes through on its way: its framing taken off, counted and hashed. */
export class BodyCheck {
  readonly #request: ReceivedRequest;
  readonly #decoder: AwsChunkedDecoder | undefined;
  readonly #inspector = new BodyInspector();

  constructor(request: ReceivedRequest) {
    this.#request = request;
    this.#decoder = request.payloadHash.startsWith("STREAMING-") ? new AwsChunkedDecoder() : undefined;
  }

  get steps(): readonly Transform[] {
    return this.#decoder === undefined ? [this.#inspector] : [this.#decoder, this.#inspector];
  }

  /**
   * Once the body has passed: what it is, and the `x-amz-checksum-…` that the client gave, in a header or after the body.
   *
   * @throws {ServiceError} BadDigest, XAmzContentSHA256Mismatch
   */
  verify(): { readonly facts: BodyFacts; readonly checksums: Readonly<Record<string, string>> } {
    const { headers, payloadHash } = this.#request;
    const checksums: Record<string, string> = {};
    for (const [name, value] of [...Object.entries(headers), ...(this.#decoder?.trailers ?? [])]) {
      if (isChecksum(name) && typeof value === "string") checksums[name] = value;
    }
    const md5 = headers["content-md5"];
    const expected = typeof md5 === "string" ? { ...checksums, "content-md5": md5 } : checksums;
    return { facts: this.#inspector.verify({ payloadHash, checksums: expected }), checksums };
  }
}

export function isChecksum(name: string): boolean {
  return /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.test(name);
}

/** Reads a small body whole, and holds it against what its request says of it, as an object's. */
export async function readWhole(request: ReceivedRequest, bytesMax: number): Promise<Buffer> {
  const check = new BodyCheck(request);
  const chunks: Buffer[] = [];
  let size = 0;
  const collector = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= bytesMax) chunks.push(chunk);
      done(size <= bytesMax ? null : tooBig());
    },
  });
  await pipeline([request.body, ...check.steps, collector]);
  check.verify();
  return Buffer.concat(chunks);
}

function tooBig(): ServiceError {
  return new ServiceError({ code: "MaxMessageLengthExceeded", message: "Your request was too big." });
}

function malformedBody(): ServiceError {
  return new ServiceError({
    code: "InvalidChunkSizeError",
    message: "The aws-chunked body is not well-formed.",
  });
}

function incompleteBody(): ServiceError {
  return new ServiceError({
    code: "IncompleteBody",
    message: "The request body terminated unexpectedly",
  });
}

function tooLarge(): ServiceError {
  return new ServiceError({
    code: "EntityTooLarge",
    message: `Your proposed upload exceeds the maximum allowed object size (${objectBytesMax} bytes in dsql-local).`,
  });
}
