/**
 * Keys made by the application. DSQL spreads a table over its storage by ranges of the primary key, so keys that grow one
 * after the other all go to one end of it.
 *
 * - Version 4 is random: writes spread evenly. The default (`gen_random_uuid()` makes the same in SQL).
 * - Version 7 begins with the time: rows of one time lie together, which makes "the latest" cheap to read, and one end of
 *   the table hot. For tables that are written rarely, or as the second column behind one that spreads (a tenant).
 *
 * A key made before the transaction stays the same in each of its attempts, which a key made by the database does not.
 *
 * Source: https://marc-bowes.com/dsql-avoid-hot-keys.html and RFC 9562.
 */
import { randomFillSync, randomUUID } from "node:crypto";
import { UsageError } from "../errors.ts";

/** @returns a random id: inserts spread over the whole table */
export function uuidV4(): string {
  return randomUUID();
}

/** Counts the ids of one millisecond; 12 bits. */
const sequenceMax = 0xfff;

let lastMs = 0;
let sequence = 0;

/** Ids of one process ascend in the order in which they are made, also within a millisecond. */
export function uuidV7(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = 0;
  } else if (++sequence > sequenceMax) {
    // The millisecond is used up, or the clock was set back: the ids run ahead of it.
    lastMs++;
    sequence = 0;
  }
  const bytes = randomFillSync(Buffer.alloc(16));
  bytes.writeUIntBE(lastMs, 0, 6);
  bytes.writeUInt16BE(0x7000 | sequence, 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** @returns milliseconds since 1970. @throws {UsageError} the id is of another version */
export function timestampOfUuidV7(id: string): number {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(id)) {
    throw new UsageError("not a UUID of version 7");
  }
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
