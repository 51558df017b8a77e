/**
 * Buckets' own policies: beside the policies of whoever asks, they decide who may do what with a bucket.
 *
 * Source: Amazon S3 User Guide, "Bucket policies"; API Reference, "PutBucketPolicy".
 */

import { IdentityError, parsePolicy, type Policy } from "@dsql-local/account";

import { ServiceError } from "../service.ts";
import type { ObjectStore } from "./store.ts";

/** Parsed policies that are kept; at the bound all are forgotten and parsed again when they are asked for. */
const parsedMax = 200;

/** @throws {ServiceError} MalformedPolicy */
export function parseBucketPolicy(text: string): Policy {
  try {
    return parsePolicy(text, "resource");
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw new ServiceError({ code: "MalformedPolicy", message: error.message, cause: error });
  }
}

export class BucketPolicies {
  readonly #store: ObjectStore;
  /** By their texts, which are what a bucket keeps. */
  readonly #parsed = new Map<string, Policy>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** The policy of a bucket that exists and has one. */
  of(bucket: string): Policy | undefined {
    const text = this.#store.findBucket(bucket)?.settings["policy"];
    if (text === undefined) return undefined;
    let policy = this.#parsed.get(text);
    if (policy === undefined) {
      policy = parseBucketPolicy(text);
      if (this.#parsed.size >= parsedMax) this.#parsed.clear();
      this.#parsed.set(text, policy);
    }
    return policy;
  }
}
