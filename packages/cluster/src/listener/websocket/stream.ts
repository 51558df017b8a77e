/**
 * A connection in WebSocket as the plain stream that sessions know.
 *
 * Always true
 * - What is written leaves as one binary frame for each message of PostgreSQL's protocol.
 * - While what was read is not taken, or what was written is not, the socket below waits as well.
 */
import { Duplex } from "node:stream";

import { FrameSplitter } from "../../wire/index.ts";
import { closeCode, closeFrame, frameHeader, opcode, WebSocketDecoder, WebSocketError } from "./frames.ts";

/** Messages of our own: PostgreSQL's bound. */
const messageBytesMax = 0x3fffffff;

/** How long the socket may take to close after the last word was written to it. */
const farewellMsMax = 1_000;

export class WebSocketStream extends Duplex {
  readonly #socket: Duplex;
  readonly #splitter = new FrameSplitter(messageBytesMax);
  /** A Close frame has been sent: nothing may follow it. */
  #isClosed = false;

  /** @param socket - right behind the answer to the upgrade */
  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    const decoder = new WebSocketDecoder({
      data: (bytes) => {
        if (!this.push(bytes)) socket.pause();
      },
      ping: (payload) => {
        // A client that sends pings and does not read pongs gets no more of them.
        if (this.#isClosed || socket.writableNeedDrain) return;
        socket.write(Buffer.concat([frameHeader(opcode.pong, payload.length), payload]));
      },
      close: () => {
        this.#close(closeCode.normal);
        this.push(null);
      },
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        decoder.push(chunk);
      } catch (error) {
        this.#close(error instanceof WebSocketError ? error.code : closeCode.protocolError);
        this.destroy();
      }
    });
    socket.on("end", () => this.push(null));
    socket.on("error", () => undefined); // It closes, too.
    socket.on("close", () => {
      this.destroy();
    });
    socket.resume();
  }

  override _read(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isClosed) {
      done();
      return;
    }
    const frames: Buffer[] = [];
    this.#splitter.push(chunk, (_type, message) => {
      frames.push(frameHeader(opcode.binary, message.length), message);
    });
    if (frames.length === 0 || this.#socket.write(Buffer.concat(frames))) {
      done();
      return;
    }
    const taken = (): void => {
      this.#socket.off("drain", taken).off("close", taken);
      done();
    };
    this.#socket.on("drain", taken).on("close", taken);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#close(closeCode.normal);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const socket = this.#socket;
    if (socket.writableEnded && !socket.writableFinished) {
      // What was written last goes out, if the client takes it.
      const timer = setTimeout(() => socket.destroy(), farewellMsMax).unref();
      socket.once("close", () => {
        clearTimeout(timer);
      });
      socket.once("finish", () => socket.destroy());
    } else socket.destroy();
    done(error);
  }

  #close(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.end(closeFrame(code));
  }
}
