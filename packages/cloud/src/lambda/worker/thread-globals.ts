/**
 * Makes what a thread shares look like one environment's own to the code that runs in it: `process.env`, exit,
 * events and working directory, timers, sockets.
 *
 * What remains shared among the environments of one function version, as the threads' price for a thousand of them in
 * one process: prototypes of the language's own objects, Node's internal caches and agents, and the working directory
 * that relative file names start from.
 */

import { Socket } from "node:net";
import { promisify } from "node:util";
import { describeError, exitPayload, exitReason, unhandledRejectionPayload } from "../error-payload.ts";
import { currentEnvironment } from "./current-environment.ts";
import type { Environment } from "./environment.ts";

/** Thrown by `process.exit()` so that the code after it does not run. */
class Exit extends Error {
  override readonly name = "Exit";
}

/** @param variables - what code outside any environment sees as `process.env` */
export function installThreadGlobals(options: {
  variables: () => Record<string, string>;
  taskRoot: string;
  /** An error that belongs to no environment: the thread cannot go on. */
  onThreadFailure: (error: unknown) => void;
}): void {
  installProcess(options);
  installErrorHandlers(options.onThreadFailure);
  installTimers();
  installSocketOwnership();
}

function installProcess(options: { variables: () => Record<string, string>; taskRoot: string }): void {
  Object.defineProperty(process, "env", {
    configurable: true,
    enumerable: true,
    get: () => currentEnvironment.getStore()?.variables ?? options.variables(),
  });
  const exitThread = process.exit.bind(process);
  process.exit = (code?: number | string | null): never => {
    const environment = currentEnvironment.getStore();
    const status = Number(code ?? process.exitCode ?? 0);
    if (environment === undefined) return exitThread(status);
    environment.owner.environmentFailed(environment, (requestId) =>
      exitPayload(requestId, exitReason(status)),
    );
    throw new Exit(`the function called process.exit(${status})`);
  };
  process.cwd = () => options.taskRoot;
  installProcessEvents();
}

const listenerMethods = [
  "on",
  "addListener",
  "once",
  "prependListener",
  "prependOnceListener",
  "off",
  "removeListener",
] as const;

/** A thousand environments that each listen on `process` would be told of each other's errors. */
function installProcessEvents(): void {
  type Method = (event: string | symbol, listener: (...values: unknown[]) => void) => unknown;
  const target = process as unknown as Record<string, Method>;
  for (const name of listenerMethods) {
    const original = (target[name] as Method).bind(process);
    target[name] = (event, listener) => {
      const environment = currentEnvironment.getStore();
      if (environment === undefined) original(event, listener);
      else (environment.processEvents as unknown as Record<string, Method>)[name]?.(event, listener);
      return process;
    };
  }
}

function installErrorHandlers(onThreadFailure: (error: unknown) => void): void {
  const handle = (event: string, error: unknown, payload: () => string, promise?: unknown): void => {
    const environment = currentEnvironment.getStore();
    if (environment === undefined) return onThreadFailure(error);
    if (environment.isClosed || error instanceof Exit) return;
    if (environment.processEvents.emit(event, error, promise)) return;
    environment.log(errorLine(environment, event, payload()));
    environment.owner.environmentFailed(environment, payload);
  };
  process.on("uncaughtException", (error) =>
    handle("uncaughtException", error, () => JSON.stringify(describeError(error))),
  );
  process.on("unhandledRejection", (reason, promise) =>
    handle("unhandledRejection", reason, () => unhandledRejectionPayload(reason), promise),
  );
}

function errorLine(environment: Environment, event: string, payload: string): string {
  const title = event === "uncaughtException" ? "Uncaught Exception" : "Unhandled Promise Rejection";
  const requestId = environment.invocation?.requestId ?? "undefined";
  return `${new Date().toISOString()}\t${requestId}\tERROR\t${title} \t${payload}`;
}

type TimerFunction = (
  callback: (...values: unknown[]) => void,
  delayMs?: number,
  ...values: unknown[]
) => unknown;

/** The timers of a closed environment do nothing, and its intervals end. */
function installTimers(): void {
  const wrap = (start: TimerFunction): TimerFunction => {
    const own: TimerFunction = (callback, delayMs, ...values) => {
      const environment = currentEnvironment.getStore();
      if (environment === undefined || typeof callback !== "function")
        return start(callback, delayMs, ...values);
      return start(
        function (this: NodeJS.Timeout, ...arrived: unknown[]) {
          if (environment.isClosed) clearTimeout(this);
          else callback.apply(this, arrived);
        },
        delayMs,
        ...values,
      );
    };
    const custom = (start as unknown as Record<symbol, unknown>)[promisify.custom];
    return custom === undefined ? own : Object.assign(own, { [promisify.custom]: custom });
  };
  globalThis.setTimeout = wrap(globalThis.setTimeout) as typeof setTimeout;
  globalThis.setInterval = wrap(globalThis.setInterval) as typeof setInterval;
}

/** Connections belong to the environment that opened them and end with it, as they do when Lambda ends a sandbox. */
function installSocketOwnership(): void {
  const prototype = Socket.prototype as unknown as { connect(...values: unknown[]): Socket };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the socket as `this`
  const connect = prototype.connect;
  prototype.connect = function (this: Socket, ...values: unknown[]): Socket {
    currentEnvironment.getStore()?.holdSocket(this);
    return connect.apply(this, values);
  };
}
