/**
 * What goes to the client, gathered into few writes.
 *
 * Each write to a TLS socket costs a record and a system call, so the frames of an answer travel together: they go out
 * when the client waits for them (ReadyForQuery, Flush) or when much has gathered.
 *
 * Always true
 * - At most `gatheredBytesMax` and one frame stay here; the rest is the socket's, which says when it is full.
 */
import type { Duplex } from "node:stream";

const gatheredBytesMax = 32 * 1024;

export class ClientWriter {
  readonly #socket: Duplex;
  #frames: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  write(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#bytes >= gatheredBytesMax) this.flush();
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    if (!this.#socket.writable) return; // The client is gone; its session hears that from the socket.
    this.#socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
  }

  /** The client does not take what is sent as fast as it comes. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.on("drain", done).on("close", done);
    });
  }

  /** Sends what there is and closes. */
  end(): void {
    this.flush();
    this.#socket.end();
  }
}
