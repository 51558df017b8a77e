/**
 * The body of a request that is read whole, counted for as long as the request is served.
 *
 * One body is bounded, and so are all of them together: thousands of requests, each within its bound, are more than the
 * process has. Where they exceed their budget, the request with the largest body is refused.
 *
 * Tests: test/endpoint-bounds.test.ts.
 */
import type { IncomingMessage } from "node:http";

import type { MemoryAccount, MemoryBudget } from "@dsql-local/cluster";

import { ServiceError } from "./service.ts";

/** Bodies of all services but S3; past it a request is refused and its connection closed. Lambda's own limit is 6 MB. */
export const bodyBytesMax = 8 * 1024 * 1024;

export class RequestBody {
  readonly #incoming: IncomingMessage;
  #account: MemoryAccount | undefined;
  #bytes = 0;
  /** Ends the reading. */
  #refuse: ((error: Error) => void) | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  /** @throws {ServiceError} 413 it is too large; 503 all bodies together are */
  async read(budget: MemoryBudget): Promise<Buffer> {
    this.countIn(budget);
    return await new Promise<Buffer>((resolve, reject) => {
      const incoming = this.#incoming;
      let chunks: Buffer[] = [];
      this.#refuse = (error) => {
        incoming.pause();
        chunks = [];
        reject(error);
      };
      incoming.on("data", (chunk: Buffer) => {
        this.#bytes += chunk.length;
        if (this.#bytes > bodyBytesMax) this.#refuse?.(tooLarge());
        else {
          chunks.push(chunk);
          this.#account?.change(chunk.length + chunkOverheadBytes);
        }
      });
      incoming.on("end", () => {
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      });
      incoming.on("error", reject);
      incoming.on("close", () => {
        reject(new Error("the client went away"));
      });
    });
  }

  /** Counts it in this budget from here on, and in no other. */
  countIn(budget: MemoryBudget): void {
    this.close();
    this.#account = budget.open(() => this.#refuse?.(tooMany()));
    this.#account.change(this.#bytes);
  }

  /** The request has been answered. */
  close(): void {
    this.#account?.close();
  }
}

/** What a piece of a body costs beyond its bytes: one may have a single one. */
const chunkOverheadBytes = 256;

function tooLarge(): ServiceError {
  return new ServiceError({
    code: "RequestEntityTooLargeException",
    message: `Request must be smaller than ${bodyBytesMax} bytes`,
    status: 413,
  });
}

function tooMany(): ServiceError {
  return new ServiceError({
    code: "ServiceUnavailable",
    message: "The bodies of the requests under way take more memory than they may. Try again.",
    status: 503,
  });
}
