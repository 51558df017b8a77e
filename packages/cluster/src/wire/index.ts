/**
 * PostgreSQL's frontend/backend protocol, version 3.0: bytes to messages and back. Pure functions, no sockets.
 *
 * Promises: nothing is decoded beyond its frame, no frame beyond its bound, malformed bytes end in `MalformedMessage`
 * or `FrameError` and never in a crash.
 */
export {
  decodeCommandTag,
  decodeDataRow,
  decodeErrorFields,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeReadyStatus,
  type ErrorFieldMap,
  errorFieldsOf,
  joinRowDescription,
  splitRowDescription,
} from "./backend-messages.ts";
export {
  type ColumnDescription,
  encodeBackend,
  encodeBindArguments,
  encodeFrontend,
  type ErrorFields,
  noBindArguments,
} from "./encode.ts";
export { bodyOf, FrameError, type FrameHandler, FrameSplitter } from "./frames.ts";
export {
  type BindArguments,
  type BindMessage,
  decodeBind,
  decodeBindArguments,
  decodeExecute,
  decodeParse,
  decodePassword,
  decodeQuery,
  decodeTarget,
  type DescribeMessage,
  type ExecuteMessage,
  type ParseMessage,
} from "./frontend-messages.ts";
export { backendType, frontendType, readyStatus } from "./message-types.ts";
export { BodyReader, InvalidText, MalformedMessage } from "./reader.ts";
export { decodeStartupPacket, type StartupPacket, startupPacketBytesMax } from "./startup-packet.ts";
