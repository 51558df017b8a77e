import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";

import { AwsChunkedDecoder, BodyInspector } from "./bodies.ts";

async function decode(
  text: string,
  pieceBytes: number,
): Promise<{ body: string; trailers: Record<string, string> }> {
  const source = Buffer.from(text, "latin1");
  const pieces: Buffer[] = [];
  for (let start = 0; start < source.length; start += pieceBytes)
    pieces.push(source.subarray(start, start + pieceBytes));
  const decoder = new AwsChunkedDecoder();
  const [body] = await Promise.all([buffer(decoder), pipeline(Readable.from(pieces), decoder)]);
  return { body: body.toString("latin1"), trailers: Object.fromEntries(decoder.trailers) };
}

const signed =
  "5;chunk-signature=ab\r\nhello\r\n6;chunk-signature=cd\r\n world\r\n0;chunk-signature=ef\r\n\r\n";
const withTrailer = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";

test("framing is taken off, wherever the pieces end", async () => {
  for (const pieceBytes of [1, 2, 3, 7, 1_000]) {
    assert.equal((await decode(signed, pieceBytes)).body, "hello world");
    const { body, trailers } = await decode(withTrailer, pieceBytes);
    assert.equal(body, "hello");
    assert.deepEqual(trailers, { "x-amz-checksum-crc32": "NhCmhg==" });
  }
});

test("broken framing is refused", async () => {
  for (const text of [
    "zz\r\nhello",
    "5\r\nhelloX\r\n0\r\n\r\n",
    "-1\r\n",
    "123456789\r\n",
    "x".repeat(20_000),
  ]) {
    await assert.rejects(decode(text, 100), { code: "InvalidChunkSizeError" });
  }
});

test("a body that ends early is refused", async () => {
  for (const text of ["", "5\r\nhel", "5\r\nhello\r\n"])
    await assert.rejects(decode(text, 100), { code: "IncompleteBody" });
});

test("a checksum that is not the body's is refused", async () => {
  const inspect = async (
    checksums: Record<string, string>,
    payloadHash = "UNSIGNED-PAYLOAD",
  ): Promise<unknown> => {
    const inspector = new BodyInspector();
    await Promise.all([buffer(inspector), pipeline(Readable.from([Buffer.from("hello")]), inspector)]);
    return inspector.verify({ payloadHash, checksums });
  };
  assert.deepEqual(await inspect({ "x-amz-checksum-crc32": "NhCmhg==" }), {
    size: 5,
    md5: "5d41402abc4b2a76b9719d911017c592",
  });
  await assert.rejects(inspect({ "x-amz-checksum-crc32": "AAAAAA==" }), { code: "BadDigest" });
  await assert.rejects(inspect({ "content-md5": "AAAA" }), { code: "BadDigest" });
  await assert.rejects(inspect({}, "0".repeat(64)), { code: "XAmzContentSHA256Mismatch" });
});
