/**
 * The HTTP request that begins a WebSocket, and our answer.
 *
 * Node's own HTTP parser reads it, with its bound of 16 KiB for headers; the deadline is that of the handshake. No
 * extension is agreed on, so nothing is compressed.
 *
 * Source: RFC 6455, section 4.2.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

import { WebSocketStream } from "./stream.ts";

// Source: RFC 6455, section 1.3.
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const version = "13";

const waiting = new WeakMap<Duplex, (stream: WebSocketStream | undefined) => void>();
/** It listens nowhere: connections are handed to it. */
const http = createServer();

http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  const refusal = refusalOf(request);
  if (refusal !== undefined) {
    socket.end(refusal);
    return;
  }
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}${acceptSuffix}`).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  waiting.get(socket)?.(new WebSocketStream(socket));
});
http.on("request", (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(426, { upgrade: "websocket", connection: "close", "content-type": "text/plain" });
  response.end("This is Aurora DSQL's port for PostgreSQL's protocol, plain or through WebSocket.\n");
});
http.on("clientError", (_error, socket) => socket.destroy());

/** @returns undefined where the client went away, or did not ask for a WebSocket */
export function receiveUpgrade(socket: Duplex): Promise<WebSocketStream | undefined> {
  return new Promise((resolve) => {
    waiting.set(socket, resolve);
    socket.once("close", () => {
      resolve(undefined);
    });
    http.emit("connection", socket);
  });
}

/** @returns what to answer to an upgrade that is not done */
function refusalOf({ method, headers }: IncomingMessage): string | undefined {
  const isWebSocket = headers.upgrade?.toLowerCase() === "websocket" && method === "GET";
  const key = headers["sec-websocket-key"] ?? "";
  if (headers["sec-websocket-version"] !== version)
    return `HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: ${version}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  if (isWebSocket && /^[A-Za-z0-9+/]{22}==$/.test(key)) return undefined;
  return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
}
