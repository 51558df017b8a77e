/**
 * From an address to a byte stream: TCP or a Unix socket, TLS by SSLRequest or direct, with or without SNI.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Duplex } from "node:stream";
import { sslRequest } from "./frontend.ts";

/** Where the judged server is and how one gets in. */
export interface Target {
  /** Address to connect to: a host name, an IP address or the path of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Absent: no TLS, for a plain PostgreSQL. */
  readonly tls?: {
    /** The cluster's endpoint: goes into SNI and is what the certificate must name. */
    readonly servername: string;
    /** PEM of the certificate authority; absent: those that Node knows. */
    readonly ca?: string;
  };
  readonly user: string;
  readonly database: string;
  /** A password, made per connection because a token expires. */
  password(user: string): Promise<string>;
  /** ARN of the IAM role or user whose credentials sign the tokens, where it is known. */
  readonly principalArn?: string;
}

export type Negotiation = "sslRequest" | "direct";

const connectWithinMs = 30_000;

/** A socket with nothing sent on it. */
export function openSocket(target: Target): Promise<Socket> {
  const isPath = target.host.startsWith("/");
  const socket = isPath ? connectTcp(target.host) : connectTcp(target.port, target.host);
  socket.setNoDelay(true);
  return settle(socket, "connect");
}

/** @returns the one byte with which the server answers SSLRequest or GSSENCRequest */
export function askForEncryption(socket: Socket, request: Buffer): Promise<string> {
  socket.write(request);
  return new Promise((resolve, reject) => {
    const fail = (error?: Error): void => {
      reject(
        error ??
          new Error("the server closed the connection instead of answering the request for encryption"),
      );
    };
    socket.once("error", fail).once("close", () => {
      fail();
    });
    socket.once("readable", () => {
      const answer = socket.read(1) as Buffer | null;
      if (answer === null) fail();
      else resolve(answer.toString("latin1"));
    });
  });
}

export async function openTransport(
  target: Target,
  negotiation: Negotiation = "sslRequest",
): Promise<Duplex> {
  const socket = await openSocket(target);
  if (target.tls === undefined) return socket;
  if (negotiation === "sslRequest") {
    const answer = await askForEncryption(socket, sslRequest());
    if (answer !== "S") throw new Error(`the server answered SSLRequest with ${JSON.stringify(answer)}`);
  }
  return startTls(socket, {
    ...target.tls,
    ...(negotiation === "direct" ? { ALPNProtocols: ["postgresql"] } : {}),
  });
}

/** TLS over an open socket; without `servername` no SNI is sent, and the certificate's name is not checked. */
export function startTls(socket: Socket, options: ConnectionOptions): Promise<Duplex> {
  const secured = connectTls({
    socket,
    minVersion: "TLSv1.2",
    ...(options.servername === undefined ? { checkServerIdentity: () => undefined } : {}),
    ...options,
  });
  return settle(secured, "secureConnect");
}

function settle<Stream extends Duplex>(stream: Stream, opened: string): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stream.destroy(new Error(`no connection within ${connectWithinMs} ms`));
    }, connectWithinMs);
    const end = (run: () => void) => (): void => {
      clearTimeout(timer);
      stream.off("error", refuse);
      run();
    };
    const refuse = (error: Error): void => {
      end(() => {
        reject(error);
      })();
    };
    stream.once("error", refuse);
    stream.once(
      opened,
      end(() => {
        resolve(stream);
      }),
    );
  });
}
