/**
 * Reads the untyped packets with which a connection begins, and not one byte more: what follows belongs to TLS or to the
 * session and stays in the stream.
 */
import type { Duplex } from "node:stream";

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

/** Never rejects: an error of the stream closes it, and what was still to be read will not come. */
function readExactly(stream: Duplex, bytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (chunk: Buffer | undefined): void => {
      stream.off("readable", attempt).off("end", abandon).off("close", abandon);
      resolve(chunk);
    };
    const abandon = (): void => {
      settle(undefined);
    };
    const attempt = (): void => {
      // At the end of the stream, read() gives what is left, however little.
      const chunk = stream.read(bytes) as Buffer | null;
      if (chunk !== null) settle(chunk.length === bytes ? chunk : undefined);
    };
    stream.on("readable", attempt).on("end", abandon).on("close", abandon);
    if (stream.destroyed || stream.readableEnded) abandon();
    else attempt();
  });
}
