/**
 * The data of one COPY … FROM STDIN as it is kept: by bytes, however the client has cut it into messages.
 *
 * A CopyData message may hold one byte, or none, and each costs hundreds where it is kept as it came. PostgreSQL takes no
 * notice of where one ends, so they are joined.
 *
 * Source: PostgreSQL documentation, "COPY Operations". Tests: copy-data.test.ts.
 */
import { encodeFrontend } from "../wire/index.ts";

/** Small messages are gathered up to so many bytes; one that is larger stays as it is. */
const pieceBytes = 64 * 1024;

export class CopyData {
  #pieces: Buffer[] = [];
  /** The last piece, as long as it grows. */
  #open = Buffer.alloc(0);
  #openBytes = 0;

  add(data: Buffer): void {
    if (data.length >= pieceBytes) {
      this.#close();
      this.#pieces.push(data);
      return;
    }
    if (this.#openBytes + data.length > pieceBytes) this.#close();
    this.#reserve(this.#openBytes + data.length);
    data.copy(this.#open, this.#openBytes);
    this.#openBytes += data.length;
  }

  forget(): void {
    this.#pieces = [];
    this.#open = Buffer.alloc(0);
    this.#openBytes = 0;
  }

  /** @returns the data in CopyData messages; nothing can be added after that */
  frames(): readonly Buffer[] {
    this.#close();
    return this.#pieces.map((piece) => encodeFrontend.copyData(piece));
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#open.length) return;
    const room = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(1_024, 2 * bytes)));
    this.#open.copy(room, 0, 0, this.#openBytes);
    this.#open = room;
  }

  #close(): void {
    if (this.#openBytes > 0) this.#pieces.push(this.#open.subarray(0, this.#openBytes));
    this.#open = Buffer.alloc(0);
    this.#openBytes = 0;
  }
}
