/**
 * Splits a byte stream into the messages of PostgreSQL's protocol 3.0: one type byte, a length that counts itself,
 * a body. Both directions use the same framing once the start-up packet is over.
 *
 * Always true
 * - Every byte pushed is delivered exactly once, in order, in whole messages.
 * - No message beyond `messageBytesMax` is ever collected: the length is judged before the body arrives.
 *
 * Source: PostgreSQL documentation, "Message Formats". Tests: frames.test.ts.
 */

/** A length that no well-behaved peer sends. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Receives one message: its type byte, and the frame with type and length in front. */
export type FrameHandler = (type: number, frame: Buffer) => void;

const headerBytes = 5;

export class FrameSplitter {
  readonly #messageBytesMax: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Bytes that must be there before splitting can go on. */
  #neededBytes = headerBytes;

  /** @param messageBytesMax - largest body accepted, in bytes, counted as the protocol's length field counts */
  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** @throws {FrameError} a length below 4 or beyond the bound; the stream cannot be followed any further */
  push(chunk: Buffer, handle: FrameHandler): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    // A large message arrives in many chunks; they are joined once, when it is whole.
    if (this.#pendingBytes < this.#neededBytes) return;
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#keep(bytes, this.#split(bytes, handle));
  }

  #split(bytes: Buffer, handle: FrameHandler): number {
    let offset = 0;
    while (bytes.length - offset >= headerBytes) {
      const length = bytes.readInt32BE(offset + 1);
      if (length < 4 || length > this.#messageBytesMax) {
        throw new FrameError(`message length ${length} is outside 4 to ${this.#messageBytesMax}`);
      }
      const end = offset + 1 + length;
      if (end > bytes.length) {
        this.#neededBytes = 1 + length;
        return offset;
      }
      handle(bytes[offset] ?? 0, bytes.subarray(offset, end));
      offset = end;
    }
    this.#neededBytes = headerBytes;
    return offset;
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.subarray(from);
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
  }
}

/** The body of a frame: what follows its type and length. */
export function bodyOf(frame: Buffer): Buffer {
  return frame.subarray(headerBytes);
}
