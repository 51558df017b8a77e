/**
 * The client's messages, in order, bounded: while too much waits to be answered, the socket is not read.
 */
import type { Duplex } from "node:stream";
import type { MemoryAccount } from "../base/index.ts";
import { FrameSplitter, frontendType } from "../wire/index.ts";

export interface Frame {
  readonly type: number;
  /** Type, length and body. */
  readonly bytes: Buffer;
}

/** Bytes that may wait here before reading pauses, `messageOverheadBytes` of each message included. */
const waitingBytesMax = 1024 * 1024;
/** What a message costs beyond its bytes: a Sync has five, and the two objects that hold it about this many. */
const messageOverheadBytes = 256;
/** Places of served messages that may lie before the next one; they are taken out together. */
const servedFramesMax = 1_024;

export class FrameQueue {
  readonly #socket: Duplex;
  readonly #memory: MemoryAccount | undefined;
  readonly #frames: (Frame | undefined)[] = [];
  #bytes = 0;
  #head = 0;
  #wake: (() => void) | undefined;
  #end: Error | "closed" | undefined;

  /**
   * @param messageBytesMax - a longer message ends the stream with a `FrameError`
   * @param memory - counts what waits here
   */
  constructor(socket: Duplex, messageBytesMax: number, memory?: MemoryAccount) {
    this.#socket = socket;
    this.#memory = memory;
    const splitter = new FrameSplitter(messageBytesMax);
    const take = (type: number, bytes: Buffer): void => {
      this.#frames.push({ type, bytes });
      this.#bytes += bytes.length + messageOverheadBytes;
    };
    socket.on("data", (chunk: Buffer) => {
      if (this.#end !== undefined) return;
      const before = this.#bytes + splitter.pendingBytes;
      try {
        splitter.push(chunk, take);
      } catch (error) {
        this.#finish(error as Error);
        return;
      } finally {
        memory?.change(this.#bytes + splitter.pendingBytes - before);
      }
      if (this.#bytes > waitingBytesMax) socket.pause();
      this.#wake?.();
    });
    socket.on("close", () => {
      this.#finish("closed");
    });
    socket.on("end", () => {
      this.#finish("closed");
    });
    socket.on("error", () => {
      this.#finish("closed");
    });
    if (socket.destroyed) this.#finish("closed"); // It went before anybody listened here.
    socket.resume();
  }

  /** Whether the next message is there and is a Sync. */
  get nextIsSync(): boolean {
    return this.#frames[this.#head]?.type === frontendType.sync;
  }

  /** The client will send nothing more. */
  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** The next message if it is there already. */
  take(): Frame | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    // A client that keeps its pipeline filled never leaves the queue empty: what is served must go all the same.
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    const bytes = frame.bytes.length + messageOverheadBytes;
    this.#bytes -= bytes;
    this.#memory?.change(-bytes);
    if (this.#head === this.#frames.length || this.#head >= servedFramesMax) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    if (this.#frames.length === 0 && this.#socket.isPaused()) this.#socket.resume();
    return frame;
  }

  /**
   * @returns undefined when the client is gone
   * @throws {FrameError} the client sent something that is no message
   */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.take();
      if (frame !== undefined) return frame;
      if (this.#end === "closed") return undefined;
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          this.#wake = undefined;
          resolve();
        };
      });
    }
  }

  /** Forgets what waits and reads no more, as if the client had gone. */
  drop(): void {
    this.#frames.length = 0;
    this.#head = 0;
    this.#bytes = 0;
    this.#finish("closed");
  }

  #finish(end: Error | "closed"): void {
    this.#end ??= end;
    this.#wake?.();
  }
}
