/**
 * Builds messages. Pure functions: fields in, one whole frame out.
 *
 * Source: PostgreSQL documentation, "Message Formats".
 */
import { backendType, frontendType } from "./message-types.ts";

/** Fields of an ErrorResponse or NoticeResponse. */
export interface ErrorFields {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based, in characters. */
  readonly position?: number | undefined;
  readonly objects?: {
    readonly schema?: string | undefined;
    readonly table?: string | undefined;
    readonly column?: string | undefined;
    readonly dataType?: string | undefined;
    readonly constraint?: string | undefined;
  };
}

export interface ColumnDescription {
  readonly name: string;
  readonly typeOid: number;
  readonly typeSize: number;
}

function frame(type: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(5 + body.length);
  bytes[0] = type;
  bytes.writeInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const cString = (text: string): Buffer => Buffer.from(`${text}\0`, "utf8");

/** What a backend sends. */
export const encodeBackend = {
  authenticationOk: (): Buffer => frame(backendType.authentication, int32(0)),
  authenticationCleartextPassword: (): Buffer => frame(backendType.authentication, int32(3)),
  backendKeyData: (processId: number, secretKey: number): Buffer =>
    frame(backendType.backendKeyData, Buffer.concat([int32(processId), int32(secretKey)])),
  parameterStatus: (name: string, value: string): Buffer =>
    frame(backendType.parameterStatus, Buffer.concat([cString(name), cString(value)])),
  readyForQuery: (status: number): Buffer => frame(backendType.readyForQuery, Buffer.from([status])),
  parseComplete: (): Buffer => parseComplete,
  bindComplete: (): Buffer => bindComplete,
  closeComplete: (): Buffer => closeComplete,
  noData: (): Buffer => noData,
  emptyQueryResponse: (): Buffer => frame(backendType.emptyQueryResponse, Buffer.alloc(0)),
  portalSuspended: (): Buffer => frame(backendType.portalSuspended, Buffer.alloc(0)),
  commandComplete: (tag: string): Buffer => frame(backendType.commandComplete, cString(tag)),
  negotiateProtocolVersion: (minorMax: number, unknownOptions: readonly string[]): Buffer =>
    frame(
      backendType.negotiateProtocolVersion,
      Buffer.concat([int32(minorMax), int32(unknownOptions.length), ...unknownOptions.map(cString)]),
    ),
  errorResponse: (fields: ErrorFields): Buffer => frame(backendType.errorResponse, errorBody(fields)),
  noticeResponse: (fields: ErrorFields): Buffer => frame(backendType.noticeResponse, errorBody(fields)),
  rowDescription(columns: readonly ColumnDescription[]): Buffer {
    const parts = columns.flatMap((column) => [
      cString(column.name),
      int32(0), // no table
      int16(0),
      int32(column.typeOid),
      int16(column.typeSize),
      int32(-1),
      int16(0),
    ]);
    return frame(backendType.rowDescription, Buffer.concat([int16(columns.length), ...parts]));
  },
  /** Values in text format. */
  dataRow(values: readonly (string | Buffer | null)[]): Buffer {
    const parts = values.flatMap((value) => {
      if (value === null) return [int32(-1)];
      const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
      return [int32(bytes.length), bytes];
    });
    return frame(backendType.dataRow, Buffer.concat([int16(values.length), ...parts]));
  },
};

function errorBody(fields: ErrorFields): Buffer {
  const entries: [string, string | undefined][] = [
    ["S", fields.severity],
    ["V", fields.severity],
    ["C", fields.sqlstate],
    ["M", fields.message],
    ["D", fields.detail],
    ["H", fields.hint],
    ["P", fields.position?.toString()],
    ["s", fields.objects?.schema],
    ["t", fields.objects?.table],
    ["c", fields.objects?.column],
    ["d", fields.objects?.dataType],
    ["n", fields.objects?.constraint],
  ];
  const present = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
  // A zero byte in a text would end the field early.
  const text = present.map(([type, value]) => `${type}${value.replaceAll("\0", "")}\0`).join("");
  return Buffer.from(`${text}\0`, "utf8");
}

/** What a frontend sends: the cluster is the frontend of its PostgreSQL backends. */
export const encodeFrontend = {
  startup(parameters: Readonly<Record<string, string>>): Buffer {
    const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
    const body = Buffer.from(`${pairs.join("")}\0`, "utf8");
    return Buffer.concat([int32(8 + body.length), int32(196608), body]);
  },
  password: (password: string): Buffer => frame(frontendType.password, cString(password)),
  cancelRequest: (processId: number, secretKey: number): Buffer =>
    Buffer.concat([int32(16), int32(80877102), int32(processId), int32(secretKey)]),
  query: (text: string): Buffer => frame(frontendType.query, cString(text)),
  parse: (statement: string, text: string, parameterTypes: readonly number[]): Buffer =>
    frame(
      frontendType.parse,
      Buffer.concat([
        cString(statement),
        cString(text),
        int16(parameterTypes.length),
        ...parameterTypes.map(int32),
      ]),
    ),
  /** @param bindArguments - formats, values and result formats as in the protocol */
  bind: (portal: string, statement: string, bindArguments: Buffer): Buffer =>
    frame(frontendType.bind, Buffer.concat([cString(portal), cString(statement), bindArguments])),
  describe: (target: "statement" | "portal", name: string): Buffer =>
    frame(
      frontendType.describe,
      Buffer.concat([Buffer.from(target === "statement" ? "S" : "P"), cString(name)]),
    ),
  execute: (portal: string, rowsMax: number): Buffer =>
    frame(frontendType.execute, Buffer.concat([cString(portal), int32(rowsMax)])),
  close: (target: "statement" | "portal", name: string): Buffer =>
    frame(
      frontendType.close,
      Buffer.concat([Buffer.from(target === "statement" ? "S" : "P"), cString(name)]),
    ),
  sync: (): Buffer => sync,
  copyData: (data: Buffer): Buffer => frame(frontendType.copyData, data),
  copyFail: (reason: string): Buffer => frame(frontendType.copyFail, cString(reason)),
  terminate: (): Buffer => frame(frontendType.terminate, Buffer.alloc(0)),
};

/** The arguments of a Bind message: one format for each value. */
export function encodeBindArguments(
  formats: readonly number[],
  values: readonly (Buffer | string | null)[],
  resultFormats: readonly number[],
): Buffer {
  const parts: Buffer[] = [int16(formats.length), ...formats.map(int16), int16(values.length)];
  for (const value of values) {
    if (value === null) {
      parts.push(int32(-1));
      continue;
    }
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    parts.push(int32(bytes.length), bytes);
  }
  return Buffer.concat([...parts, int16(resultFormats.length), ...resultFormats.map(int16)]);
}

/** No parameters, all results as text. */
export const noBindArguments = encodeBindArguments([], [], []);

const sync = frame(frontendType.sync, Buffer.alloc(0));
const parseComplete = frame(backendType.parseComplete, Buffer.alloc(0));
const bindComplete = frame(backendType.bindComplete, Buffer.alloc(0));
const closeComplete = frame(backendType.closeComplete, Buffer.alloc(0));
const noData = frame(backendType.noData, Buffer.alloc(0));
