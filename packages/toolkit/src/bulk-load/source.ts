/** The bytes of a load: a file or a stream, unpacked if they are gzip's. */
import { createReadStream } from "node:fs";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UsageError } from "../errors.ts";
import type { Format } from "./options.ts";

const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** @returns the unpacked bytes; destroying the stream closes the file */
export async function openSource(input: string | Readable): Promise<Readable> {
  const raw = typeof input === "string" ? createReadStream(input, { highWaterMark: 256 * 1024 }) : input;
  const start = await firstBytes(raw, gzipMagic.length);
  if (start.length === 0) return raw;
  raw.unshift(start);
  const target = start.subarray(0, gzipMagic.length).equals(gzipMagic) ? createGunzip() : new PassThrough();
  // The error of either end reaches whoever reads the target.
  pipeline(raw, target, () => undefined);
  return target;
}

/** What is there of the first `count` bytes; a pipe may deliver them one by one. */
async function firstBytes(stream: Readable, count: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let length = 0; length < count;) {
    const part = await nextPart(stream);
    if (part === undefined) break;
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts);
}

async function nextPart(stream: Readable): Promise<Buffer | undefined> {
  for (;;) {
    const part: unknown = stream.read();
    if (part !== null) return Buffer.from(part as Buffer);
    if (stream.readableEnded) return undefined;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        stream.off("readable", settle).off("end", settle).off("error", settle);
        if (error instanceof Error) reject(error);
        else resolve();
      };
      stream.once("readable", settle).once("end", settle).once("error", settle);
    });
  }
}

/** @returns the format that a file's name says */
export function formatOf(input: string | Readable): Format {
  if (typeof input !== "string") return "csv";
  const ending = /\.([a-z]+)(?:\.gz)?$/i.exec(input)?.[1]?.toLowerCase();
  switch (ending) {
    case "csv":
      return "csv";
    case "tsv":
    case "tab":
      return "tsv";
    case "copy":
      return "copy";
    case "jsonl":
    case "ndjson":
      return "jsonl";
    default:
      throw new UsageError(`the name of ${input} does not tell its format: give format`);
  }
}
