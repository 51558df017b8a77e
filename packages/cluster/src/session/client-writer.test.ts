import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { ClientWriter } from "./client-writer.ts";

/** A client that reads when it is told to. */
class SlowClient extends Duplex {
  readonly written: Buffer[] = [];
  readonly #done: (() => void)[] = [];

  constructor() {
    super({ writableHighWaterMark: 64 * 1024 });
  }

  override _read(): void {
    return;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    this.#done.push(done);
  }

  readOn(): void {
    for (const done of this.#done.splice(0)) done();
  }
}

test("frames travel together when they are flushed", () => {
  const client = new SlowClient();
  const writer = new ClientWriter(client);
  writer.write(Buffer.from("one "));
  writer.write(Buffer.from("two"));
  assert.equal(client.written.length, 0);
  writer.flush();
  assert.deepEqual(client.written.map(String), ["one two"]);
});

test("much goes out without being asked", () => {
  const client = new SlowClient();
  const writer = new ClientWriter(client);
  writer.write(Buffer.alloc(32 * 1024));
  assert.equal(client.written.length, 1);
});

test("a client that does not read makes the writer full, and reading on drains it", async () => {
  const client = new SlowClient();
  const writer = new ClientWriter(client);
  while (!writer.isFull) writer.write(Buffer.alloc(32 * 1024));
  const drained = writer.drained();
  client.readOn();
  client.readOn();
  client.readOn();
  await drained;
  assert.equal(writer.isFull, false);
});

test("a client that leaves ends the wait for it", async () => {
  const client = new SlowClient();
  const writer = new ClientWriter(client);
  while (!writer.isFull) writer.write(Buffer.alloc(32 * 1024));
  const drained = writer.drained();
  client.destroy();
  await drained;
  await writer.drained();
  writer.write(Buffer.alloc(64 * 1024)); // Nobody is there, and nobody minds.
});
