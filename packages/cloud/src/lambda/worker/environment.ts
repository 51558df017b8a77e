/**
 * One execution environment: a function's loaded code with everything that must not be seen from another environment.
 *
 * Always true
 * - It serves at most one invocation at a time.
 * - Once closed it answers nothing more: its sockets are destroyed, its timers do nothing, its errors are ignored.
 */

import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { logTailBytesMax } from "../limits.ts";
import type { Handler } from "./handler-function.ts";
import type { LogFile } from "./log-file.ts";
import type { Modules } from "./modules.ts";

/** An invocation under way in this thread. */
export interface Invocation {
  readonly number: number;
  readonly requestId: string;
  readonly environment: Environment;
  readonly wantsLogTail: boolean;
  /** By `performance.now()`; both are set when the handler is entered. */
  startedMs: number;
  deadlineMs: number;
  /** For the invocation that the environment was made for. */
  initializationMs: number | undefined;
  /** The log so far, for `X-Amz-Log-Result`; the oldest lines are dropped at 4 KB. */
  logTail: string;
}

export interface EnvironmentOwner {
  readonly logFile: LogFile;
  readonly isLogJson: boolean;
  /** An error that nobody handled, or an exit: the environment is to end, and its invocation with it. */
  environmentFailed(environment: Environment, payload: (requestId: string) => string): void;
}

export class Environment {
  readonly number: number;
  /** Its `process.env`. */
  readonly variables: Record<string, string>;
  readonly logStream: string;
  /** Handlers that the function's code put on `process`. */
  readonly processEvents = new EventEmitter();
  readonly owner: EnvironmentOwner;
  readonly modules: Modules;
  handler: Handler | undefined;
  invocation: Invocation | undefined;
  isClosed = false;
  readonly #sockets = new Set<Socket>();

  constructor(options: {
    number: number;
    version: string;
    variables: Readonly<Record<string, string>>;
    modules: Modules;
    owner: EnvironmentOwner;
  }) {
    this.number = options.number;
    this.modules = options.modules;
    this.owner = options.owner;
    this.logStream = logStreamName(options.version);
    this.variables = environmentVariables({
      ...options.variables,
      AWS_LAMBDA_LOG_STREAM_NAME: this.logStream,
    });
  }

  /** One log event; a line feed is added only where the log is shown as a stream of text. */
  log(message: string): void {
    this.owner.logFile.append(Date.now(), this.logStream, message);
    const invocation = this.invocation;
    if (invocation?.wantsLogTail !== true) return;
    // Cut by characters first so that a long message costs no more than a short one; the exact cut is by bytes later.
    invocation.logTail = `${invocation.logTail}${message}\n`.slice(-logTailBytesMax);
  }

  holdSocket(socket: Socket): void {
    if (this.isClosed) {
      socket.destroy();
      return;
    }
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  close(): void {
    this.isClosed = true;
    this.handler = undefined;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.processEvents.removeAllListeners();
  }
}

/** `2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef`, as Lambda names them. */
function logStreamName(version: string): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[${version}]${randomBytes(16).toString("hex")}`;
}

/** Like the real `process.env`: whatever is assigned becomes text. */
function environmentVariables(variables: Record<string, string>): Record<string, string> {
  return new Proxy(variables, {
    set: (target, name, value) => Reflect.set(target, name, String(value)),
    defineProperty: (target, name, descriptor) =>
      Reflect.defineProperty(target, name, { ...descriptor, value: String(descriptor.value) }),
  });
}
