/**
 * A thread that holds a connection to the cluster for a program that cannot wait: pg_dump as WebAssembly calls a function
 * for its bytes, and that function has to return with the answer. It sleeps until this thread has posted one.
 */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { type MessagePort, workerData } from "node:worker_threads";
import { bodyOf, decodeQuery, encodeBackend, encodeFrontend, FrameSplitter } from "../../src/wire/index.ts";
import { type Message, RawClient } from "../running-cluster.ts";
import { Proxy } from "./statements.ts";

/** What the thread is started with. */
export interface ConnectionData {
  readonly address: { readonly host: string; readonly port: number };
  readonly servername: string;
  readonly ca: string;
  readonly token: string;
  /** Whether the statements that the service refuses are kept from it. */
  readonly isProxied: boolean;
  readonly port: MessagePort;
  /** One number that becomes 1 with each answer. */
  readonly answered: SharedArrayBuffer;
}

const data = workerData as ConnectionData;
const answered = new Int32Array(data.answered);
const proxy = new Proxy();
// pg_dump's own packets are small: its longest query has some kilobytes.
const fromProgram = new FrameSplitter(1 << 20);

let cluster: RawClient | undefined;
let transactionStatus = "I".charCodeAt(0);

data.port.on("message", (bytes: Uint8Array) => {
  void answer(Buffer.from(bytes)).then((reply) => {
    data.port.postMessage(reply);
    Atomics.store(answered, 0, 1);
    Atomics.notify(answered, 0);
  });
});

async function answer(bytes: Buffer): Promise<Buffer> {
  if (cluster === undefined) return await start();
  const frames: Buffer[] = [];
  fromProgram.push(bytes, (_, frame) => frames.push(frame));
  const parts: Buffer[] = [];
  for (const frame of frames) parts.push(await answerMessage(cluster, frame));
  return Buffer.concat(parts);
}

/** pg_dump's start-up packet names a user of its own choice; the connection is admin's. */
async function start(): Promise<Buffer> {
  const { address, ca, servername, token } = data;
  const socket = connect({ ...address, ca, servername, ALPNProtocols: ["postgresql"] });
  cluster = new RawClient(socket);
  cluster.send(encodeFrontend.startup({ user: "admin", database: "postgres", application_name: "pg_dump" }));
  await cluster.until("R");
  cluster.send(encodeFrontend.password(token));
  return joined(await cluster.until("Z"));
}

async function answerMessage(client: RawClient, frame: Buffer): Promise<Buffer> {
  const type = String.fromCharCode(frame[0] ?? 0);
  if (type === "X") {
    client.socket.end();
    return Buffer.alloc(0);
  }
  assert.equal(type, "Q", "pg_dump sends simple queries");
  const text = decodeQuery(bodyOf(frame));
  const passage = data.isProxied ? proxy.passage(text) : { send: text };
  if ("tag" in passage) {
    return Buffer.concat([
      encodeBackend.commandComplete(passage.tag),
      encodeBackend.readyForQuery(transactionStatus),
    ]);
  }
  const messages = await client.query(passage.send);
  transactionStatus = messages.at(-1)?.frame.at(-1) ?? transactionStatus;
  return joined(messages);
}

function joined(messages: readonly Message[]): Buffer {
  return Buffer.concat(messages.map(({ frame }) => frame));
}
