/**
 * Finds a function's handler and calls it, by the rules of Lambda's Node.js runtimes.
 *
 * Where it differs: a handler that neither returns a promise nor takes a callback is answered with `null` at once, and
 * one that calls its callback is answered then, whatever `callbackWaitsForEmptyEventLoop` says: the event loop is
 * shared and never empty.
 *
 * Source: AWS Lambda Developer Guide, "Define Lambda function handler in Node.js" and "Using the Lambda context object".
 */

import { basename, dirname, join } from "node:path";
import { RuntimeError } from "../error-payload.ts";
import type { ThreadSettings } from "../thread-messages.ts";
import type { Invocation } from "./environment.ts";
import type { Callback, Handler } from "./handler-function.ts";
import { importError, moduleNotFound } from "./module-errors.ts";
import type { ModuleFiles } from "./module-files.ts";
import { Modules } from "./modules.ts";

/** From here on the runtime knows no callbacks. */
const runtimeWithoutCallbacks = "nodejs24.x";

/**
 * @param handler - `path/to/module.export`
 * @throws {RuntimeError} Runtime.ImportModuleError, Runtime.HandlerNotFound and so on; or what the module itself threw
 */
export async function loadHandler(
  files: ModuleFiles,
  modules: Modules,
  settings: Pick<ThreadSettings, "handler" | "runtime">,
): Promise<Handler> {
  const { moduleName, exportName } = parseHandler(settings.handler);
  const exports = await loadExports(files, modules, moduleName);
  const handler = valueAt(exports, exportName) ?? valueAt(valueAt(exports, "default"), exportName);
  if (handler === undefined) {
    throw new RuntimeError("Runtime.HandlerNotFound", `${settings.handler} is undefined or not exported`);
  }
  if (typeof handler !== "function") {
    throw new RuntimeError("Runtime.HandlerNotFound", `${settings.handler} is not a function`);
  }
  if (settings.runtime === runtimeWithoutCallbacks && handler.length >= 3) {
    throw new RuntimeError(
      "Runtime.CallbackHandlerDeprecated",
      "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
        "You need to modify this function to use a supported handler signature to use Node.js 24 or later.",
    );
  }
  return handler as Handler;
}

async function loadExports(files: ModuleFiles, modules: Modules, moduleName: string): Promise<unknown> {
  try {
    const file = files.findHandlerModule(moduleName);
    if (file === undefined) throw moduleNotFound(basename(moduleName), "/var/runtime/index.mjs");
    return await modules.load(file);
  } catch (error) {
    throw importError(error);
  }
}

function parseHandler(handler: string): { moduleName: string; exportName: string } {
  const name = basename(handler);
  const dot = name.indexOf(".");
  if (dot <= 0 || dot === name.length - 1 || handler.includes("..")) {
    throw new RuntimeError("Runtime.MalformedHandlerName", `Bad handler ${handler}`);
  }
  return { moduleName: join(dirname(handler), name.slice(0, dot)), exportName: name.slice(dot + 1) };
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((from, name) => (from as Record<string, unknown> | undefined)?.[name], value);
}

/** @throws whatever the handler throws, at once or later */
export function callHandler(handler: Handler, event: unknown, context: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const callback: Callback = (error, value) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a function may fail with anything
      if (error !== undefined && error !== null) reject(error);
      else resolve(value);
    };
    const value = handler(event, context, callback);
    if (isThenable(value)) resolve(value);
    else if (handler.length < 3) resolve(null);
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

export function invocationContext(
  settings: ThreadSettings,
  invocation: Invocation,
  call: { qualifier: string; clientContext: string },
): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: settings.version,
    functionName: settings.functionName,
    memoryLimitInMB: String(settings.memoryMb),
    logGroupName: settings.log.group,
    logStreamName: invocation.environment.logStream,
    clientContext: parseClientContext(call.clientContext),
    identity: undefined,
    invokedFunctionArn:
      call.qualifier === "" ? settings.functionArn : `${settings.functionArn}:${call.qualifier}`,
    awsRequestId: invocation.requestId,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(invocation.deadlineMs - performance.now())),
  };
}

function parseClientContext(header: string): unknown {
  if (header === "") return undefined;
  try {
    return JSON.parse(Buffer.from(header, "base64").toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
