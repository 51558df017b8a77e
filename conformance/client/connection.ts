/**
 * A connection seen as messages: what is sent is bytes, what arrives is decoded and queued until asked for.
 *
 * Promises
 * - Messages are handed out in the order in which they arrived, each once.
 * - `next` never waits longer than it was told.
 * - After the server closed, what had arrived can still be read; then `next` fails with `ConnectionClosed`.
 */
import type { Duplex } from "node:stream";
import { type BackendMessage, decodeBackendMessage } from "./backend.ts";

/** No answer in time: a statement waits, which Aurora DSQL never does. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
}

/** A server that announces more than this in one message is not trusted with our memory. */
const messageBytesMax = 64 * 1024 * 1024;
const headerBytes = 5;
/** Tells waiting from working, on a busy machine too: a healthy answer takes milliseconds. */
export const answerWithinMsDefault = 30_000;

type Waiter = (message: BackendMessage | Error) => void;

export class Connection {
  readonly #stream: Duplex;
  readonly #arrived: BackendMessage[] = [];
  #unread: Buffer = Buffer.alloc(0);
  #waiter: Waiter | undefined;
  #closed: Error | undefined;
  /** Resolves when nothing more will arrive. */
  readonly closed: Promise<void>;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
    stream.on("error", (error) => {
      this.#close(new ConnectionClosed(`the connection broke: ${error.message}`, { cause: error }));
    });
    this.closed = new Promise((resolve) => {
      stream.once("close", () => {
        this.#close(new ConnectionClosed("the server closed the connection"));
        resolve();
      });
    });
    stream.on("end", () => {
      stream.destroy();
    });
  }

  /** Sends all in one write, so that a pipeline reaches the server as one. */
  send(...messages: readonly Buffer[]): void {
    this.#stream.write(Buffer.concat(messages));
  }

  /**
   * @throws {NoAnswer} nothing arrived within `withinMs`
   * @throws {ConnectionClosed} nothing more will arrive
   */
  async next(withinMs = answerWithinMsDefault): Promise<BackendMessage> {
    const ready = this.#arrived.shift();
    if (ready !== undefined) return ready;
    if (this.#closed !== undefined) throw this.#closed;
    const message = await this.#wait(withinMs);
    if (message instanceof Error) throw message;
    return message;
  }

  /** The messages up to and with the first of the given type. */
  async nextUntil(type: BackendMessage["type"], withinMs = answerWithinMsDefault): Promise<BackendMessage[]> {
    const deadline = Date.now() + withinMs;
    const messages: BackendMessage[] = [];
    for (;;) {
      const message = await this.next(Math.max(1, deadline - Date.now()));
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  /** True when nothing has arrived that was not asked for, after giving it `forMs` to arrive. */
  async staysSilent(forMs: number): Promise<boolean> {
    try {
      this.#arrived.unshift(await this.next(forMs));
      return false;
    } catch (error) {
      if (error instanceof NoAnswer) return true;
      throw error;
    }
  }

  /** Leaves without a word, as a client does whose machine lost power. */
  destroy(): void {
    this.#stream.destroy();
  }

  #wait(withinMs: number): Promise<BackendMessage | Error> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiter = undefined;
        resolve(new NoAnswer(`no answer within ${withinMs} ms`));
      }, withinMs);
      this.#waiter = (message) => {
        clearTimeout(timer);
        this.#waiter = undefined;
        resolve(message);
      };
    });
  }

  #take(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    try {
      for (let bytes = this.#takeOne(); bytes > 0; bytes = this.#takeOne()) {
        this.#unread = this.#unread.subarray(bytes);
      }
    } catch (error) {
      this.#stream.destroy(error as Error);
    }
  }

  /** @returns the bytes taken; 0 when no whole message is there */
  #takeOne(): number {
    const unread = this.#unread;
    if (unread.length < headerBytes) return 0;
    const bytes = 1 + unread.readInt32BE(1);
    if (bytes < headerBytes || bytes > messageBytesMax)
      throw new RangeError(`the server sent a length of ${bytes - 1}`);
    if (unread.length < bytes) return 0;
    this.#deliver(decodeBackendMessage(unread.toString("latin1", 0, 1), unread.subarray(headerBytes, bytes)));
    return bytes;
  }

  #deliver(message: BackendMessage): void {
    if (this.#waiter !== undefined) this.#waiter(message);
    else this.#arrived.push(message);
  }

  #close(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#waiter?.(reason);
  }
}
