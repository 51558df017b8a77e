/**
 * Splits a byte stream into the messages of PostgreSQL's protocol 3.0: one type byte, a length that counts itself,
 * a body. Both directions use the same framing once the start-up packet is over.
 *
 * Always true
 * - Every byte pushed is delivered exactly once, in order, in whole messages, or belongs to one that is passed over.
 * - No message beyond a bound is ever collected: the length is judged before the body arrives.
 * - A message that is not whole yet takes at most twice the bytes that have come of it, however small its pieces.
 *
 * Source: PostgreSQL documentation, "Message Formats". Tests: frames.test.ts.
 */

/** A length that no well-behaved peer sends. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Receives one message: its type byte, and the frame with type and length in front. */
export type FrameHandler = (type: number, frame: Buffer) => void;

/** Messages beyond a bound that are passed over: the stream is followed, their bodies are dropped as they come. */
export interface PassedOver {
  readonly beyondBytes: number;
  /** Called when the message begins. */
  readonly onMessage: (type: number) => void;
}

const headerBytes = 5;
const nothing = Buffer.alloc(0);

export class FrameSplitter {
  readonly #messageBytesMax: number;
  readonly #passedOver: PassedOver | undefined;
  /** Of the message that is passed over, to come. */
  #bytesToDrop = 0;
  /** What has come of a message that is not whole yet, and room for more of it. */
  #pending: Buffer = nothing;
  #pendingBytes = 0;
  /** Bytes that must be there before splitting can go on. */
  #neededBytes = headerBytes;

  /** @param messageBytesMax - largest body accepted, in bytes, counted as the protocol's length field counts */
  constructor(messageBytesMax: number, passedOver?: PassedOver) {
    this.#messageBytesMax = messageBytesMax;
    this.#passedOver = passedOver;
  }

  /** Bytes of a message that is not whole yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** @throws {FrameError} a length below 4 or beyond the bound; the stream cannot be followed any further */
  push(arrived: Buffer, handle: FrameHandler): void {
    let chunk = arrived;
    if (this.#bytesToDrop > 0) {
      const dropped = Math.min(this.#bytesToDrop, chunk.length);
      this.#bytesToDrop -= dropped;
      chunk = chunk.subarray(dropped);
    }
    if (this.#pendingBytes === 0) {
      this.#keep(chunk, this.#split(chunk, handle));
      return;
    }
    this.#append(chunk);
    if (this.#pendingBytes < this.#neededBytes) return;
    const bytes = this.#pending.subarray(0, this.#pendingBytes);
    this.#keep(bytes, this.#split(bytes, handle));
  }

  /** A large message arrives in many chunks, and one of one byte each is an attack: they are joined as they come. */
  #append(chunk: Buffer): void {
    const bytes = this.#pendingBytes + chunk.length;
    if (bytes > this.#pending.length) {
      const room = Buffer.allocUnsafe(Math.max(bytes, Math.min(2 * this.#pending.length, this.#neededBytes)));
      this.#pending.copy(room, 0, 0, this.#pendingBytes);
      this.#pending = room;
    }
    chunk.copy(this.#pending, this.#pendingBytes);
    this.#pendingBytes = bytes;
  }

  #split(bytes: Buffer, handle: FrameHandler): number {
    let offset = 0;
    while (bytes.length - offset >= headerBytes) {
      const length = bytes.readInt32BE(offset + 1);
      if (length < 4 || length > this.#messageBytesMax) {
        throw new FrameError(`message length ${length} is outside 4 to ${this.#messageBytesMax}`);
      }
      const end = offset + 1 + length;
      if (this.#passedOver !== undefined && length > this.#passedOver.beyondBytes) {
        this.#bytesToDrop = Math.max(0, end - bytes.length);
        this.#passedOver.onMessage(bytes[offset] ?? 0);
        offset = Math.min(end, bytes.length);
        continue;
      }
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
    // A copy, for a view of a few bytes would keep all that came with them.
    this.#pending = from === bytes.length ? nothing : Buffer.from(bytes.subarray(from));
    this.#pendingBytes = this.#pending.length;
  }
}

/** The body of a frame: what follows its type and length. */
export function bodyOf(frame: Buffer): Buffer {
  return frame.subarray(headerBytes);
}
