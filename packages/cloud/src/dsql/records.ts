/**
 * What the control plane keeps of each cluster besides the cluster itself: tags, protection, the key, whom it is peered
 * with, its streams. One file, replaced as a whole; a record whose cluster is gone goes with the next change.
 */
import { readStateFile, writeStateFile } from "../state-file.ts";
import { byName, flag, list, number, object, optional, text, textByName, texts } from "../state-shape.ts";

export interface StreamRecord {
  /** 26 characters. */
  readonly identifier: string;
  readonly createdAtMs: number;
  readonly streamArn: string;
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientToken?: string;
}

export interface MultiRegion {
  readonly witnessRegion: string;
  /** ARNs of the clusters in the other Regions, as this cluster was told them. */
  readonly peers: readonly string[];
}

export interface ClusterRecord {
  readonly createdAtMs: number;
  readonly deletionProtectionEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** A key of the customer's; absent for the service's own. */
  readonly kmsEncryptionKey?: string;
  readonly multiRegion?: MultiRegion;
  /** The request that created it: the same token again is the same request. */
  readonly creation?: { readonly clientToken: string; readonly request: string };
  readonly policyVersion?: string;
  /** Of the last change of the policy. */
  readonly policyToken?: string;
  /** Whether somebody had made tables in it before it was given out. */
  readonly wasInUse?: boolean;
  /** It is to be deleted, and waits for its peer to be deleted as well. */
  readonly isLeaving?: boolean;
  readonly streams?: readonly StreamRecord[];
}

const stateShape = object({
  clusters: optional(
    byName(
      object({
        createdAtMs: number,
        deletionProtectionEnabled: flag,
        tags: textByName,
        kmsEncryptionKey: optional(text),
        multiRegion: optional(object({ witnessRegion: text, peers: texts })),
        creation: optional(object({ clientToken: text, request: text })),
        policyVersion: optional(text),
        policyToken: optional(text),
        wasInUse: optional(flag),
        isLeaving: optional(flag),
        streams: optional(
          list(
            object({
              identifier: text,
              createdAtMs: number,
              streamArn: text,
              roleArn: text,
              tags: textByName,
              clientToken: optional(text),
            }),
          ),
        ),
      }),
    ),
  ),
});

export class ClusterRecords {
  readonly #file: string;
  #records: Readonly<Record<string, ClusterRecord>>;

  constructor(file: string) {
    this.#file = file;
    const state = readStateFile(file, stateShape) as { clusters?: Record<string, ClusterRecord> } | undefined;
    this.#records = state?.clusters ?? {};
  }

  /** @returns undefined for a cluster that nobody has asked for yet */
  find(id: string): ClusterRecord | undefined {
    return Object.hasOwn(this.#records, id) ? this.#records[id] : undefined;
  }

  set(id: string, record: ClusterRecord | undefined): void {
    const { [id]: _replaced, ...others } = this.#records;
    const records = record === undefined ? others : { ...others, [id]: record };
    writeStateFile(this.#file, { version: 2, clusters: records });
    this.#records = records;
  }

  entries(): readonly (readonly [id: string, record: ClusterRecord])[] {
    return Object.entries(this.#records);
  }
}
