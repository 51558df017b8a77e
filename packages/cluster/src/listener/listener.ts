/**
 * The listener: accepts sockets, leads each through the handshake and hands what is left to a session of the cluster
 * that the client named.
 *
 * Always true
 * - A connection counts against its cluster's limits from the moment its client has shown who it is until its socket is
 *   closed. Until then it is a newcomer: it has `handshakeMsMax` and `passwordMsMax`, and makes room where there are many.
 * - A cancel key works exactly as long as its connection.
 * - After `close` resolves no socket is left.
 *
 * Tests: test/listener.test.ts, with raw sockets, node:tls, pg and psql.
 */
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, createSecureContext } from "node:tls";

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
import { listenOn, type PortChoice } from "./listen.ts";
import { Newcomers } from "./newcomers.ts";
import { type ClusterName, clusterNameOf } from "./server-name.ts";

/** What a session gets: a connection that is encrypted, meant for its cluster, and asks to start. */
export interface ArrivedConnection {
  /** The decrypted stream, out of its frames where it came through WebSocket. What followed the start-up packet is in it. */
  readonly socket: Duplex;
  /** Major version in the high 16 bits; the major is 3, the minor is for the session to negotiate. */
  readonly protocolVersion: number;
  readonly parameters: Readonly<Record<string, string>>;
  /** The host name that the client connected to; undefined where it named its cluster by an option alone. */
  readonly serverName: string | undefined;
  readonly cancelKey: CancelKey;
  /**
   * To be called once, when the client has shown who it is: from here on it counts against its cluster's limits.
   *
   * @throws {SqlError} FATAL 53300 or 53400: a limit is reached
   */
  readonly admit: () => void;
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

/** A cluster that clients can reach. */
export interface ListenedCluster {
  /** While its data are being brought up: resolves when sessions may begin, rejects where they never can. */
  readonly opening: Promise<void> | undefined;
  readonly onSession: (connection: ArrivedConnection) => SessionHandle;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: PortChoice;
  readonly certificates: Certificates;
  /** @returns undefined where no cluster of this name takes clients */
  readonly find: (name: ClusterName | "default") => ListenedCluster | undefined;
  /** Of each cluster. */
  readonly connectionsMax?: number | undefined;
  /** Of each cluster. */
  readonly connectionRate?: ConnectionRate | undefined;
  /** After this the socket is closed without a word, as the service does. */
  readonly connectionLifetimeMs?: number | undefined;
  /** From accepting the socket to the end of the start-up packet. */
  readonly handshakeMsMax?: number | undefined;
  /** From the end of the start-up packet until the client has shown who it is. */
  readonly passwordMsMax?: number | undefined;
  /** Connections, over all clusters, whose client has not shown yet who it is. */
  readonly newcomersMax?: number | undefined;
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
  /** For handshakes from now on. */
  useCertificates(certificates: Certificates): void;
  /** Ends the sessions of one cluster. */
  disconnect(cluster: ListenedCluster): void;
  close(): Promise<void>;
}

const connectionLifetimeMsDefault = 60 * 60 * 1000;
const handshakeMsMaxDefault = 30_000;
/** As the service, which waits ten seconds. */
const passwordMsMaxDefault = 10_000;
/** Twice the connections that the service lets come at once. */
const newcomersMaxDefault = 2_000;
const closeGraceMsDefault = 2_000;

/** Sockets open at once, over all clusters and newcomers. What comes on top is closed at once. */
const socketsMax = 20_000;

// A peer that vanished without closing is noticed by keep-alive probes.
const keepAliveMs = 60_000;

/** Not the service's: its clusters are there. PostgreSQL's code for a server that cannot take a connection now. */
const notStarted = {
  severity: "FATAL",
  sqlstate: "57P03",
  message: "the cluster could not be started",
  hint: "The log of dsql-local says why; `dsql start --verbose` shows it.",
} as const;

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
  #secureContext: SecureContext;
  /** The limits are each cluster's own. */
  readonly #admissions = new Map<ListenedCluster, Admission>();
  readonly #cancelKeys: CancelKeys;
  /** Every open socket; its session, and the stream in TLS, once it has them. */
  readonly #sockets = new Map<
    Socket,
    | { readonly session: SessionHandle; readonly stream: Duplex; readonly cluster: ListenedCluster }
    | undefined
  >();
  readonly #newcomers: Newcomers<Socket>;
  #isClosing = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#newcomers = new Newcomers(options.newcomersMax ?? newcomersMaxDefault, (socket) => {
      this.#log({ event: "connection.refused", reason: "too many connections wait for their password" });
      socket.destroy();
    });
    this.#cancelKeys = new CancelKeys(options.random ?? systemRandom);
    this.#secureContext = secureContextOf(options.certificates);
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
      (socket) => {
        this.#accept(socket);
      },
    );
    this.#server.maxConnections = socketsMax;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    let connections = 0;
    for (const admission of this.#admissions.values()) connections += admission.connections;
    return connections;
  }

  useCertificates(certificates: Certificates): void {
    this.#secureContext = secureContextOf(certificates);
  }

  disconnect(cluster: ListenedCluster): void {
    for (const opened of this.#sockets.values()) if (opened?.cluster === cluster) this.#end(opened);
    this.#admissions.delete(cluster);
  }

  async listen(): Promise<void> {
    await listenOn(this.#server, this.#options.host, this.#options.port);
    this.#server.on("error", (error) => {
      this.#log({ event: "listener.error", reason: error.message });
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
      else this.#end(opened);
    }
    const stopWaiting = this.#clock.setTimer(this.#options.closeGraceMs ?? closeGraceMsDefault, () => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    });
    await closed;
    stopWaiting();
  }

  #end({ session, stream }: { readonly session: SessionHandle; readonly stream: Duplex }): void {
    if (session.end !== undefined) {
      session.end();
      return;
    }
    session.cancel();
    this.#closeSoon(stream);
  }

  #accept(socket: Socket): void {
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, undefined);
    this.#newcomers.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#newcomers.delete(socket);
    });
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
        await this.#admit(socket, arrival);
    }
  }

  async #admit(socket: Socket, arrival: Arrival & { kind: "startup" }): Promise<void> {
    const { stream, serverName, parameters } = arrival;
    const name = clusterNameOf(serverName, parameters["options"]);
    if (serverName === undefined && name === undefined) {
      this.#refuse(stream, SqlError.of(errors.sniMissing, { severity: "FATAL" }));
      return;
    }
    const cluster = name === undefined ? undefined : this.#options.find(name);
    if (cluster === undefined) {
      this.#log({ event: "cluster.unknown", serverName });
      this.#refuse(stream, SqlError.of(errors.accessDenied, { severity: "FATAL" }));
      return;
    }
    if (cluster.opening !== undefined && !(await hasOpened(cluster.opening))) {
      this.#refuse(stream, new SqlError(notStarted));
      return;
    }
    if (stream.destroyed || this.#isClosing) return; // gone already: there will be no event to count it out again
    this.#begin(socket, arrival, cluster);
  }

  /** Takes a place among the known clients. @throws {SqlError} FATAL: there is none */
  #enter(socket: Socket, stream: Duplex, cluster: ListenedCluster): void {
    if (stream.destroyed) return; // Gone already: there will be no event to count it out again.
    const admission = this.#admissionOf(cluster);
    const fact = admission.enter();
    if (fact !== undefined) throw SqlError.of(fact, { severity: "FATAL" });
    this.#newcomers.delete(socket);
    stream.once("close", () => {
      admission.leave();
    });
  }

  #admissionOf(cluster: ListenedCluster): Admission {
    const known = this.#admissions.get(cluster);
    if (known !== undefined) return known;
    const { connectionsMax = connectionsMaxDefault, connectionRate = connectionRateDefault } = this.#options;
    const admission = new Admission({ connectionsMax, connectionRate, clock: this.#clock });
    this.#admissions.set(cluster, admission);
    return admission;
  }

  #begin(socket: Socket, arrival: Arrival & { kind: "startup" }, cluster: ListenedCluster): void {
    const { stream, serverName, parameters, protocolVersion } = arrival;
    const cancelKey = this.#cancelKeys.issue(() => this.#sockets.get(socket)?.session.cancel());
    const stopLifetime = this.#clock.setTimer(
      this.#options.connectionLifetimeMs ?? connectionLifetimeMsDefault,
      () => {
        this.#log({ event: "connection.lifetime.over", processId: cancelKey.processId });
        stream.destroy();
      },
    );
    const stopPassword = this.#clock.setTimer(this.#options.passwordMsMax ?? passwordMsMaxDefault, () => {
      this.#log({ event: "connection.refused", reason: "the password took too long" });
      stream.destroy();
    });
    stream.once("close", () => {
      stopPassword();
      stopLifetime();
      this.#cancelKeys.withdraw(cancelKey);
    });
    const session = cluster.onSession({
      socket: stream,
      protocolVersion,
      parameters,
      serverName,
      cancelKey,
      admit: () => {
        stopPassword();
        this.#enter(socket, stream, cluster);
      },
    });
    this.#sockets.set(socket, { session, stream, cluster });
    session.closed
      .catch((error: unknown) => {
        this.#log({ event: "session.failed", error });
      })
      .finally(() => {
        this.#closeSoon(stream);
      });
  }

  #refuse(stream: Duplex, error: SqlError): void {
    this.#log({ event: "connection.refused", sqlstate: error.sqlstate, reason: error.message });
    refuse(stream, error);
    this.#closeSoon(stream);
  }

  /** Ends the stream once everything is written, and insists if the client does not let go. */
  #closeSoon(stream: Duplex): void {
    if (stream.destroyed) return;
    stream.resume(); // unread input would make the kernel answer with a reset, and the last message would be lost
    stream.end();
    const stopWaiting = this.#clock.setTimer(farewellMsMax, () => stream.destroy());
    stream.once("close", stopWaiting);
  }
}

function secureContextOf({ certificate, key }: Certificates): SecureContext {
  return createSecureContext({
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    // Lets clients resume a TLS session with a ticket, which spares both sides most of the handshake.
    sessionIdContext: "dsql-local",
  });
}

function hasOpened(opening: Promise<void>): Promise<boolean> {
  return opening.then(
    () => true,
    () => false, // Whoever opens the cluster says why.
  );
}
