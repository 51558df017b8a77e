/**
 * The listener: accepts sockets, leads each through the handshake and hands what is left to a session.
 *
 * Always true
 * - A connection counts against the limits from its admission until its socket is closed.
 * - A cancel key works exactly as long as its connection.
 * - After `close` resolves no socket is left.
 *
 * Tests: test/listener.test.ts, with raw sockets, node:tls, pg and psql.
 */
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { type SecureContext, type TLSSocket, createSecureContext } from "node:tls";

import { errors } from "@dsql-local/spec";

import {
  type Clock,
  type Log,
  type Random,
  SqlError,
  silentLog,
  systemClock,
  systemRandom,
} from "../base/index.ts";

import { Admission, type ConnectionRate, connectionRateDefault, connectionsMaxDefault } from "./admission.ts";
import { type CancelKey, CancelKeys } from "./cancel-keys.ts";
import type { Certificates } from "./certificate-authority.ts";
import { type Arrival, receive, refuse } from "./handshake.ts";
import { isForCluster } from "./server-name.ts";

/** What a session gets: a connection that is encrypted, meant for this cluster, and asks to start. */
export interface ArrivedConnection {
  /** The decrypted stream. What the client sent after its start-up packet is still in it. */
  readonly socket: TLSSocket;
  /** Major version in the high 16 bits; the major is 3, the minor is for the session to negotiate. */
  readonly protocolVersion: number;
  readonly parameters: Readonly<Record<string, string>>;
  /** The host name that the client connected to. */
  readonly serverName: string;
  readonly cancelKey: CancelKey;
}

/** What the listener may ask of a session. */
export interface SessionHandle {
  /** The client asked, on another connection, to stop the running statement. */
  cancel(): void;
  /** The listener closes: say goodbye and end the socket. Without it, the listener ends the socket. */
  end?(): void;
  /** Settles when the session has let go of everything; the listener then closes the socket. */
  readonly closed: Promise<void>;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly certificates: Certificates;
  /** What a client must ask for. */
  readonly cluster: { readonly id: string; readonly region: string };
  readonly onSession: (connection: ArrivedConnection) => SessionHandle;
  readonly connectionsMax?: number | undefined;
  readonly connectionRate?: ConnectionRate | undefined;
  /** After this the socket is closed without a word, as the service does. */
  readonly connectionLifetimeMs?: number | undefined;
  /** From accepting the socket to the end of the start-up packet. */
  readonly handshakeMsMax?: number | undefined;
  /** How long `close` waits for sessions to end. */
  readonly closeGraceMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly log?: Log | undefined;
}

export interface Listener {
  readonly port: number;
  /** Sessions open now. */
  readonly connections: number;
  close(): Promise<void>;
}

const connectionLifetimeMsDefault = 60 * 60 * 1000;
const handshakeMsMaxDefault = 30_000;
const closeGraceMsDefault = 2_000;

/** Sockets beyond the connections proper: those that are still shaking hands. What comes on top is closed at once. */
const handshakesMax = 1_000;

// A peer that vanished without closing is noticed by keep-alive probes.
const keepAliveMs = 60_000;

/** How long a socket may take to close after the last word was written to it. */
const farewellMsMax = 1_000;

/** @throws the error of `listen`, `EADDRINUSE` say */
export async function createListener(options: ListenerOptions): Promise<Listener> {
  const listener = new TlsListener(options);
  await listener.listen();
  return listener;
}

class TlsListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #server: Server;
  readonly #secureContext: SecureContext;
  readonly #admission: Admission;
  readonly #cancelKeys: CancelKeys;
  /** Every open socket; its session, and the stream in TLS, once it has them. */
  readonly #sockets = new Map<
    Socket,
    { readonly session: SessionHandle; readonly stream: TLSSocket } | undefined
  >();
  #isClosing = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    const connectionsMax = options.connectionsMax ?? connectionsMaxDefault;
    const connectionRate = options.connectionRate ?? connectionRateDefault;
    this.#admission = new Admission({ connectionsMax, connectionRate, clock: this.#clock });
    this.#cancelKeys = new CancelKeys(options.random ?? systemRandom);
    this.#secureContext = createSecureContext({
      cert: options.certificates.certificate,
      key: options.certificates.key,
      minVersion: "TLSv1.2",
      // Lets clients resume a TLS session with a ticket, which spares both sides most of the handshake.
      sessionIdContext: options.cluster.id,
    });
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
      (socket) => {
        this.#accept(socket);
      },
    );
    this.#server.maxConnections = connectionsMax + handshakesMax;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#admission.connections;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 1_024 }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => {
          this.#log({ event: "listener.error", reason: error.message });
        });
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const [socket, opened] of this.#sockets) {
      if (opened === undefined) socket.destroy();
      else if (opened.session.end !== undefined) opened.session.end();
      else {
        opened.session.cancel();
        this.#closeSoon(opened.stream);
      }
    }
    const stopWaiting = this.#clock.setTimer(this.#options.closeGraceMs ?? closeGraceMsDefault, () => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    });
    await closed;
    stopWaiting();
  }

  #accept(socket: Socket): void {
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", (error) => {
      this.#log({ event: "connection.error", reason: error.message });
    });
    this.#receive(socket).catch((error: unknown) => {
      socket.destroy();
      this.#log({ event: "connection.failed", error });
    });
  }

  async #receive(socket: Socket): Promise<void> {
    const stopDeadline = this.#clock.setTimer(this.#options.handshakeMsMax ?? handshakeMsMaxDefault, () => {
      this.#log({ event: "connection.refused", reason: "the handshake took too long" });
      socket.destroy();
    });
    socket.once("close", stopDeadline);
    const arrival = await receive(socket, this.#secureContext);
    stopDeadline();
    switch (arrival.kind) {
      case "gone":
        if (arrival.reason !== undefined) this.#log({ event: "connection.refused", reason: arrival.reason });
        socket.destroy();
        return;
      case "refused":
        this.#refuse(arrival.stream, arrival.error);
        return;
      case "cancel":
        this.#log({ event: "cancel.requested", isKnown: this.#cancelKeys.cancel(arrival.key) });
        this.#closeSoon(arrival.stream);
        return;
      case "startup":
        this.#admit(socket, arrival);
    }
  }

  #admit(socket: Socket, arrival: Arrival & { kind: "startup" }): void {
    const { stream, serverName, parameters, protocolVersion } = arrival;
    if (stream.destroyed) return; // gone already: there will be no event to count it out again
    const fact =
      serverName === undefined
        ? errors.sniMissing
        : !isForCluster(this.#options.cluster, serverName, parameters["options"])
          ? errors.accessDenied
          : this.#admission.enter();
    if (serverName === undefined || fact !== undefined) {
      this.#refuse(stream, SqlError.of(fact ?? errors.sniMissing, { severity: "FATAL" }));
      return;
    }
    const cancelKey = this.#cancelKeys.issue(() => this.#sockets.get(socket)?.session.cancel());
    const stopLifetime = this.#clock.setTimer(
      this.#options.connectionLifetimeMs ?? connectionLifetimeMsDefault,
      () => {
        this.#log({ event: "connection.lifetime.over", processId: cancelKey.processId });
        stream.destroy();
      },
    );
    stream.once("close", () => {
      stopLifetime();
      this.#cancelKeys.withdraw(cancelKey);
      this.#admission.leave();
    });
    const session = this.#options.onSession({
      socket: stream,
      protocolVersion,
      parameters,
      serverName,
      cancelKey,
    });
    this.#sockets.set(socket, { session, stream });
    session.closed
      .catch((error: unknown) => {
        this.#log({ event: "session.failed", error });
      })
      .finally(() => {
        this.#closeSoon(stream);
      });
  }

  #refuse(stream: Socket, error: SqlError): void {
    this.#log({ event: "connection.refused", sqlstate: error.sqlstate, reason: error.message });
    refuse(stream, error);
    this.#closeSoon(stream);
  }

  /** Ends the stream once everything is written, and insists if the client does not let go. */
  #closeSoon(stream: Socket): void {
    if (stream.destroyed) return;
    stream.resume(); // unread input would make the kernel answer with a reset, and the last message would be lost
    stream.end();
    const stopWaiting = this.#clock.setTimer(farewellMsMax, () => stream.destroy());
    stream.once("close", stopWaiting);
  }
}
