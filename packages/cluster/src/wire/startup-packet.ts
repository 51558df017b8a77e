/**
 * The first packet of a connection, which has no type byte: a request for encryption, a request to cancel, or the
 * start-up message itself.
 *
 * Source: PostgreSQL documentation, "Message Formats" (StartupMessage, SSLRequest, GSSENCRequest, CancelRequest).
 */
import { BodyReader, MalformedMessage } from "./reader.ts";

export type StartupPacket =
  | { readonly kind: "ssl" }
  | { readonly kind: "gssenc" }
  | { readonly kind: "cancel"; readonly processId: number; readonly secretKey: number }
  | {
      readonly kind: "startup";
      /** Major version in the high 16 bits, minor in the low ones: 196608 is 3.0. */
      readonly protocolVersion: number;
      readonly parameters: Readonly<Record<string, string>>;
    };

/** PostgreSQL's own bound on a start-up packet. */
export const startupPacketBytesMax = 10_000;

const requestCodes = { ssl: 80877103, gssenc: 80877104, cancel: 80877102 } as const;

/**
 * @param packet - the whole packet, its 4 length bytes included
 * @throws {MalformedMessage} the packet does not have the form of any of the four
 */
export function decodeStartupPacket(packet: Buffer): StartupPacket {
  const reader = new BodyReader(packet);
  if (reader.int32() !== packet.length)
    throw new MalformedMessage("start-up packet has another length than it says");
  const code = reader.int32();
  if (code === requestCodes.ssl) return { kind: "ssl" };
  if (code === requestCodes.gssenc) return { kind: "gssenc" };
  if (code === requestCodes.cancel) {
    return { kind: "cancel", processId: reader.int32(), secretKey: reader.int32() };
  }
  return { kind: "startup", protocolVersion: code, parameters: readParameters(reader) };
}

function readParameters(reader: BodyReader): Record<string, string> {
  const parameters: Record<string, string> = {};
  // Protocol 2.0 packets have another form; their version is all that is needed to refuse them.
  while (reader.remaining > 1) {
    const name = reader.cString();
    if (name === "") break;
    parameters[name] = reader.cString();
  }
  return parameters;
}
