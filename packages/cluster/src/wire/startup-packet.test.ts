import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrontend } from "./encode.ts";
import { MalformedMessage } from "./reader.ts";
import { decodeStartupPacket } from "./startup-packet.ts";

function packet(...words: number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 4);
  bytes.writeInt32BE(bytes.length, 0);
  for (const [index, word] of words.entries()) bytes.writeInt32BE(word, 4 + index * 4);
  return bytes;
}

test("the requests for encryption are told apart", () => {
  assert.deepEqual(decodeStartupPacket(packet(80877103)), { kind: "ssl" });
  assert.deepEqual(decodeStartupPacket(packet(80877104)), { kind: "gssenc" });
});

test("a cancel request carries its key", () => {
  assert.deepEqual(decodeStartupPacket(encodeFrontend.cancelRequest(4_711, -2)), {
    kind: "cancel",
    processId: 4_711,
    secretKey: -2,
  });
});

test("a start-up message carries its version and parameters", () => {
  const parameters = { user: "admin", database: "postgres", application_name: "täst", options: "" };
  assert.deepEqual(decodeStartupPacket(encodeFrontend.startup(parameters)), {
    kind: "startup",
    protocolVersion: 196_608,
    parameters,
  });
});

test("a parameter named like a member of every object is a parameter", () => {
  const packetBytes = encodeFrontend.startup(Object.fromEntries([["user", "admin"]]));
  const decoded = decodeStartupPacket(packetBytes);
  assert.equal(decoded.kind === "startup" && decoded.parameters["user"], "admin");
});

test("a packet of protocol 2.0 gives its version", () => {
  const decoded = decodeStartupPacket(packet(131_072));
  assert.deepEqual(decoded, { kind: "startup", protocolVersion: 131_072, parameters: {} });
});

test("a packet that does not have the length it says is malformed", () => {
  const bytes = packet(80877103);
  bytes.writeInt32BE(9, 0);
  assert.throws(() => decodeStartupPacket(bytes), MalformedMessage);
});

test("every truncation of a start-up message is malformed or has fewer parameters, and never a crash", () => {
  const whole = encodeFrontend.startup({ user: "admin", database: "postgres" });
  for (let length = 0; length < whole.length; length++) {
    const cut = Buffer.from(whole.subarray(0, length));
    if (length >= 4) cut.writeInt32BE(length, 0);
    try {
      const decoded = decodeStartupPacket(cut);
      assert.equal(decoded.kind, "startup");
    } catch (error) {
      assert.ok(error instanceof MalformedMessage, `cut at ${length}: ${String(error)}`);
    }
  }
});
