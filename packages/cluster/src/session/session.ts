/**
 * A session: what the server remembers for one connection, and the loop that answers its messages one after the other.
 *
 * Always true
 * - Messages are answered in order; an error in the extended protocol skips to the next Sync, which answers once.
 * - A client that vanishes ends its transaction.
 * - Nothing of a session is visible to another.
 *
 * Source: PostgreSQL documentation, "Message Flow".
 */
import type { Duplex } from "node:stream";
import { type ErrorFact, errors } from "@dsql-local/spec";
import { defined, type MemoryAccount, readExactly, type SessionState, SqlError } from "../base/index.ts";
import { BackendLost } from "../backend/index.ts";
import {
  bodyOf,
  decodePassword,
  decodeQuery,
  encodeBackend,
  FrameError,
  InvalidText,
  frontendType,
  MalformedMessage,
} from "../wire/index.ts";
import { ConnectionLost } from "./connection-lost.ts";
import { ClientWriter } from "./client-writer.ts";
import { type Answering, ExtendedQuery } from "./extended-query.ts";
import { type Frame, FrameQueue } from "./frame-queue.ts";
import { ReportedParameters } from "./reported-parameters.ts";
import type { SessionServices } from "./services.ts";
import type { SessionObjects } from "./session-objects.ts";
import { runSimpleQuery, type SimpleQueryContext } from "./simple-query.ts";
import { authenticate, readIdentity, readSettings } from "./startup.ts";
import { StatementRunner } from "./statement-runner.ts";

/** A connection as the listener hands it over. */
export interface Connection {
  readonly socket: Duplex;
  readonly protocolVersion: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly cancelKey: { readonly processId: number; readonly secretKey: number };
  /**
   * The client has shown who it is.
   *
   * @throws {SqlError} FATAL: there is no place for it
   */
  readonly admit: () => void;
}

/** PostgreSQL's own bound on what a client sends before it is known; a token has some 2,000. */
const passwordBytesMax = 65_535;

/** How long a client that is being ended may take to read why. */
const farewellMsMax = 1_000;

/** Messages of the extended protocol: an error in one of them skips up to the next Sync. */
const extendedTypes: ReadonlySet<number> = new Set([
  frontendType.parse,
  frontendType.bind,
  frontendType.describe,
  frontendType.execute,
  frontendType.close,
  frontendType.flush,
]);

const protocolMinor = 0;

export class Session {
  /** Settles when the session has let go of everything. */
  readonly closed: Promise<void>;
  readonly #connection: Connection;
  readonly #services: SessionServices;
  readonly #writer: ClientWriter;
  readonly #memory: MemoryAccount;
  /** Once the client is known: what it sends before has bounds of its own. */
  #queue: FrameQueue | undefined;
  #runner: StatementRunner | undefined;
  #extended: ExtendedQuery | undefined;
  #isSkipping = false;
  /** Once it has started. */
  #role: string | undefined;
  #endedFor: string | undefined;
  readonly #connectedAtMs = Date.now();
  #leaveList: (() => void) | undefined;

  constructor(connection: Connection, services: SessionServices) {
    this.#connection = connection;
    this.#services = services;
    this.#writer = new ClientWriter(connection.socket);
    this.#memory = services.memory.open(() => {
      this.#endForMemory();
    });
    // A client that vanishes in the middle of a statement must not keep it running.
    connection.socket.on("close", () => this.#runner?.cancel());
    this.closed = this.#live();
  }

  cancel(): void {
    this.#runner?.cancel();
  }

  /** The server stops: the client is told, as PostgreSQL tells it. */
  end(): void {
    const message = "terminating connection due to administrator command";
    this.#writer.write(encodeBackend.errorResponse({ severity: "FATAL", sqlstate: "57P01", message }));
    this.#writer.end();
  }

  /** All sessions together keep more than they may, and this one the most. */
  #endForMemory(): void {
    const { log, clock } = this.#services;
    const { socket } = this.#connection;
    log({ event: "session.endedForMemory" });
    const message = "out of memory";
    const detail =
      "The sessions keep more data for their clients than they may together, and this one the most.";
    this.#writer.write(
      encodeBackend.errorResponse({ severity: "FATAL", sqlstate: "53200", message, detail }),
    );
    this.#writer.end();
    this.#queue?.drop();
    this.#runner?.cancel();
    const stopWaiting = clock.setTimer(farewellMsMax, () => socket.destroy());
    socket.once("close", stopWaiting);
  }

  async #live(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      this.#lastWord(error);
    } finally {
      await this.#runner?.close().catch((error: unknown) => {
        this.#services.log({ event: "session.closeFailed", reason: String(error) });
      });
      this.#extended?.forgetAll();
      this.#memory.close();
      this.#writer.end();
      this.#announceEnd();
    }
  }

  #told(sessionId: number, role: string): SessionState {
    const applicationName = this.#runner?.applicationName ?? "";
    const told = this.#runner?.told ?? { statement: "", runningMs: undefined, transaction: undefined };
    return { sessionId, role, applicationName, connectedAtMs: this.#connectedAtMs, ...told };
  }

  /** Also of one that was not let in. */
  #announceEnd(): void {
    this.#leaveList?.();
    const { coordinator } = this.#services;
    const role = this.#role ?? this.#connection.parameters["user"] ?? "";
    const reason = this.#endedFor;
    if (this.#role === undefined && reason === undefined) return;
    const { processId: sessionId } = this.#connection.cancelKey;
    coordinator.events.emit("sessionEnded", { sessionId, role, reason });
  }

  async #start(): Promise<void> {
    const { parameters, protocolVersion, cancelKey } = this.#connection;
    const { user } = readIdentity(parameters);
    const unknownOptions = Object.keys(parameters).filter((name) => name.startsWith("_pq_."));
    if ((protocolVersion & 0xffff) > protocolMinor || unknownOptions.length > 0) {
      this.#writer.write(encodeBackend.negotiateProtocolVersion(protocolMinor, unknownOptions));
    }
    this.#writer.write(encodeBackend.authenticationCleartextPassword());
    this.#writer.flush();
    await authenticate(this.#services, await this.#readPassword(), user);
    await this.#meetFaults(user);
    this.#connection.admit();
    const { parser, coordinator, limits } = this.#services;
    const memory = this.#memory;
    const queue = new FrameQueue(this.#connection.socket, limits.messageBytesMax, memory);
    this.#queue = queue;
    const { settings, reported: requested } = await readSettings(parameters, user, coordinator);
    const reported = new ReportedParameters(user, requested, (bytes) => {
      this.#writer.write(bytes);
    });
    const shared = { parser, coordinator, memory, writer: this.#writer, queue };
    const forgetPrepared = (): void => this.#extended?.forgetPrepared();
    const objects = async (): Promise<SessionObjects> =>
      (await this.#extended?.objects()) ?? { prepared: [], cursors: [] };
    const services = this.#services;
    this.#runner = new StatementRunner({
      services,
      sessionId: cancelKey.processId,
      role: user,
      settings,
      reported,
      forgetPrepared,
      objects,
      disconnect: () => {
        this.#writer.end();
      },
    });
    const context = { ...shared, runner: this.#runner };
    this.#extended = new ExtendedQuery({ ...context, clock: services.clock });
    this.#writer.write(encodeBackend.authenticationOk());
    this.#role = user;
    this.#leaveList = coordinator.sessions.add(() => this.#told(cancelKey.processId, user));
    coordinator.events.emit("sessionStarted", { sessionId: cancelKey.processId, role: user });
    reported.tellAll();
    this.#writer.write(encodeBackend.backendKeyData(cancelKey.processId, cancelKey.secretKey));
    this.#ready();
    await this.#serve(context);
  }

  /** Faults on demand, of a client that would have been let in. @throws {SqlError} FATAL */
  async #meetFaults(role: string): Promise<void> {
    const { faults, latency } = this.#services.coordinator;
    await latency.connect();
    if (faults.isEmpty) return;
    const place = { role, applicationName: this.#connection.parameters["application_name"] ?? "" };
    await faults.delay("connect", place);
    const refusal = faults.take("refuse-connection", place)?.options.at;
    if (refusal === undefined) return;
    throw SqlError.of(refusals[refusal] ?? errors.accessDenied, { severity: "FATAL" });
  }

  /** Not one byte more is read before the client is known: it waits in the system's buffers, which are bounded. */
  async #readPassword(): Promise<string> {
    const { socket } = this.#connection;
    const header = await readExactly(socket, 5);
    if (header?.[0] === undefined || header[0] === frontendType.terminate) throw new ClientGone();
    if (header[0] !== frontendType.password) throw unexpected(header[0]);
    const length = header.readInt32BE(1);
    if (length < 5 || length > passwordBytesMax)
      throw new FrameError(`password message length ${length} is outside 5 to ${passwordBytesMax}`);
    const body = await readExactly(socket, length - 4);
    if (body === undefined) throw new ClientGone();
    return decodePassword(body);
  }

  /** What a client sends after it has waited for an answer. */
  async #asked(queue: FrameQueue): Promise<Frame | undefined> {
    const frame = await queue.next();
    const trip = this.#services.coordinator.latency.roundTrip();
    if (trip !== undefined) await trip;
    return frame;
  }

  async #serve(context: SimpleQueryContext): Promise<void> {
    const { queue, writer } = context;
    for (;;) {
      // Who does not read answers is not asked for more questions.
      if (writer.isFull) await writer.drained();
      const frame = queue.take() ?? (await this.#asked(queue));
      if (frame === undefined || frame.type === frontendType.terminate) return;
      try {
        const answering = this.#answer(frame, context);
        if (answering instanceof Promise) await answering;
      } catch (error) {
        await this.#fail(error, frame);
      }
    }
  }

  #answer(frame: Frame, context: SimpleQueryContext): Answering {
    const { type, bytes } = frame;
    if (this.#isSkipping && type !== frontendType.sync) return;
    const extended = defined(this.#extended, "a served session has started");
    const body = bodyOf(bytes);
    switch (type) {
      case frontendType.query:
        return this.#answerQuery(context, extended, decodeQuery(body));
      case frontendType.parse:
        return extended.parse(body);
      case frontendType.bind:
        return extended.bind(body);
      case frontendType.describe:
        return extended.describe(body);
      case frontendType.execute:
        return extended.execute(body);
      case frontendType.close:
        return extended.close(body);
      case frontendType.flush:
        return extended.flush();
      case frontendType.sync:
        return this.#answerSync(extended);
      case frontendType.functionCall:
        throw new SqlError({
          sqlstate: "0A000",
          message: "function calls by object identifier are not supported",
        });
      case frontendType.copyData:
      case frontendType.copyDone:
      case frontendType.copyFail:
        return; // The rest of a COPY that has failed.
      default:
        throw unexpected(type);
    }
  }

  async #answerQuery(context: SimpleQueryContext, extended: ExtendedQuery, text: string): Promise<void> {
    await runSimpleQuery(context, text);
    extended.endPortals();
    this.#ready();
  }

  #answerSync(extended: ExtendedQuery): Answering {
    this.#isSkipping = false;
    const answering = extended.sync();
    if (answering instanceof Promise) return answering.then(() => this.#ready());
    this.#ready();
  }

  async #fail(error: unknown, frame: Frame): Promise<void> {
    const told = this.#asSqlError(error);
    if (told.severity === "FATAL") throw told;
    await this.#runner?.failed();
    this.#extended?.abandon();
    this.#tell(told);
    if (extendedTypes.has(frame.type)) this.#isSkipping = true;
    else this.#ready();
  }

  /** @throws what ends the session: our own defects, a stream that cannot be followed */
  #asSqlError(error: unknown): SqlError {
    const told = clientErrorOf(error);
    if (told === undefined) throw error;
    return told;
  }

  #ready(): void {
    this.#writer.write(encodeBackend.readyForQuery(this.#runner?.block.status ?? 0x49));
    this.#writer.flush();
  }

  #tell(error: SqlError): void {
    const { severity, sqlstate, message, detail, hint, position, objects } = error;
    this.#writer.write(
      encodeBackend.errorResponse({ severity, sqlstate, message, detail, hint, position, objects }),
    );
    this.#writer.flush();
  }

  #lastWord(error: unknown): void {
    if (error instanceof ClientGone || error instanceof ConnectionLost) return;
    this.#endedFor = error instanceof Error ? error.message : String(error);
    if (error instanceof FrameError) {
      // The service closes without a word here, which puzzles people; the log says why.
      this.#services.log({ event: "connection.closed", reason: error.message });
      return;
    }
    const told = clientErrorOf(error);
    if (told !== undefined) {
      this.#tell(told.with({ severity: "FATAL" }));
      return;
    }
    const stack = error instanceof Error ? error.stack : String(error);
    this.#services.log({ event: "session.defect", stack });
    const hint = "This is a defect of dsql-local. Its log has the details; please report it.";
    this.#tell(new SqlError({ severity: "FATAL", sqlstate: "XX000", message: "internal error", hint }));
  }
}

/** @returns undefined for what is our own defect */
function clientErrorOf(error: unknown): SqlError | undefined {
  if (error instanceof SqlError) return error;
  if (error instanceof InvalidText) return new SqlError({ sqlstate: "22021", message: error.message });
  if (error instanceof MalformedMessage) return new SqlError({ sqlstate: "08P01", message: error.message });
  if (error instanceof BackendLost) return error.asSqlError();
  return undefined;
}

/** By `at` of a `refuse-connection` fault. */
const refusals: Readonly<Record<string, ErrorFact>> = {
  "access-denied": errors.accessDenied,
  "rate-exceeded": errors.connectionRate,
  "waking-up": errors.wakingUp,
};

class ClientGone extends Error {
  override readonly name = "ClientGone";
}

function unexpected(type: number): SqlError {
  return new SqlError({
    severity: "FATAL",
    sqlstate: "08P01",
    message: `invalid frontend message type ${type}`,
  });
}
