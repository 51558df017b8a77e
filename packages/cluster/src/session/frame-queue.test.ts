import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeFrontend, FrameError, frontendType } from "../wire/index.ts";
import { FrameQueue } from "./frame-queue.ts";

// Otherwise the collector comes when it pleases, and later on a busy machine.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const sync = encodeFrontend.sync();

/** Both ends of a connection. */
async function socketPair(t: TestContext): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer();
  const accepted = new Promise<Socket>((resolve) => listener.once("connection", resolve));
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address();
  assert.ok(address !== null && typeof address === "object");
  const client = connect(address.port, "127.0.0.1");
  const server = await accepted;
  t.after(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}

test("messages come in order, also those that come later", async () => {
  const stream = new PassThrough();
  const queue = new FrameQueue(stream, 1_000);
  stream.write(Buffer.concat([encodeFrontend.query("one"), sync]));
  assert.equal((await queue.next())?.type, frontendType.query);
  assert.equal((await queue.next())?.type, frontendType.sync);
  const later = queue.next();
  stream.write(encodeFrontend.terminate());
  assert.equal((await later)?.type, frontendType.terminate);
});

test("whether a Sync is next is known without taking it", async () => {
  const stream = new PassThrough();
  const queue = new FrameQueue(stream, 1_000);
  assert.equal(queue.nextIsSync, false);
  stream.write(Buffer.concat([encodeFrontend.execute("", 0), sync]));
  await queue.next();
  assert.equal(queue.nextIsSync, true);
  assert.equal(queue.take()?.type, frontendType.sync);
});

test("what came before the client left is served, then nothing", async () => {
  const stream = new PassThrough();
  const queue = new FrameQueue(stream, 1_000);
  stream.end(sync);
  assert.equal((await queue.next())?.type, frontendType.sync);
  assert.equal(await queue.next(), undefined);
  assert.equal(queue.isClosed, true);
});

test("a stream that cannot be followed ends with its reason, after what was whole", async () => {
  const stream = new PassThrough();
  const queue = new FrameQueue(stream, 1_000);
  stream.write(Buffer.concat([sync, Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])]));
  assert.equal((await queue.next())?.type, frontendType.sync);
  await assert.rejects(queue.next(), FrameError);
});

test("a client that sends without reading answers is not read beyond the bound", async (t) => {
  const { client, server } = await socketPair(t);
  const queue = new FrameQueue(server, 1_000_000);
  const message = encodeFrontend.query("x".repeat(100_000));
  const sent = 1_000;
  for (let number = 0; number < sent; number++) client.write(message);
  await new Promise<void>((resolve) => server.once("pause", resolve));
  assert.ok(server.bytesRead < 4 * 1024 * 1024, `${server.bytesRead} bytes were read`);
  // Once they are served, the rest comes.
  for (let number = 0; number < sent; number++)
    assert.equal((await queue.next())?.bytes.length, message.length);
});

test("a pipeline that never runs empty does not pile up what is served", async () => {
  const stream = new PassThrough();
  const queue = new FrameQueue(stream, 1_000_000);
  const message = (): Buffer => Buffer.from(encodeFrontend.query("x".repeat(100_000)));
  const before = process.memoryUsage().arrayBuffers;
  stream.write(message());
  for (let number = 0; number < 1_500; number++) {
    stream.write(message()); // One message is always waiting.
    assert.notEqual(await queue.next(), undefined);
  }
  const grownBytes = (): number => process.memoryUsage().arrayBuffers - before;
  // What is free is given back some time after it was found.
  for (let looks = 0; looks < 100 && grownBytes() > 10_000_000; looks++) {
    collectGarbage();
    await sleep(20);
  }
  assert.ok(grownBytes() <= 10_000_000, `${grownBytes()} bytes are kept of 150,000,000`);
  assert.notEqual(queue.take(), undefined);
  assert.equal(queue.take(), undefined);
});
