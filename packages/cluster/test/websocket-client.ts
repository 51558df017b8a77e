/**
 * A program with Node's own WebSocket, the one that browsers have: connects as a session, runs statements, prints what each
 * frame begins with. `node --experimental-websocket websocket-client.js <port>`, its input: the server's name, a token,
 * statements, as JSON.
 */
import { text } from "node:stream/consumers";
import { encodeFrontend } from "../src/wire/index.ts";

interface Socket {
  binaryType: string;
  onopen: () => void;
  onmessage: (event: { readonly data: ArrayBuffer }) => void;
  onerror: (event: { readonly message?: string }) => void;
  onclose: (event: { readonly code: number }) => void;
  send(bytes: Uint8Array): void;
  close(): void;
}
const { WebSocket } = globalThis as unknown as { readonly WebSocket: new (url: string) => Socket };

const input = JSON.parse(await text(process.stdin)) as {
  readonly url: string;
  readonly token: string;
  readonly statements: readonly string[];
};
const [...statements] = input.statements;
const socket = new WebSocket(input.url);
socket.binaryType = "arraybuffer";
const frames: string[] = [];
socket.onopen = () => {
  socket.send(encodeFrontend.startup({ user: "admin", database: "postgres" }));
};
socket.onmessage = ({ data }) => {
  const frame = Buffer.from(data);
  const type = frame.toString("latin1", 0, 1);
  const isWhole = frame.length === 1 + frame.readInt32BE(1);
  frames.push(isWhole ? type : `${type} of ${frame.length} bytes`);
  if (type === "R" && frame.readInt32BE(5) === 3) socket.send(encodeFrontend.password(input.token));
  if (type !== "Z") return;
  const next = statements.shift();
  if (next === undefined) socket.close();
  else socket.send(encodeFrontend.query(next));
};
socket.onerror = ({ message }) => frames.push(`error ${message ?? ""}`);
socket.onclose = ({ code }) => {
  process.stdout.write(JSON.stringify({ frames, code }));
};
