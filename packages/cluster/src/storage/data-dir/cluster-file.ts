/** `cluster.json`: which cluster a data directory holds. Written once, when the cluster is made, and only read since. */
import { join } from "node:path";
import type { Clock, Random } from "../../base/index.ts";
import { readJsonFile, replaceFile } from "./whole-file.ts";
import { StorageError } from "../storage-error.ts";

export interface ClusterIdentity {
  readonly version: number;
  /** 26 characters, as the service names clusters. */
  readonly id: string;
  readonly region: string;
  readonly account: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

const fileVersion = 1;

/**
 * @param fresh - what a new cluster gets; one that exists keeps what it has
 * @throws {StorageError} the file is damaged or of a newer version; it is never overwritten
 */
export async function openClusterFile(
  dataDir: string,
  fresh: { region: string; account: string; random: Random; clock: Clock },
): Promise<ClusterIdentity> {
  const path = join(dataDir, "cluster.json");
  const remedy = "Restore the file from a copy, or start with another data directory. It is not overwritten.";
  const present = await readJsonFile(path, remedy);
  if (present !== undefined) return parseIdentity(present, path, remedy);
  const identity: ClusterIdentity = {
    version: fileVersion,
    id: base32(fresh.random.bytes(16)),
    region: fresh.region,
    account: fresh.account,
    createdAt: new Date(fresh.clock.nowMs()).toISOString(),
  };
  await replaceFile(path, `${JSON.stringify(identity, undefined, 2)}\n`, { durable: true });
  return identity;
}

function parseIdentity(value: Record<string, unknown>, path: string, remedy: string): ClusterIdentity {
  const { version, id, region, account, createdAt } = value;
  if (typeof version === "number" && version > fileVersion) {
    throw new StorageError({
      problem: `${path} was written by a newer version of dsql-local.`,
      remedy: "Install that version, or start with another data directory.",
    });
  }
  const isWhole =
    version === fileVersion &&
    typeof id === "string" &&
    /^[a-z0-9]{26}$/.test(id) &&
    typeof region === "string" &&
    typeof account === "string" &&
    /^\d{12}$/.test(account) &&
    typeof createdAt === "string";
  if (!isWhole) {
    throw new StorageError({
      problem: `${path} is damaged: id, region, account or createdAt is missing or wrong.`,
      remedy,
    });
  }
  return { version, id, region, account, createdAt };
}

/** RFC 4648, section 6, in small letters and without padding: 16 bytes give 26 characters. */
export function base32(bytes: Uint8Array): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet.charAt((held >> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (5 - bits)) & 31);
}
