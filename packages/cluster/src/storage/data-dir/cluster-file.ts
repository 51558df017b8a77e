/**
 * `cluster.json`: which clusters a data directory holds, and where the data of each is. Replaced as a whole, so what
 * belongs together (two clusters that become peers, say) changes together.
 */
import { join } from "node:path";
import { readJsonFile, replaceFile } from "./whole-file.ts";
import { StorageError } from "../storage-error.ts";

export interface ClusterEntry {
  /** 26 characters, as the service names clusters. */
  readonly id: string;
  readonly region: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /**
   * Below the data directory, the folder of the cluster's data; `.` for the data directory itself. Clusters that are
   * peers share one. Absent while a multi-Region cluster waits for its peer.
   */
  readonly folder?: string;
  /** The resource-based policy, a JSON text. */
  readonly policy?: string;
}

export interface ClusterFile {
  /** 12 digits. */
  readonly account: string;
  /** Oldest first. */
  readonly clusters: readonly ClusterEntry[];
  /** Folders of deleted clusters that may still be there. */
  readonly removing: readonly string[];
}

/** Version 1 described one cluster, at the top level and with its data in the data directory itself. */
const fileVersion = 2;

const remedy = "Restore the file from a copy, or start with another data directory. It is not overwritten.";

/**
 * @returns undefined where there is no file yet
 * @throws {StorageError} the file is damaged or of a newer version
 */
export async function readClusterFile(dataDir: string): Promise<ClusterFile | undefined> {
  const path = pathIn(dataDir);
  const value = await readJsonFile(path, remedy);
  if (value === undefined) return undefined;
  const { version } = value;
  if (typeof version === "number" && version > fileVersion) {
    throw new StorageError({
      problem: `${path} was written by a newer version of dsql-local.`,
      remedy:
        "Install that version, or start with another data directory. To take the data along: npx dsql export with that version, dsql import with this one.",
    });
  }
  const file = version === 1 ? upgraded(value) : value;
  if (!isClusterFile(file)) {
    throw new StorageError({
      problem: `${path} is damaged: an id, region, account or createdAt is missing or wrong.`,
      remedy,
    });
  }
  return { account: file.account, clusters: file.clusters, removing: file.removing };
}

export async function writeClusterFile(dataDir: string, file: ClusterFile): Promise<void> {
  const content = { version: fileVersion, ...file };
  await replaceFile(pathIn(dataDir), `${JSON.stringify(content, undefined, 2)}\n`, { durable: true });
}

function pathIn(dataDir: string): string {
  return join(dataDir, "cluster.json");
}

function upgraded({ id, region, account, createdAt }: Record<string, unknown>): Record<string, unknown> {
  return { account, clusters: [{ id, region, createdAt, folder: "." }], removing: [] };
}

function isClusterFile(value: Record<string, unknown>): value is Record<string, unknown> & ClusterFile {
  const { account, clusters, removing } = value;
  return (
    typeof account === "string" &&
    /^\d{12}$/.test(account) &&
    Array.isArray(clusters) &&
    clusters.every(isEntry) &&
    Array.isArray(removing) &&
    removing.every(isFolder)
  );
}

function isEntry(value: unknown): value is ClusterEntry {
  if (typeof value !== "object" || value === null) return false;
  const { id, region, createdAt, folder, policy } = value as Record<string, unknown>;
  return (
    typeof id === "string" &&
    /^[a-z0-9]{26}$/.test(id) &&
    typeof region === "string" &&
    /^[a-z0-9-]+$/.test(region) &&
    typeof createdAt === "string" &&
    !Number.isNaN(Date.parse(createdAt)) &&
    (folder === undefined || isFolder(folder)) &&
    (policy === undefined || typeof policy === "string")
  );
}

/** Folders are removed by these names, so none may lead out of the data directory. */
function isFolder(value: unknown): value is string {
  return typeof value === "string" && /^(\.|clusters\/[a-z0-9]{26})$/.test(value);
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
