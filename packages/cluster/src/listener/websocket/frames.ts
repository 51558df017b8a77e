/**
 * Frames of WebSocket. Payloads of data are handed on as they arrive, so a frame needs no bound of its own: nothing of it is
 * collected. Control frames are collected, and have at most 125 bytes.
 *
 * Source: RFC 6455, section 5. Tests: frames.test.ts.
 */

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Codes of a Close frame. Source: RFC 6455, section 7.4.1. */
export const closeCode = { normal: 1000, protocolError: 1002, unsupportedData: 1003 } as const;

/** The peer broke the rules of frames; the connection is to be closed with the code. */
export class WebSocketError extends Error {
  override readonly name = "WebSocketError";
  readonly code: number;

  constructor(message: string, code: number = closeCode.protocolError) {
    super(message);
    this.code = code;
  }
}

export interface WebSocketReceiver {
  /** Bytes of a binary message, in order. */
  data(bytes: Buffer): void;
  ping(payload: Buffer): void;
  /** The peer closes; nothing follows. */
  close(): void;
}

const controlBytesMax = 125;
const length16 = 126;
const length64 = 127;

/** Takes apart what a client sends: its frames are masked. */
export class WebSocketDecoder {
  readonly #receiver: WebSocketReceiver;
  /** Of a header, or of a control frame, as far as it has come; at most 14 and 125 bytes. */
  #pending: Buffer = Buffer.alloc(0);
  #frame: { readonly code: number; readonly mask: Buffer; readonly bytes: number; taken: number } | undefined;
  /** A message of several frames is under way. */
  #isContinued = false;
  #isClosed = false;

  constructor(receiver: WebSocketReceiver) {
    this.#receiver = receiver;
  }

  /** @throws {WebSocketError} these are no frames of a client */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#isClosed)
      rest = this.#frame === undefined ? this.#head(rest) : this.#body(rest);
  }

  #head(chunk: Buffer): Buffer {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const headerBytes = headerBytesOf(bytes);
    if (headerBytes === undefined || bytes.length < headerBytes) {
      this.#pending = Buffer.from(bytes);
      return Buffer.alloc(0);
    }
    this.#pending = Buffer.alloc(0);
    this.#frame = { ...this.#judged(bytes), mask: bytes.subarray(headerBytes - 4, headerBytes), taken: 0 };
    if (this.#frame.bytes === 0) this.#end(Buffer.alloc(0));
    return bytes.subarray(headerBytes);
  }

  #judged(header: Buffer): { code: number; bytes: number } {
    const first = header.readUInt8(0);
    const [isFinal, reserved, code] = [(first & 0x80) !== 0, first & 0x70, first & 0x0f];
    if (reserved !== 0) throw new WebSocketError("a frame uses an extension that was not agreed on");
    if ((header.readUInt8(1) & 0x80) === 0) throw new WebSocketError("a client's frame is not masked");
    const bytes = payloadBytesOf(header);
    switch (code) {
      case opcode.close:
      case opcode.ping:
      case opcode.pong:
        if (!isFinal || bytes > controlBytesMax) throw new WebSocketError("a control frame is too long");
        return { code, bytes };
      case opcode.binary:
      case opcode.continuation:
        if ((code === opcode.continuation) !== this.#isContinued)
          throw new WebSocketError("a message goes on that has not begun, or begins inside another");
        this.#isContinued = !isFinal;
        return { code, bytes };
      case opcode.text:
        throw new WebSocketError("the protocol is binary", closeCode.unsupportedData);
      default:
        throw new WebSocketError(`there is no frame of kind ${code}`);
    }
  }

  #body(chunk: Buffer): Buffer {
    const frame = this.#frame;
    if (frame === undefined) return chunk;
    const end = Math.min(chunk.length, frame.bytes - frame.taken);
    const payload = unmasked(chunk.subarray(0, end), frame.mask, frame.taken);
    frame.taken += end;
    if (frame.code < opcode.close) this.#receiver.data(payload);
    else this.#pending = Buffer.concat([this.#pending, payload]);
    if (frame.taken === frame.bytes) this.#end(this.#pending);
    return chunk.subarray(end);
  }

  #end(control: Buffer): void {
    const code = this.#frame?.code;
    this.#frame = undefined;
    this.#pending = Buffer.alloc(0);
    if (code === opcode.ping) this.#receiver.ping(control);
    if (code !== opcode.close) return;
    this.#isClosed = true;
    this.#receiver.close();
  }
}

/** @returns the bytes of the header that begins here; undefined where too few are there to say */
function headerBytesOf(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const length = bytes.readUInt8(1) & 0x7f;
  const mask = (bytes.readUInt8(1) & 0x80) === 0 ? 0 : 4;
  return 2 + (length === length16 ? 2 : length === length64 ? 8 : 0) + mask;
}

function payloadBytesOf(header: Buffer): number {
  const length = header.readUInt8(1) & 0x7f;
  if (length === length16) return header.readUInt16BE(2);
  if (length < length16) return length;
  const bytes = header.readBigUInt64BE(2);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new WebSocketError("a frame is longer than any");
  return Number(bytes);
}

/** @param from - bytes of the frame that came before these */
function unmasked(bytes: Buffer, mask: Buffer, from: number): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    result[at] = (bytes[at] ?? 0) ^ (mask[(from + at) & 3] ?? 0);
  }
  return result;
}

/** The header of a server's frame, which is whole and not masked. */
export function frameHeader(code: number, bytes: number): Buffer {
  if (bytes < length16) return Buffer.from([0x80 | code, bytes]);
  const header = Buffer.alloc(bytes <= 0xffff ? 4 : 10);
  header[0] = 0x80 | code;
  if (bytes <= 0xffff) {
    header[1] = length16;
    header.writeUInt16BE(bytes, 2);
  } else {
    header[1] = length64;
    header.writeBigUInt64BE(BigInt(bytes), 2);
  }
  return header;
}

export function closeFrame(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([frameHeader(opcode.close, payload.length), payload]);
}
