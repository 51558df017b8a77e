/**
 * Reads what Lambda answers to an invocation. The answer comes from outside: whatever does not have the shape it should
 * have is a failure with the code `InvalidResponse`, never an exception and never a guess.
 *
 * Four things can come back: the function's response, the function's own refusal (`{error, errorCode}`), an error that
 * the function threw (header `X-Amz-Function-Error`), or Lambda's refusal (a status of 400 or more).
 */
export type Answer = Success | Failure;

/** A call that the function answered. Times are milliseconds. */
export interface Success {
  readonly kind: "success";
  /** The payer's balance after the transfer; a text where it would not fit a number. */
  readonly balance: number | string;
  /** How long the function says it took; functions of the tutorial's early chapters do not say. */
  readonly durationMs?: number;
  /** How often the function ran its transaction again. */
  readonly retries?: number;
}

/** A call that the function, Lambda or the network failed. Times are milliseconds. */
export interface Failure {
  readonly kind: "failure";
  /** SQLSTATE, the function's own code, an error's type, or the name of Lambda's exception. */
  readonly code: string;
  readonly message: string;
  readonly durationMs?: number;
  readonly retries?: number;
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** `X-Amz-Function-Error`: the function failed, although the status is 200. */
  readonly functionError?: string | undefined;
  /** `X-Amzn-ErrorType`: the name of Lambda's exception. */
  readonly errorType?: string | undefined;
  readonly body: string;
}

export function readAnswer(raw: RawAnswer): Answer {
  const payload = parseJson(raw.body);
  if (raw.status >= 400) return readServiceError(raw, payload);
  if (raw.functionError !== undefined) return readFunctionError(raw.functionError, payload);
  if (!isRecord(payload)) return invalid("The function's response is not a JSON object.");
  return "error" in payload ? readRefusal(payload) : readSuccess(payload);
}

export function invalid(message: string): Failure {
  return { kind: "failure", code: "InvalidResponse", message };
}

function readServiceError(raw: RawAnswer, payload: unknown): Failure {
  const record = isRecord(payload) ? payload : {};
  // The type may carry the address of its namespace after a colon.
  const code = raw.errorType?.split(":")[0] ?? text(record["Type"]) ?? `HTTP ${raw.status}`;
  const message =
    text(record["Message"]) ?? text(record["message"]) ?? `Lambda answered with HTTP ${raw.status}`;
  return { kind: "failure", code, message };
}

function readFunctionError(functionError: string, payload: unknown): Failure {
  const record = isRecord(payload) ? payload : {};
  return {
    kind: "failure",
    code: text(record["errorType"]) ?? functionError,
    message: text(record["errorMessage"]) ?? "The function failed and did not say why.",
  };
}

function readRefusal(payload: Record<string, unknown>): Failure {
  const message = text(payload["error"]);
  const code = payload["errorCode"];
  if (message === undefined) return invalid("The function's error is not a text.");
  if (code !== undefined && typeof code !== "string")
    return invalid("The function's errorCode is not a text.");
  const statistics = readStatistics(payload);
  if (statistics === undefined) return invalid("The function's duration or retries is not a number.");
  return { kind: "failure", code: code ?? "Error", message, ...statistics };
}

function readSuccess(payload: Record<string, unknown>): Answer {
  const balance = payload["balance"];
  if (!isBalance(balance)) return invalid("The function's response has no balance.");
  const statistics = readStatistics(payload);
  if (statistics === undefined) return invalid("The function's duration or retries is not a number.");
  return { kind: "success", balance, ...statistics };
}

/** An integer of either sign. A column wider than INT arrives as a text. */
function isBalance(value: unknown): value is number | string {
  return typeof value === "string" ? /^-?\d{1,40}$/.test(value) : Number.isSafeInteger(value);
}

type Statistics = Pick<Success, "durationMs" | "retries">;

function readStatistics(payload: Record<string, unknown>): Statistics | undefined {
  const { duration, retries } = payload as { duration?: unknown; retries?: unknown };
  if (duration !== undefined && !(typeof duration === "number" && duration >= 0)) return undefined;
  if (
    retries !== undefined &&
    !(typeof retries === "number" && Number.isSafeInteger(retries) && retries >= 0)
  ) {
    return undefined;
  }
  return {
    ...(duration === undefined ? {} : { durationMs: duration }),
    ...(retries === undefined ? {} : { retries }),
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
