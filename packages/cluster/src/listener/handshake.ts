/**
 * From a fresh socket to a start-up packet inside TLS: what PostgreSQL's postmaster does before it starts a backend.
 *
 *   plain    ── SSLRequest ──▶ "S", TLS ──▶ secure     once
 *   plain    ── GSSENCRequest ──▶ "N" ──▶ plain        once
 *   plain    ── first byte 0x16 ──▶ TLS ──▶ secure     direct TLS; ALPN must have been agreed on
 *   plain    ── first byte 0x16 ──▶ TLS ── HTTP upgrade to WebSocket ──▶ secure, inside of its frames
 *   plain    ── CancelRequest ──▶ cancel               libpq before 17 cancels without TLS
 *   plain    ── StartupMessage ──▶ refused             TLS is mandatory
 *   secure   ── CancelRequest ──▶ cancel
 *   secure   ── StartupMessage 3.x ──▶ startup
 *   any      ── anything else ──▶ refused, or gone where no PostgreSQL client would understand an answer
 *
 * Source: PostgreSQL documentation, "Message Flow"; postmaster's ProcessStartupPacket.
 * Tests: test/listener.test.ts.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";

import { errors } from "@dsql-local/spec";

import { SqlError } from "../base/index.ts";
import { MalformedMessage, type StartupPacket, decodeStartupPacket, encodeBackend } from "../wire/index.ts";

import type { CancelKey } from "./cancel-keys.ts";
import { peekByte, readStartupPacket } from "./packet-reader.ts";
import { receiveUpgrade } from "./websocket/index.ts";

export type Arrival =
  | {
      readonly kind: "startup";
      readonly stream: Duplex;
      readonly serverName: string | undefined;
      readonly protocolVersion: number;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: "cancel"; readonly stream: Duplex; readonly key: CancelKey }
  | { readonly kind: "refused"; readonly stream: Duplex; readonly error: SqlError }
  /** The client left, or spoke no PostgreSQL: nothing to answer. */
  | { readonly kind: "gone"; readonly reason?: string };

/** The protocol's name in TLS. Direct TLS must agree on it, so that no other protocol's traffic is taken for ours. */
const alpnProtocol = "postgresql";
/** The name of what a WebSocket begins with. Not all clients send it, and no message of PostgreSQL's begins as HTTP does. */
const alpnHttp = "http/1.1";
const firstOfHttp = "G".charCodeAt(0);

const tlsHandshakeRecord = 0x16;

export async function receive(socket: Socket, secureContext: SecureContext): Promise<Arrival> {
  const first = await peekByte(socket);
  if (first === undefined) return { kind: "gone" };
  if (first !== tlsHandshakeRecord) return receivePlain(socket, secureContext);
  const secure = await startTls(socket, secureContext);
  if (secure === undefined) return { kind: "gone", reason: "the TLS handshake failed" };
  if (secure.alpnProtocol === alpnProtocol) return receiveSecure(secure, serverNameOf(secure));
  const isHttp = secure.alpnProtocol === alpnHttp || (await peekByte(secure)) === firstOfHttp;
  if (!isHttp) return { kind: "gone", reason: "direct TLS without ALPN" };
  const unwrapped = await receiveUpgrade(secure);
  if (unwrapped === undefined) return { kind: "gone", reason: "HTTP without an upgrade to WebSocket" };
  return receiveSecure(unwrapped, serverNameOf(secure));
}

async function receivePlain(socket: Socket, secureContext: SecureContext): Promise<Arrival> {
  let isGssRefused = false;
  for (;;) {
    const packet = await readPacket(socket);
    switch (packet.kind) {
      case "gone":
      case "refused":
        return packet;
      case "cancel":
        return cancelArrival(socket, packet);
      case "startup":
        return refused(socket, startupError(packet.protocolVersion) ?? fatal(errors.tlsMandatory));
      case "gssenc":
        if (isGssRefused) return refused(socket, startupError(requestVersion(5680)));
        if (socket.readableLength > 0) return refused(socket, fatal(errors.unencryptedDataAfterGssRequest));
        isGssRefused = true;
        socket.write("N");
        break;
      case "ssl": {
        // Whatever was sent together with the request would be read as if it had come through TLS (CVE-2021-23222).
        if (socket.readableLength > 0) return refused(socket, fatal(errors.unencryptedDataAfterSslRequest));
        socket.write("S");
        const secure = await startTls(socket, secureContext);
        return secure === undefined
          ? { kind: "gone", reason: "the TLS handshake failed" }
          : receiveSecure(secure, serverNameOf(secure));
      }
    }
  }
}

async function receiveSecure(stream: Duplex, serverName: string | undefined): Promise<Arrival> {
  const packet = await readPacket(stream);
  switch (packet.kind) {
    case "gone":
    case "refused":
      return packet;
    case "cancel":
      return cancelArrival(stream, packet);
    case "ssl":
      return refused(stream, startupError(requestVersion(5679)));
    case "gssenc":
      return refused(stream, startupError(requestVersion(5680)));
    case "startup": {
      const error = startupError(packet.protocolVersion);
      if (error !== undefined) return refused(stream, error);
      const { protocolVersion, parameters } = packet;
      return { kind: "startup", stream, serverName, protocolVersion, parameters };
    }
  }
}

async function readPacket(stream: Duplex): Promise<StartupPacket | (Arrival & { kind: "gone" | "refused" })> {
  const packet = await readStartupPacket(stream);
  if (packet === undefined) return { kind: "gone", reason: "no start-up packet" };
  try {
    return decodeStartupPacket(packet);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    // A packet of protocol 2.0 has another layout; its version is still where it always is.
    return refused(stream, startupError(packet.readUInt32BE(4)) ?? fatal(errors.startupPacketMalformed));
  }
}

function startTls(socket: Socket, secureContext: SecureContext): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: [alpnProtocol, alpnHttp],
    });
    // The socket's own errors are logged where it was accepted; these are its echo, or TLS's.
    secure.on("error", () => undefined);
    secure.once("secure", () => {
      resolve(secure);
    });
    secure.once("close", () => {
      resolve(undefined);
    });
  });
}

/** Node sets it once the handshake is done: false where the client sent none. */
function serverNameOf(stream: TLSSocket): string | undefined {
  const { servername } = stream as TLSSocket & { readonly servername?: string | false | null };
  return typeof servername === "string" && servername !== "" ? servername : undefined;
}

function cancelArrival(stream: Duplex, { processId, secretKey }: CancelKey): Arrival {
  return { kind: "cancel", stream, key: { processId, secretKey } };
}

function refused(stream: Duplex, error: SqlError | undefined): Arrival & { kind: "refused" } {
  return { kind: "refused", stream, error: error ?? fatal(errors.startupPacketMalformed) };
}

/** The number under which PostgreSQL reports a request for encryption that comes out of turn. */
function requestVersion(code: number): number {
  return (1234 << 16) | code;
}

/** @returns undefined for every version 3.x: the session tells the client which minor version it gets */
function startupError(protocolVersion: number): SqlError | undefined {
  const [major, minor] = [protocolVersion >>> 16, protocolVersion & 0xffff];
  return major === 3 ? undefined : fatal(errors.unsupportedProtocol(major, minor));
}

function fatal(fact: Parameters<typeof SqlError.of>[0]): SqlError {
  return SqlError.of(fact, { severity: "FATAL" });
}

/** Writes the error as the last message of the stream. */
export function refuse(stream: Duplex, error: SqlError): void {
  if (stream.writable) stream.write(encodeBackend.errorResponse(error));
}
