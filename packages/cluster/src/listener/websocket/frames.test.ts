import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, frameHeader, opcode, WebSocketDecoder, WebSocketError } from "./frames.ts";

/** A client's frame, masked. */
function frame(first: number, payload: Buffer, mask = Buffer.from([1, 2, 3, 4])): Buffer {
  const header = frameHeader(0, payload.length);
  header[0] = first;
  header[1] = (header[1] ?? 0) | 0x80;
  const masked = Buffer.from(payload.map((byte, at) => byte ^ (mask[at & 3] ?? 0)));
  return Buffer.concat([header, mask, masked]);
}

function decoded(chunks: readonly Buffer[]): string[] {
  const seen: string[] = [];
  let data = "";
  const decoder = new WebSocketDecoder({
    data: (bytes) => (data += bytes.toString("latin1")),
    ping: (payload) => seen.push(`ping ${payload.toString("latin1")}`),
    close: () => seen.push("close"),
  });
  for (const chunk of chunks) decoder.push(chunk);
  return data === "" ? seen : [data, ...seen];
}

const final = 0x80;
const text = "0123456789".repeat(50);
const stream = Buffer.concat([
  frame(final | opcode.binary, Buffer.from("a")),
  frame(opcode.binary, Buffer.from("b")),
  frame(final | opcode.ping, Buffer.from("still there?")),
  frame(opcode.continuation, Buffer.alloc(0)),
  frame(final | opcode.continuation, Buffer.from(text)),
  frame(final | opcode.pong, Buffer.from("unasked")),
  frame(final | opcode.binary, Buffer.from("z".repeat(70_000))),
  frame(final | opcode.close, Buffer.from([3, 232])),
  frame(final | opcode.binary, Buffer.from("after the end")),
]);

test("every cut of the stream gives the same data, pings and close", () => {
  const expected = [`ab${text}${"z".repeat(70_000)}`, "ping still there?", "close"];
  assert.deepEqual(decoded([stream]), expected);
  for (const size of [1, 2, 3, 7, 1_000]) {
    const chunks = [];
    for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
    assert.deepEqual(decoded(chunks), expected, `chunks of ${size}`);
  }
});

test("data are handed on before their frame is whole", () => {
  const seen: string[] = [];
  const receiver = {
    data: (bytes: Buffer) => seen.push(bytes.toString()),
    ping: () => assert.fail("there is no ping"),
    close: () => assert.fail("nothing closes"),
  };
  const endless = Buffer.from([final | opcode.binary, 0xff, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x61]);
  new WebSocketDecoder(receiver).push(endless);
  assert.deepEqual(seen, ["a"]);
});

const wrong: readonly (readonly [string, Buffer, number])[] = [
  ["not masked", Buffer.from([final | opcode.binary, 1, 0x61]), 1002],
  ["an extension", frame(final | 0x40 | opcode.binary, Buffer.from("a")), 1002],
  ["text", frame(final | opcode.text, Buffer.from("a")), 1003],
  ["a kind that there is not", frame(final | 3, Buffer.from("a")), 1002],
  ["a continuation of nothing", frame(final | opcode.continuation, Buffer.from("a")), 1002],
  ["a ping in pieces", frame(opcode.ping, Buffer.from("a")), 1002],
  ["a ping that is too long", frame(final | opcode.ping, Buffer.alloc(126)), 1002],
  [
    "longer than any",
    Buffer.from([final | opcode.binary, 0xff, ...Array<number>(8).fill(0xff), 0, 0, 0, 0]),
    1002,
  ],
  [
    "a message inside another",
    Buffer.concat([frame(opcode.binary, Buffer.from("a")), frame(opcode.binary, Buffer.from("b"))]),
    1002,
  ],
];

for (const [what, bytes, code] of wrong) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => decoded([bytes]),
      (error: unknown) => error instanceof WebSocketError && error.code === code,
    );
  });
}

test("headers of our frames name their length in the shortest form", () => {
  assert.deepEqual([...frameHeader(opcode.binary, 125)], [0x82, 125]);
  assert.deepEqual([...frameHeader(opcode.binary, 126)], [0x82, 126, 0, 126]);
  assert.deepEqual([...frameHeader(opcode.binary, 65_536)], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
  assert.deepEqual([...closeFrame(1000)], [0x88, 2, 3, 232]);
});
