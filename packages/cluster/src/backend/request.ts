/**
 * Statements of the cluster's own to a backend: rows out, or PostgreSQL's error.
 */
import {
  backendType,
  decodeCommandTag,
  decodeDataRow,
  decodeErrorFields,
  encodeBindArguments,
  encodeFrontend,
  type ErrorFieldMap,
} from "../wire/index.ts";
import type { Backend, Receiver } from "./backend.ts";

/** PostgreSQL refused a statement. The fields are its own, by letter: `C` SQLSTATE, `n` constraint … */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  readonly fields: ErrorFieldMap;

  constructor(fields: ErrorFieldMap) {
    super(fields.get("M") ?? "PostgreSQL reported an error");
    this.fields = fields;
  }

  get sqlstate(): string {
    return this.fields.get("C") ?? "XX000";
  }
}

/** The role may not do it. */
export function isNotAllowed(error: unknown): boolean {
  return error instanceof PostgresError && error.sqlstate === "42501";
}

export interface RequestResult {
  /** Values as text. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
}

/** Whoever can run one of the cluster's own statements. */
export interface Requester {
  /** @throws {PostgresError} PostgreSQL refuses it */
  request(text: string, values?: readonly (string | null)[]): Promise<RequestResult>;
}

/**
 * Runs one statement; values as text, NULL as null.
 *
 * @throws {PostgresError} PostgreSQL refused it
 * @throws {BackendLost} the connection broke
 */
export async function request(
  backend: Backend,
  text: string,
  values: readonly (string | null)[] = [],
): Promise<RequestResult> {
  const bytes = Buffer.concat([
    encodeFrontend.parse("", text, []),
    encodeFrontend.bind("", "", encodeBindArguments([], values, [])),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  ]);
  return await send(backend, bytes);
}

export interface BoundText {
  readonly text: string;
  readonly parameterTypes: readonly number[];
  /** Formats, values and result formats, as in a Bind message. */
  readonly bindArguments: Buffer;
}

/** As `request`, with parameters as a client has bound them. */
export async function requestBound(backend: Backend, bound: BoundText): Promise<RequestResult> {
  const bytes = Buffer.concat([
    encodeFrontend.parse("", bound.text, bound.parameterTypes),
    encodeFrontend.bind("", "", bound.bindArguments),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  ]);
  return await send(backend, bytes);
}

/** Runs a text without parameters that may hold several statements, as PostgreSQL's simple query. */
export async function requestSimple(backend: Backend, text: string): Promise<RequestResult> {
  return await send(backend, encodeFrontend.query(text));
}

async function send(backend: Backend, bytes: Buffer): Promise<RequestResult> {
  return await new Promise((resolve, reject) => {
    backend.send(bytes, new RequestReceiver(resolve, reject));
  });
}

/** Collects rows; the bound on them is the statement's own: the cluster's statements return few. */
class RequestReceiver implements Receiver {
  readonly #resolve: (result: RequestResult) => void;
  readonly #reject: (error: Error) => void;
  readonly #rows: (string | null)[][] = [];
  #tag = "";
  #error: PostgresError | undefined;

  constructor(resolve: (result: RequestResult) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  message(type: number, frame: Buffer): void {
    if (type === backendType.dataRow) {
      this.#rows.push(decodeDataRow(frame).map((value) => value?.toString("utf8") ?? null));
    } else if (type === backendType.commandComplete) {
      this.#tag = decodeCommandTag(frame);
    } else if (type === backendType.errorResponse) {
      this.#error ??= new PostgresError(decodeErrorFields(frame));
    }
  }

  ready(): void {
    if (this.#error === undefined) this.#resolve({ rows: this.#rows, tag: this.#tag });
    else this.#reject(this.#error);
  }

  lost(error: Error): void {
    this.#reject(error);
  }
}
