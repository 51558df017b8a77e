/**
 * Reads the untyped packets with which a connection begins, and not one byte more: what follows belongs to TLS or to the
 * session and stays in the stream.
 */
import type { Duplex } from "node:stream";

import { readExactly } from "../base/index.ts";
import { startupPacketBytesMax } from "../wire/index.ts";

// Its own length and a code.
const startupPacketBytesMin = 8;

/** @returns undefined where the client went away, or announced a length that no start-up packet has */
export async function readStartupPacket(stream: Duplex): Promise<Buffer | undefined> {
  const length = await readExactly(stream, 4);
  const bytes = length?.readUInt32BE(0) ?? 0;
  if (length === undefined || bytes < startupPacketBytesMin || bytes > startupPacketBytesMax)
    return undefined;
  const rest = await readExactly(stream, bytes - 4);
  return rest === undefined ? undefined : Buffer.concat([length, rest]);
}

/** @returns the first byte, which stays in the stream; undefined where none comes */
export async function peekByte(stream: Duplex): Promise<number | undefined> {
  const first = await readExactly(stream, 1);
  if (first === undefined) return undefined;
  stream.unshift(first);
  return first[0];
}
