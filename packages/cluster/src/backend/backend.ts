/**
 * One connection to the embedded PostgreSQL, and so one of its backend processes.
 *
 * Requests are exchanges: some frontend messages that end in one Sync or Query, and a receiver for what comes back up
 * to the next ReadyForQuery. Exchanges may be sent while earlier ones are still being answered; answers arrive in order.
 *
 * Always true
 * - Each exchange hears `ready` or `lost` exactly once, in the order of sending.
 * - After `lost` the backend takes no further exchange.
 *
 * Source: PostgreSQL documentation, "Message Flow" and "Pipelining".
 */
import { connect, type Socket } from "node:net";
import { errors, limits } from "@dsql-local/spec";
import { announcement, assert, defined, SqlError } from "../base/index.ts";
import {
  backendType,
  bodyOf,
  decodeErrorFields,
  decodeParameterStatus,
  decodeReadyStatus,
  encodeBackend,
  encodeFrontend,
  errorFieldsOf,
  FrameSplitter,
} from "../wire/index.ts";
import { Settings } from "./settings.ts";
import { PreparedCache } from "./prepared-cache.ts";

/** Hears the answer to one exchange. */
export interface Receiver {
  message(type: number, frame: Buffer): void;
  /** @param status - of the transaction: `I`, `T` or `E` */
  ready(status: number): void;
  /** The connection broke before the answer was whole. */
  lost(error: Error): void;
}

export type BackendAddress =
  /** A Unix socket, open to this cluster alone; or loopback TCP, with the password of the system's role. */
  { readonly path: string } | { readonly host: string; readonly port: number; readonly password: string };

export interface BackendOptions {
  readonly address: BackendAddress;
  /** The database role that statements run as. */
  readonly user: string;
  /** Its password, where PostgreSQL asks for one. */
  readonly password?: string | undefined;
  /** Hears that the backend is not, or no longer, what it was opened for; it is lost then. */
  readonly onBreach?: ((breach: RightsBreach) => void) | undefined;
  /** Temporary files that one statement may need; without a bound by default. */
  readonly temporaryBytesMax?: number | undefined;
  /** PostgreSQL's settings from the start on, by name. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** What PostgreSQL reports of whom a backend serves, and must not. */
export interface RightsBreach {
  readonly processId: number;
  readonly role: string;
  readonly parameter: string;
  readonly value: string;
}

/** The embedded PostgreSQL or our connection to it went away. */
export class BackendLost extends Error {
  override readonly name = "BackendLost";

  /** What the client hears, who knows of no embedded PostgreSQL. */
  asSqlError(): SqlError {
    return SqlError.of(errors.serverUnavailable);
  }
}

/** It was taken away on purpose, the transaction with it: the client loses its connection, as by a failover. */
class BackendTaken extends BackendLost {
  override asSqlError(): SqlError {
    const message = "terminating connection due to administrator command";
    return new SqlError({ severity: "FATAL", sqlstate: "57P01", message });
  }
}

/** PostgreSQL's own bound on a message, in bytes. */
const messageBytesMax = 0x3fffffff;
/** No row is larger than the memory that one query may have: one that is would fill this process's memory, not PostgreSQL's. */
const { queryMemoryBytesMax } = limits;

/**
 * Every backend's answers arrive here, and are copied out before the next read. A socket that brings its own buffers
 * allocates 64 kB for each read, mostly for a few dozen bytes.
 */
const arrivals = Buffer.allocUnsafeSlow(64 * 1024);

export class Backend {
  readonly role: string;
  readonly prepared = new PreparedCache();
  /** Session settings in force on this backend. */
  settings = Settings.none;
  /** set_config() has run in the open transaction, wherever it was called: other settings may be in force than `settings` says. */
  hasOtherSettings = false;
  /** setseed() has run: what random() gives is one session's from now on. */
  isSeeded = false;
  /** Whose values PostgreSQL keeps of sequences; see `SequenceValues`. */
  sequencesOf: object | undefined;
  /** Called once when the connection is gone. */
  onLost: (() => void) | undefined;

  readonly #socket: Socket;
  readonly #address: BackendAddress;
  readonly #onBreach: BackendOptions["onBreach"];
  readonly #splitter = new FrameSplitter(messageBytesMax, {
    beyondBytes: queryMemoryBytesMax.value,
    onMessage: () => {
      this.#refuseRow();
    },
  });
  readonly #receivers: Receiver[] = [];
  /** Of a COPY … FROM STDIN that PostgreSQL has not answered yet. */
  #awaitingCopy: Receiver | undefined;
  #processId = 0;
  #secretKey = 0;
  #lost: Error | undefined;
  /** Cancel requests that PostgreSQL has not passed on yet. */
  #cancels = 0;
  /** The statement under way has been refused by us, and PostgreSQL is being told: what it still says of it is nobody's. */
  #refusal: Promise<void> | undefined;

  private constructor(options: BackendOptions) {
    this.#address = options.address;
    this.role = options.user;
    this.#onBreach = options.onBreach;
    const callback = (length: number): boolean => {
      this.#take(Buffer.from(arrivals.subarray(0, length)));
      return true;
    };
    this.#socket = connect({ ...options.address, onread: { buffer: arrivals, callback } });
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => {
      this.#lose(error);
    });
    this.#socket.on("close", () => {
      this.#lose(undefined);
    });
  }

  /** @throws {BackendLost} PostgreSQL cannot be reached or refuses the role */
  static async connect(options: BackendOptions): Promise<Backend> {
    const backend = new Backend(options);
    await backend.#start(options);
    return backend;
  }

  get processId(): number {
    return this.#processId;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  get hasAnswersOutstanding(): boolean {
    return this.#receivers.length > 0;
  }

  /** A cancel request is on its way: it would hit whatever runs when it arrives, whoever sent that. */
  get isBeingCancelled(): boolean {
    return this.#cancels > 0;
  }

  /** Sends one exchange: `bytes` hold exactly one Sync, Query or, for COPY … FROM STDIN, Flush, at their end. */
  send(bytes: Buffer, receiver: Receiver): void {
    if (this.#lost !== undefined) {
      receiver.lost(this.#lost);
      return;
    }
    this.#receivers.push(receiver);
    if (endsInFlush(bytes)) this.#awaitingCopy = receiver;
    this.#socket.write(bytes);
  }

  /** Lets several exchanges travel in one write. */
  together(sendAll: () => void): void {
    this.#socket.cork();
    sendAll();
    this.#socket.uncork();
  }

  /** More bytes of the exchange under way: the data of a COPY. @returns false when the caller should wait for `drained` */
  sendMore(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#lost !== undefined) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.on("drain", done).on("close", done);
    });
  }

  /** Holds back further answers, so that a slow client does not make us collect them. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /**
   * Asks PostgreSQL to end the statement under way. Resolves when PostgreSQL has passed that on: what is sent after
   * that is not meant.
   */
  async cancel(): Promise<void> {
    const socket = connect(this.#address);
    this.#cancels += 1;
    await new Promise<void>((resolve) => {
      socket
        .on("error", () => socket.destroy())
        .on("close", () => {
          resolve();
        });
      socket.resume();
      socket.end(encodeFrontend.cancelRequest(this.#processId, this.#secretKey));
    });
    this.#cancels -= 1;
  }

  /** Ends the connection, politely when nothing is under way. */
  close(): void {
    if (this.#lost !== undefined) return;
    if (this.#receivers.length === 0) this.#socket.end(encodeFrontend.terminate());
    else this.#socket.destroy();
  }

  /** Gives the connection up without waiting for an answer; those who wait for one hear `lost`. */
  destroy(): void {
    this.#lose(undefined);
  }

  /** The same, for a purpose of the cluster's: the session that has it ends. */
  takeAway(): void {
    this.#lose(undefined, new BackendTaken("the embedded PostgreSQL is given other data"));
  }

  async #start(options: BackendOptions): Promise<void> {
    const started = new Promise<void>((resolve, reject) => {
      this.#receivers.push(new StartReceiver(this, options.password, resolve, reject));
    });
    this.#socket.write(
      encodeFrontend.startup({
        user: options.user,
        database: "postgres",
        client_encoding: "UTF8",
        ...(options.temporaryBytesMax !== undefined && {
          temp_file_limit: `${Math.ceil(options.temporaryBytesMax / 1024)}kB`,
        }),
        ...options.parameters,
      }),
    );
    await started;
  }

  /** For the start only. */
  identify(processId: number, secretKey: number): void {
    this.#processId = processId;
    this.#secretKey = secretKey;
  }

  /** For the start only. */
  answerPassword(password: string): void {
    this.#socket.write(encodeFrontend.password(password));
  }

  #take(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk, this.#handle);
    } catch (error) {
      // A defect in a receiver, or bytes that are no message: this backend cannot be followed any more.
      this.#lose(error as Error);
    }
  }

  readonly #handle = (type: number, frame: Buffer): void => {
    if (type === backendType.parameterStatus) this.#checkRights(frame);
    const receiver = this.#receivers[0];
    if (receiver === undefined) return; // A setting reported or a shutdown announced between exchanges.
    if (type === backendType.noticeResponse && this.#isAnnounced(frame)) return;
    if (type !== backendType.readyForQuery) {
      if (this.#refusal !== undefined) return;
      if (receiver === this.#awaitingCopy) this.#endWait(type);
      receiver.message(type, frame);
      return;
    }
    this.#receivers.shift();
    const status = decodeReadyStatus(frame);
    if (this.#refusal === undefined) receiver.ready(status);
    else this.#endRefused(receiver, status, this.#refusal);
  };

  /** Its statement hears an error in place of the row; PostgreSQL is asked to end it. */
  #refuseRow(): void {
    if (this.#refusal !== undefined) return;
    const { sqlstate, message } = queryMemoryBytesMax;
    const refusal = encodeBackend.errorResponse({ severity: "ERROR", sqlstate, message });
    this.#receivers[0]?.message(backendType.errorResponse, refusal);
    this.#refusal = this.cancel();
  }

  /** Nothing else may be sent before the cancellation has reached PostgreSQL: it would hit that. */
  #endRefused(receiver: Receiver, status: number, cancelled: Promise<void>): void {
    this.#refusal = undefined;
    void cancelled.then(() => {
      receiver.ready(status);
    });
  }

  /** Functions of the system schema tell the cluster what they do, in notices that are not meant for a client. */
  #isAnnounced(frame: Buffer): boolean {
    const code = decodeErrorFields(frame).get("C");
    if (code === announcement.settings) this.hasOtherSettings = true;
    else if (code === announcement.seed) this.isSeeded = true;
    else return false;
    return true;
  }

  /**
   * PostgreSQL says who its session is when that begins, and whenever it changes. It is the role that the backend belongs to,
   * which is no superuser, and never another.
   */
  #checkRights(frame: Buffer): void {
    const { name, value } = decodeParameterStatus(frame);
    const isRight =
      name === "is_superuser" ? value === "off" : name !== "session_authorization" || value === this.role;
    if (isRight) return;
    this.#onBreach?.({ processId: this.#processId, role: this.role, parameter: name, value });
    this.#lose(new Error(`the session of ${this.role} reports ${name} = ${value}`));
  }

  /** A COPY goes on with its data. One that fails before is not asked for any, and PostgreSQL waits for a Sync. */
  #endWait(type: number): void {
    if (type !== backendType.copyInResponse && type !== backendType.errorResponse) return;
    this.#awaitingCopy = undefined;
    if (type === backendType.errorResponse) this.#socket.write(encodeFrontend.sync());
  }

  #lose(
    cause: Error | undefined,
    lost = new BackendLost("the connection to the embedded PostgreSQL broke", { cause }),
  ): void {
    if (this.#lost !== undefined) return;
    this.#lost = lost;
    this.#socket.destroy();
    for (const receiver of this.#receivers.splice(0)) receiver.lost(this.#lost);
    this.onLost?.();
  }
}

const flushType = "H".charCodeAt(0);

function endsInFlush(bytes: Buffer): boolean {
  return (
    bytes.length >= 5 && bytes[bytes.length - 5] === flushType && bytes.readInt32BE(bytes.length - 4) === 4
  );
}

/** Takes the connection through authentication up to the first ReadyForQuery. */
class StartReceiver implements Receiver {
  readonly #backend: Backend;
  readonly #password: string | undefined;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #refusal: Error | undefined;

  constructor(
    backend: Backend,
    password: string | undefined,
    resolve: () => void,
    reject: (error: Error) => void,
  ) {
    this.#backend = backend;
    this.#password = password;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  message(type: number, frame: Buffer): void {
    if (type === backendType.authentication) this.#authenticate(bodyOf(frame).readInt32BE(0));
    if (type === backendType.backendKeyData) {
      const body = bodyOf(frame);
      this.#backend.identify(body.readInt32BE(0), body.readInt32BE(4));
    }
    if (type === backendType.errorResponse) {
      this.#refusal = new BackendLost(errorFieldsOf(decodeErrorFields(frame)).message);
    }
  }

  #authenticate(method: number): void {
    if (method === 0) return;
    // Only the loopback connection of a machine without Unix sockets asks; see storage.
    assert(method === 3, "the embedded PostgreSQL asks for a cleartext password or none");
    this.#backend.answerPassword(
      defined(this.#password, "storage gives a password where PostgreSQL asks for one"),
    );
  }

  ready(): void {
    this.#resolve();
  }

  lost(error: Error): void {
    this.#reject(this.#refusal ?? error);
  }
}
