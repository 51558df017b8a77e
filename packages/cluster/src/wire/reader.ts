/**
 * Reads fields off a message body. A body that ends early is the sender's fault: `MalformedMessage`, which the session
 * answers with SQLSTATE 08P01.
 */
import { isUtf8 } from "node:buffer";

export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** Text that is not UTF-8; the message says where. SQLSTATE 22021. */
export class InvalidText extends Error {
  override readonly name = "InvalidText";
}

export class BodyReader {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get remaining(): number {
    return this.#body.length - this.#offset;
  }

  #take(bytes: number): number {
    if (bytes < 0 || this.#offset + bytes > this.#body.length)
      throw new MalformedMessage("message ends too early");
    const from = this.#offset;
    this.#offset += bytes;
    return from;
  }

  byte(): number {
    return this.#body.readUInt8(this.#take(1));
  }

  int16(): number {
    return this.#body.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#body.readInt32BE(this.#take(4));
  }

  /** A string up to its NUL byte. */
  cString(): string {
    const end = this.#body.indexOf(0, this.#offset);
    if (end < 0) throw new MalformedMessage("string without its terminating zero byte");
    const bytes = this.#body.subarray(this.#offset, end);
    if (!isUtf8(bytes)) throw new InvalidText(invalidSequence(bytes));
    this.#offset = end + 1;
    return bytes.toString("utf8");
  }

  /** The next bytes, shared with the body. */
  bytes(count: number): Buffer {
    const from = this.#take(count);
    return this.#body.subarray(from, from + count);
  }

  /** A value with its length in front; −1 means NULL. */
  value(): Buffer | null {
    const length = this.int32();
    return length === -1 ? null : this.bytes(length);
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  /** @throws {MalformedMessage} bytes are left over */
  end(): void {
    if (this.remaining !== 0) throw new MalformedMessage("message is longer than its fields");
  }
}

/** PostgreSQL's words, with the bytes of the first sequence that is not UTF-8. */
function invalidSequence(bytes: Buffer): string {
  const replaced = bytes.toString("utf8").indexOf("\ufffd");
  const at = Buffer.byteLength(bytes.toString("utf8").slice(0, replaced), "utf8");
  const shown = [...bytes.subarray(at, at + 2)].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  return `invalid byte sequence for encoding "UTF8": ${shown.join(" ")}`;
}
