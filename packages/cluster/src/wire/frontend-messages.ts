/**
 * Bodies of the messages a frontend sends, taken apart. Pure functions: body in, fields out.
 *
 * Source: PostgreSQL documentation, "Message Formats".
 */
import { BodyReader, MalformedMessage } from "./reader.ts";

export interface ParseMessage {
  readonly statement: string;
  readonly text: string;
  /** Object identifiers of the parameter types; 0 leaves the choice to the server. */
  readonly parameterTypes: readonly number[];
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  /** Format codes, values and result formats as sent: what follows the two names. */
  readonly arguments: Buffer;
}

/** The part of a Bind message behind its names, taken apart. */
export interface BindArguments {
  /** One format code for each value: 0 text, 1 binary. */
  readonly formats: readonly number[];
  readonly values: readonly (Buffer | null)[];
  /** None: all text. One: for all columns. Otherwise one for each column. */
  readonly resultFormats: readonly number[];
}

export interface DescribeMessage {
  readonly target: "statement" | "portal";
  readonly name: string;
}

export interface ExecuteMessage {
  readonly portal: string;
  /** 0: all rows. */
  readonly rowsMax: number;
}

export function decodeQuery(body: Buffer): string {
  return whole(body, (reader) => reader.cString());
}

export function decodePassword(body: Buffer): string {
  return whole(body, (reader) => reader.cString());
}

export function decodeParse(body: Buffer): ParseMessage {
  return whole(body, (reader) => {
    const statement = reader.cString();
    const text = reader.cString();
    const parameterTypes = list(reader, () => reader.int32());
    return { statement, text, parameterTypes };
  });
}

export function decodeBind(body: Buffer): BindMessage {
  return whole(body, (reader) => {
    const portal = reader.cString();
    const statement = reader.cString();
    const rest = reader.rest();
    if (rest.length < 6) throw new MalformedMessage("bind message ends too early");
    return { portal, statement, arguments: rest };
  });
}

export function decodeBindArguments(bytes: Buffer): BindArguments {
  return whole(bytes, (reader) => {
    const codes = list(reader, () => reader.int16());
    const values = list(reader, () => reader.value());
    const resultFormats = list(reader, () => reader.int16());
    if (codes.length > 1 && codes.length !== values.length) {
      throw new MalformedMessage(
        `bind message has ${codes.length} parameter formats but ${values.length} parameters`,
      );
    }
    const formats = values.map((_, index) => (codes.length === 1 ? codes[0] : codes[index]) ?? 0);
    return { formats, values, resultFormats };
  });
}

/** @throws {MalformedMessage} the target is neither a statement nor a portal */
export function decodeTarget(body: Buffer): DescribeMessage {
  return whole(body, (reader) => {
    const letter = String.fromCharCode(reader.byte());
    if (letter !== "S" && letter !== "P") throw new MalformedMessage(`invalid subtype ${letter}`);
    return { target: letter === "S" ? "statement" : "portal", name: reader.cString() };
  });
}

export function decodeExecute(body: Buffer): ExecuteMessage {
  return whole(body, (reader) => ({ portal: reader.cString(), rowsMax: reader.int32() }));
}

function whole<Fields>(body: Buffer, read: (reader: BodyReader) => Fields): Fields {
  const reader = new BodyReader(body);
  const fields = read(reader);
  reader.end();
  return fields;
}

function list<Item>(reader: BodyReader, read: () => Item): Item[] {
  const count = reader.int16() & 0xffff; // An unsigned count: PostgreSQL allows 65,535 parameters.
  const items: Item[] = [];
  for (let index = 0; index < count; index++) items.push(read());
  return items;
}
