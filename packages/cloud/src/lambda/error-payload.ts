/**
 * The payloads of failed invocations, in the shapes of Lambda's Node.js runtime and sandbox.
 *
 * Source: AWS Lambda Developer Guide, "Function errors in Node.js" and "Understanding retry behavior in Lambda".
 */

export interface ErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The stack by lines; errors of the sandbox have none. */
  readonly trace?: readonly string[];
}

/** What a handler threw. Anything can be thrown, so anything is described. */
export function describeError(error: unknown): ErrorPayload {
  if (isErrorLike(error)) {
    return {
      errorType: String(error.name),
      errorMessage: String(error.message),
      trace: typeof error.stack === "string" ? error.stack.split("\n") : [],
    };
  }
  return { errorType: typeof error, errorMessage: describeValue(error), trace: [] };
}

/** The words of a failure's payload; a text that is no payload stands for itself. */
export function errorMessageOf(payload: string): string {
  try {
    return (JSON.parse(payload) as ErrorPayload).errorMessage;
  } catch {
    return payload;
  }
}

function isErrorLike(value: unknown): value is { name: unknown; message: unknown; stack: unknown } {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

function describeValue(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that has no text";
  }
}

export function unhandledRejectionPayload(reason: unknown): string {
  const described = describeError(reason);
  return JSON.stringify({
    errorType: "Runtime.UnhandledPromiseRejection",
    errorMessage: isErrorLike(reason)
      ? `${described.errorType}: ${described.errorMessage}`
      : described.errorMessage,
    reason: described,
    promise: {},
    trace: [`Runtime.UnhandledPromiseRejection: ${described.errorMessage}`],
  });
}

/** An error with one of the runtime's own types, thrown while a function's code is loaded. */
export class RuntimeError extends Error {
  constructor(name: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = name;
    this.stack = `${name}: ${message}${stackOf(cause)}`;
  }
}

function stackOf(cause: unknown): string {
  const stack = isErrorLike(cause) && typeof cause.stack === "string" ? cause.stack : "";
  return stack.slice(stack.indexOf("\n    at ") >= 0 ? stack.indexOf("\n    at ") : stack.length);
}

export function timeoutPayload(requestId: string, timeoutMs: number): string {
  const seconds = (timeoutMs / 1000).toFixed(2);
  return sandboxPayload("Sandbox.Timedout", requestId, `Task timed out after ${seconds} seconds`);
}

/** The runtime ended while it served the invocation: `reason` says how. */
export function exitPayload(requestId: string, reason: string): string {
  return sandboxPayload("Runtime.ExitError", requestId, reason);
}

export function exitReason(code: number): string {
  return code === 0
    ? "Runtime exited without providing a reason"
    : `Runtime exited with error: exit status ${code}`;
}

export function outOfMemoryPayload(requestId: string): string {
  return sandboxPayload("Runtime.OutOfMemory", requestId, "Runtime exited with error: signal: killed");
}

function sandboxPayload(errorType: string, requestId: string, reason: string): string {
  return JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${reason}` });
}

export function responseTooLargePayload(bytesMax: number): string {
  return JSON.stringify({
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: `Response payload size exceeded maximum allowed payload size (${bytesMax} bytes).`,
  });
}
