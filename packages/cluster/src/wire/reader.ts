/**
 * Reads fields off a message body. A body that ends early is the sender's fault: `MalformedMessage`, which the session
 * answers with SQLSTATE 08P01.
 */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
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
    const text = this.#body.toString("utf8", this.#offset, end);
    this.#offset = end + 1;
    return text;
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
