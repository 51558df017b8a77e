/**
 * Backend messages of PostgreSQL's protocol 3.0: from bytes to values. Pure functions.
 *
 * Source: PostgreSQL 16 documentation, "Message Formats".
 */
export type TransactionStatus = "I" | "T" | "E";

export interface Column {
  readonly name: string;
  readonly typeOid: number;
  readonly format: number;
}

/** Error fields by their one-letter names; `C` is the SQLSTATE, `M` the message, `P` the position. */
export type ErrorFields = Readonly<Record<string, string>>;

export type BackendMessage =
  | { readonly type: "Authentication"; readonly code: number }
  | { readonly type: "ParameterStatus"; readonly name: string; readonly value: string }
  | { readonly type: "BackendKeyData"; readonly processId: number; readonly secretKey: Buffer }
  | { readonly type: "ReadyForQuery"; readonly status: TransactionStatus }
  | { readonly type: "RowDescription"; readonly columns: readonly Column[] }
  | { readonly type: "DataRow"; readonly values: readonly (Buffer | null)[] }
  | { readonly type: "CommandComplete"; readonly tag: string }
  | { readonly type: "ErrorResponse"; readonly fields: ErrorFields }
  | { readonly type: "NoticeResponse"; readonly fields: ErrorFields }
  | { readonly type: "ParameterDescription"; readonly typeOids: readonly number[] }
  | { readonly type: "CopyInResponse" | "CopyOutResponse"; readonly format: number; readonly columns: number }
  | { readonly type: "CopyData"; readonly data: Buffer }
  | { readonly type: PlainType };

type PlainType =
  | "ParseComplete"
  | "BindComplete"
  | "CloseComplete"
  | "NoData"
  | "PortalSuspended"
  | "EmptyQueryResponse"
  | "CopyDone"
  | "NotificationResponse"
  | "NegotiateProtocolVersion";

const plainTypes: Readonly<Record<string, PlainType>> = {
  "1": "ParseComplete",
  "2": "BindComplete",
  "3": "CloseComplete",
  n: "NoData",
  s: "PortalSuspended",
  I: "EmptyQueryResponse",
  c: "CopyDone",
  A: "NotificationResponse",
  v: "NegotiateProtocolVersion",
};

/** Walks over the body of one message. Reading past its end throws, as a malformed message should. */
class Reader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  int16 = (): number => this.#body.readInt16BE(this.#advance(2));
  int32 = (): number => this.#body.readInt32BE(this.#advance(4));
  byte = (): number => this.#body.readUInt8(this.#advance(1));

  bytes(count: number): Buffer {
    const from = this.#advance(count);
    if (this.#at > this.#body.length) throw new RangeError("the message ends within a field");
    return this.#body.subarray(from, this.#at);
  }

  rest(): Buffer {
    return this.bytes(this.#body.length - this.#at);
  }

  cString(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end === -1) throw new RangeError("a string in the message has no end");
    const text = this.#body.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #advance(count: number): number {
    const from = this.#at;
    this.#at += count;
    return from;
  }
}

const times = <Value>(count: number, read: () => Value): Value[] => Array.from({ length: count }, read);

export function decodeBackendMessage(type: string, body: Buffer): BackendMessage {
  const reader = new Reader(body);
  switch (type) {
    case "R":
      return { type: "Authentication", code: reader.int32() };
    case "S":
      return { type: "ParameterStatus", name: reader.cString(), value: reader.cString() };
    case "K":
      return { type: "BackendKeyData", processId: reader.int32(), secretKey: reader.rest() };
    case "Z":
      return { type: "ReadyForQuery", status: String.fromCharCode(reader.byte()) as TransactionStatus };
    case "T":
      return { type: "RowDescription", columns: times(reader.int16(), () => readColumn(reader)) };
    case "D":
      return { type: "DataRow", values: times(reader.int16(), () => readValue(reader)) };
    case "C":
      return { type: "CommandComplete", tag: reader.cString() };
    case "E":
      return { type: "ErrorResponse", fields: readErrorFields(reader) };
    case "N":
      return { type: "NoticeResponse", fields: readErrorFields(reader) };
    case "t":
      return { type: "ParameterDescription", typeOids: times(reader.int16(), reader.int32) };
    case "G":
      return { type: "CopyInResponse", format: reader.byte(), columns: reader.int16() };
    case "H":
      return { type: "CopyOutResponse", format: reader.byte(), columns: reader.int16() };
    case "d":
      return { type: "CopyData", data: reader.rest() };
    default: {
      const plain = plainTypes[type];
      if (plain === undefined)
        throw new Error(`the server sent a message of unknown type ${JSON.stringify(type)}`);
      return { type: plain };
    }
  }
}

function readColumn(reader: Reader): Column {
  const name = reader.cString();
  reader.bytes(6); // Table oid and column number.
  const typeOid = reader.int32();
  reader.bytes(6); // Type length and modifier.
  return { name, typeOid, format: reader.int16() };
}

function readValue(reader: Reader): Buffer | null {
  const length = reader.int32();
  return length === -1 ? null : Buffer.from(reader.bytes(length));
}

function readErrorFields(reader: Reader): ErrorFields {
  const fields: Record<string, string> = {};
  for (let code = reader.byte(); code !== 0; code = reader.byte()) {
    fields[String.fromCharCode(code)] = reader.cString();
  }
  return fields;
}
