/** What goes wrong when modules are found and loaded: in Node's words, and in Lambda's. */

import { RuntimeError } from "../error-payload.ts";

export function moduleNotFound(specifier: string, referrer: string): Error {
  const error = new Error(`Cannot find module '${specifier}'\nRequire stack:\n- ${referrer}`);
  return Object.assign(error, { code: "MODULE_NOT_FOUND", requireStack: [referrer] });
}

export function isNotFound(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return (
    code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED"
  );
}

/** What Lambda says when the code of a function cannot be loaded. */
export function importError(error: unknown): unknown {
  if (error instanceof SyntaxError) {
    return new RuntimeError("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`, error);
  }
  if (isNotFound(error)) {
    return new RuntimeError("Runtime.ImportModuleError", `Error: ${(error as Error).message}`, error);
  }
  return error;
}
