/**
 * Frames of the messages a backend sends, taken apart as far as the cluster looks into them.
 *
 * Source: PostgreSQL documentation, "Message Formats" and "Error and Notice Message Fields".
 */
import type { ErrorFields } from "./encode.ts";
import { bodyOf } from "./frames.ts";
import { BodyReader } from "./reader.ts";

/** Error fields by their one-letter codes: `C` SQLSTATE, `M` message, `D` detail, `n` constraint … */
export type ErrorFieldMap = ReadonlyMap<string, string>;

export function decodeErrorFields(frame: Buffer): ErrorFieldMap {
  const reader = new BodyReader(bodyOf(frame));
  const fields = new Map<string, string>();
  for (let type = reader.byte(); type !== 0; type = reader.byte()) {
    fields.set(String.fromCharCode(type), reader.cString());
  }
  return fields;
}

export function errorFieldsOf(fields: ErrorFieldMap): ErrorFields {
  const position = fields.get("P");
  return {
    severity: fields.get("V") ?? fields.get("S") ?? "ERROR",
    sqlstate: fields.get("C") ?? "XX000",
    message: fields.get("M") ?? "",
    detail: fields.get("D"),
    hint: fields.get("H"),
    position: position === undefined ? undefined : Number(position),
    objects: {
      schema: fields.get("s"),
      table: fields.get("t"),
      column: fields.get("c"),
      dataType: fields.get("d"),
      constraint: fields.get("n"),
    },
  };
}

export function decodeCommandTag(frame: Buffer): string {
  return frame.toString("utf8", 5, frame.length - 1);
}

export function decodeReadyStatus(frame: Buffer): number {
  return frame[5] ?? 0;
}

export function decodeParameterStatus(frame: Buffer): { name: string; value: string } {
  const reader = new BodyReader(bodyOf(frame));
  return { name: reader.cString(), value: reader.cString() };
}

export function decodeParameterDescription(frame: Buffer): number[] {
  const reader = new BodyReader(bodyOf(frame));
  return Array.from({ length: reader.int16() & 0xffff }, () => reader.int32());
}

/** The values of a DataRow, shared with the frame. */
export function decodeDataRow(frame: Buffer): (Buffer | null)[] {
  const reader = new BodyReader(bodyOf(frame));
  return Array.from({ length: reader.int16() & 0xffff }, () => reader.value());
}

/** The column descriptions of a RowDescription, each as its bytes. */
export function splitRowDescription(frame: Buffer): Buffer[] {
  const body = bodyOf(frame);
  const count = body.readUInt16BE(0);
  const columns: Buffer[] = [];
  let offset = 2;
  for (let index = 0; index < count; index++) {
    const nameEnd = body.indexOf(0, offset);
    const end = nameEnd + 1 + 18; // table, column, type, size, modifier, format
    columns.push(body.subarray(offset, end));
    offset = end;
  }
  return columns;
}

/** A RowDescription of some of the columns of another. */
export function joinRowDescription(columns: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.alloc(7), ...columns]);
  body[0] = "T".charCodeAt(0);
  body.writeInt32BE(body.length - 1, 1);
  body.writeUInt16BE(columns.length, 5);
  return body;
}
