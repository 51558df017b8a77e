import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { bodyOf, FrameError, FrameSplitter } from "./frames.ts";
import { encodeFrontend } from "./encode.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const messages = [
  encodeFrontend.query("SELECT 1"),
  encodeFrontend.sync(),
  encodeFrontend.query("x".repeat(300)),
  encodeFrontend.execute("portal", 7),
  encodeFrontend.sync(),
];
const stream = Buffer.concat(messages);

function split(chunks: readonly Buffer[], messageBytesMax = 1_000): Buffer[] {
  const frames: Buffer[] = [];
  const splitter = new FrameSplitter(messageBytesMax);
  for (const chunk of chunks) splitter.push(chunk, (_, frame) => frames.push(Buffer.from(frame)));
  return frames;
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

test("every size of chunk delivers the same frames", () => {
  for (let size = 1; size <= stream.length; size++) assert.deepEqual(split(pieces(stream, size)), messages);
});

test("a large message whose bytes come one by one takes no more than twice its bytes", () => {
  const splitter = new FrameSplitter(10_000_000);
  const message = encodeFrontend.query("x".repeat(1_000_000));
  const before = process.memoryUsage();
  const kept = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external - before.heapUsed - before.external;
  };
  const delivered: number[] = [];
  const deliver = (_: number, frame: Buffer): void => void delivered.push(frame.length);
  // Each a buffer of its own, as a socket gives them.
  for (const byte of message.subarray(0, -1)) splitter.push(Buffer.from([byte]), deliver);
  assert.equal(splitter.pendingBytes, message.length - 1);
  collectGarbage();
  assert.ok(kept() < 4_000_000, `${kept()} bytes are kept`);
  splitter.push(message.subarray(-1), deliver);
  assert.deepEqual(delivered, [message.length]);
  assert.equal(splitter.pendingBytes, 0);
});

test("every cut into two chunks delivers the same frames", () => {
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(split([stream.subarray(0, at), stream.subarray(at)]), messages);
  }
});

test("the type byte comes with its frame", () => {
  const types: string[] = [];
  new FrameSplitter(1_000).push(stream, (type) => types.push(String.fromCharCode(type)));
  assert.deepEqual(types, ["Q", "S", "Q", "E", "S"]);
});

test("an unfinished frame is not delivered", () => {
  assert.deepEqual(split([stream.subarray(0, -1)]), messages.slice(0, -1));
});

test("a message of exactly the bound passes and one byte more is refused before its body has come", () => {
  const largest = encodeFrontend.query("x".repeat(95)); // 95 characters, the zero byte and the length's own 4.
  assert.equal(split([largest], 100).length, 1);
  const larger = encodeFrontend.query("x".repeat(96));
  assert.throws(() => split([larger.subarray(0, 5)], 100), FrameError);
});

test("a length that does not even count itself is refused", () => {
  for (const length of [3, 0, -1, -0x80000000]) {
    const header = Buffer.from([0x51, 0, 0, 0, 0]);
    header.writeInt32BE(length, 1);
    assert.throws(() => split([header]), FrameError, `length ${length}`);
  }
});

test("what came whole before a refused length is delivered", () => {
  const frames: Buffer[] = [];
  const splitter = new FrameSplitter(1_000);
  const bad = Buffer.from([0x51, 0, 0, 0, 1]);
  assert.throws(() => {
    splitter.push(Buffer.concat([encodeFrontend.sync(), bad]), (_, frame) => frames.push(frame));
  }, FrameError);
  assert.equal(frames.length, 1);
});

test("the body of a frame is what follows its length", () => {
  assert.equal(bodyOf(encodeFrontend.query("SELECT 1")).toString(), "SELECT 1\0");
});

test("a message beyond the bound is passed over, however it is cut, and those around it arrive", () => {
  const message = (type: string, bytes: number): Buffer => {
    const frame = Buffer.alloc(5 + bytes, "x");
    frame.write(type, 0);
    frame.writeInt32BE(4 + bytes, 1);
    return frame;
  };
  const stream = Buffer.concat([
    message("a", 3),
    message("B", 5_000),
    message("c", 0),
    message("D", 1_000),
    message("e", 7),
  ]);
  for (const size of [1, 2, 7, 100, 1_003, 4_096, stream.length]) {
    const arrived: string[] = [];
    const passed: string[] = [];
    const splitter = new FrameSplitter(10_000, {
      beyondBytes: 500,
      onMessage: (type) => passed.push(String.fromCharCode(type)),
    });
    for (let at = 0; at < stream.length; at += size) {
      splitter.push(stream.subarray(at, at + size), (type, frame) =>
        arrived.push(`${String.fromCharCode(type)}${frame.length}`),
      );
      assert.ok(splitter.pendingBytes <= 505);
    }
    assert.deepEqual(
      [arrived, passed],
      [
        ["a8", "c5", "e12"],
        ["B", "D"],
      ],
      `in pieces of ${size}`,
    );
  }
});
