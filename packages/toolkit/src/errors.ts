/**
 * What an error means for the transaction that met it: a conflict, a lost connection, an answer of the database.
 *
 * An ORM puts the driver's error into `cause`, sometimes several deep, so every question here follows the causes.
 * Callers match on `code`, as node-postgres names the SQLSTATE, and never on a text; the one exception are the markers
 * OC000 and OC001, which the service puts into the message and nowhere else.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-concurrency-control.html
 */

/** How deep an error is followed into its causes: deeper than any ORM wraps, and an end to causes in a circle. */
const causesMax = 16;

/** COMMIT was sent and no answer came: the transaction may or may not have been committed. */
export class OutcomeUnknownError extends Error {
  override readonly name = "OutcomeUnknownError";
  /** SQLSTATE 08007: transaction resolution unknown. */
  readonly code = "08007";
  readonly idempotencyKey: string | undefined;

  constructor(options: { cause: unknown; idempotencyKey?: string | undefined }) {
    super("connection lost during COMMIT, the outcome of the transaction is unknown", options);
    this.idempotencyKey = options.idempotencyKey;
  }
}

/** What was used up, or that `signal` was aborted. */
export type RetryEnd = "attempts" | "deadline" | "budget" | "aborted";

/** Every attempt met a conflict until attempts, time or budget were used up. Nothing has been committed. */
export class RetriesExhaustedError extends Error {
  override readonly name = "RetriesExhaustedError";
  readonly code = "40001";
  readonly reason: RetryEnd;
  readonly attempts: number;

  constructor(options: { reason: RetryEnd; attempts: number; cause: unknown }) {
    super(`transaction given up after ${options.attempts} attempts (${options.reason})`, options);
    this.reason = options.reason;
    this.attempts = options.attempts;
  }
}

/** The function has returned though a statement in its block had failed, so COMMIT could only roll back. */
export class RolledBackError extends Error {
  override readonly name = "RolledBackError";
  readonly code = "25P02";

  constructor() {
    super("COMMIT was answered by ROLLBACK: a statement had failed and its error was swallowed");
  }
}

/** The program asks for something that cannot work, whatever the database says. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** OC000: another transaction committed a change of the same row. OC001: the schema changed. */
export type ConflictCode = "OC000" | "OC001";

/**
 * @returns OC000 (another transaction changed the same row) or OC001 (the schema changed); `40001` where the text names
 *   neither; undefined if the error is no conflict
 */
export function conflictOf(error: unknown): ConflictCode | "40001" | undefined {
  const chain = [...causes(error)];
  // Whoever has given up retrying has already tried often enough: an outer loop must not multiply the attempts.
  if (chain.some((link) => link instanceof RetriesExhaustedError)) return undefined;
  for (const link of chain) {
    const marker = /\bOC00[01]\b/.exec(`${textOf(link, "code")} ${textOf(link, "message")}`)?.[0];
    if (marker !== undefined) return marker as ConflictCode;
  }
  return chain.some((link) => textOf(link, "code") === "40001") ? "40001" : undefined;
}

/**
 * @returns whether running the whole transaction again may help: SQLSTATE 40001, on the error or on one of its causes
 */
export function isConflict(error: unknown): boolean {
  return conflictOf(error) !== undefined;
}

/** @returns the SQLSTATE of the error or of the first of its causes that has one */
export function sqlstateOf(error: unknown): string | undefined {
  for (const link of causes(error)) {
    const code = textOf(link, "code");
    // Every SQLSTATE has a digit, Node's EPIPE has none. Prisma's own codes, P1000 to P6999, only look like SQLSTATEs.
    if (/^(?=.*\d)(?!P[1-9])[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

const lostCodes = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
  // postgres.js
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
]);

/** node-postgres gives these no code. */
const lostMessages =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout)/;

/** The service's 08006 for a token that it refuses: nothing was lost, and asking again gives the same answer. */
const refusedMessage = /^unable to accept connection, access denied/i;

/** The connection is gone, or the server says that it goes: nobody will answer what was sent on it. */
export function isConnectionLost(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  if ([...causes(error)].some((link) => refusedMessage.test(textOf(link, "message")))) return false;
  if (sqlstate !== undefined) return sqlstate.startsWith("08") || sqlstate.startsWith("57P");
  return [...causes(error)].some(
    (link) => lostCodes.has(textOf(link, "code")) || lostMessages.test(textOf(link, "message")),
  );
}

/**
 * Whether a COMMIT that ended with this error may have been done all the same. Only a clear refusal says no: XX000
 * `server unavailable` is documented to leave the outcome open.
 */
export function isOutcomeUnknown(errorOfCommit: unknown): boolean {
  if (isConflict(errorOfCommit)) return false;
  const sqlstate = sqlstateOf(errorOfCommit);
  return sqlstate === undefined || sqlstate === "XX000" || isConnectionLost(errorOfCommit);
}

/** The error and what caused it, outermost first. */
export function* causes(error: unknown): Generator<object> {
  let link: unknown = error;
  for (let depth = 0; depth < causesMax && typeof link === "object" && link !== null; depth++) {
    yield link;
    link = (link as { cause?: unknown }).cause;
  }
}

function textOf(link: object, field: string): string {
  const value: unknown = (link as Record<string, unknown>)[field];
  return typeof value === "string" ? value : "";
}
