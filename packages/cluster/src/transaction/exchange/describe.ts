/** Descriptions of statements: parameter types and result columns, without running anything. */
import {
  backendType,
  decodeErrorFields,
  decodeParameterDescription,
  encodeFrontend,
  type ErrorFieldMap,
} from "../../wire/index.ts";
import {
  type Backend,
  backendStatementName,
  PostgresError,
  type PreparedText,
  type Receiver,
} from "../../backend/index.ts";
import { parseFrames } from "./statement-exchange.ts";

export interface Description {
  /** ParameterDescription, as a frame. */
  readonly parameters: Buffer;
  /** RowDescription or NoData, as a frame. */
  readonly rows: Buffer;
}

/**
 * @throws {PostgresError} the text is not accepted
 * @throws {BackendLost} the connection broke
 */
export async function describe(backend: Backend, prepared: PreparedText): Promise<Description> {
  // A text that the backend keeps was parsed under another search path or catalog, perhaps, and would then be refused.
  const isKept = backend.prepared.has(prepared);
  const { text, parameterTypes } = prepared;
  const bytes = Buffer.concat([
    ...(isKept ? [encodeFrontend.parse("", text, parameterTypes)] : parseFrames(backend, prepared)),
    encodeFrontend.describe("statement", isKept ? "" : backendStatementName(prepared)),
    encodeFrontend.sync(),
  ]);
  try {
    return await new Promise((resolve, reject) => {
      backend.send(bytes, new DescriptionReceiver(resolve, reject));
    });
  } catch (error) {
    if (!isKept) backend.prepared.delete(prepared);
    throw error;
  }
}

export async function describeParameters(
  backend: Backend,
  prepared: PreparedText,
): Promise<readonly number[]> {
  const { parameters } = await describe(backend, prepared);
  return decodeParameterDescription(parameters);
}

class DescriptionReceiver implements Receiver {
  readonly #resolve: (description: Description) => void;
  readonly #reject: (error: Error) => void;
  #parameters: Buffer | undefined;
  #rows: Buffer | undefined;
  #error: ErrorFieldMap | undefined;

  constructor(resolve: (description: Description) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  message(type: number, frame: Buffer): void {
    if (type === backendType.parameterDescription) this.#parameters = frame;
    if (type === backendType.rowDescription || type === backendType.noData) this.#rows = frame;
    if (type === backendType.errorResponse) this.#error = decodeErrorFields(frame);
  }

  ready(): void {
    if (this.#parameters !== undefined && this.#rows !== undefined && this.#error === undefined) {
      this.#resolve({ parameters: this.#parameters, rows: this.#rows });
    } else this.#reject(new PostgresError(this.#error ?? new Map()));
  }

  lost(error: Error): void {
    this.#reject(error);
  }
}
