/**
 * One HTTP request to Lambda, one answer. Connections are kept and used again.
 *
 * `dispatch` is the layer of undici under `request` and `fetch`: no streams and no promises but ours, which is what makes
 * a call cheap (bench/invoke.bench.ts).
 */
import { type Dispatcher, Pool } from "undici";

import type { RawAnswer } from "./answer.ts";

/** No answer came. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /** The operating system's or undici's code: `ECONNREFUSED`, `UND_ERR_SOCKET`. */
  readonly code: string;
  /** The request may have arrived, so the function may have run. */
  readonly wasSent: boolean;

  constructor(code: string, wasSent: boolean, cause: Error) {
    super(cause.message === "" ? code : cause.message, { cause });
    this.code = code;
    this.wasSent = wasSent;
  }
}

export interface TransportOptions {
  readonly endpoint: URL;
  /** Each carries one call at a time; further calls wait for one. */
  readonly connectionsMax: number;
  /** From the request to the beginning of the answer: as long as the function may run, and some. */
  readonly answerTimeoutMs: number;
}

export interface Transport {
  /** @throws {TransportError} no answer came */
  post(path: string, headers: Record<string, string>, body: string): Promise<RawAnswer>;
  /** Waits for the calls under way. */
  close(): Promise<void>;
}

// Lambda's own limit for a response: 6 MB and a little for its envelope.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const bodyBytesMax = 6 * 1024 * 1024 + 1024;

// Hundreds of connections are opened at once when a run starts; the last of them waits for all the others.
const connectTimeoutMs = 30_000;

export function createTransport({ endpoint, connectionsMax, answerTimeoutMs }: TransportOptions): Transport {
  const pool = new Pool(endpoint.origin, {
    connections: connectionsMax,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  return {
    post: (path, headers, body) =>
      new Promise((resolve, reject) => {
        const receiver = new Receiver(resolve, reject);
        pool.dispatch({ method: "POST", path, headers, body }, receiver);
      }),
    close: () => pool.close(),
  };
}

/** Collects one answer. */
class Receiver implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: RawAnswer) => void;
  readonly #reject: (error: TransportError) => void;
  readonly #chunks: Buffer[] = [];
  #bodyBytes = 0;
  #wasSent = false;
  #status = 0;
  #functionError: string | undefined;
  #errorType: string | undefined;

  constructor(resolve: (answer: RawAnswer) => void, reject: (error: TransportError) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {
    this.#wasSent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status;
    this.#functionError = single(headers["x-amz-function-error"]);
    this.#errorType = single(headers["x-amzn-errortype"]);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > bodyBytesMax) {
      controller.abort(new Error(`The answer is larger than ${bodyBytesMax} bytes`));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#resolve({
      status: this.#status,
      functionError: this.#functionError,
      errorType: this.#errorType,
      body: body.toString("utf8"),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { code } = error as NodeJS.ErrnoException;
    this.#reject(new TransportError(code ?? error.name, this.#wasSent, error));
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
