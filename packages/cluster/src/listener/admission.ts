/**
 * How many connections there may be, and how fast they may come: the service's two quotas.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 * Tests: admission.test.ts.
 */
import { errors, type ErrorFact } from "@dsql-local/spec";

import type { Clock } from "../base/index.ts";

/** A bucket that holds `burst` connections and gets `perSecond` more each second. */
export type ConnectionRate = { readonly burst: number; readonly perSecond: number } | "unlimited";

export const connectionsMaxDefault = 10_000;
export const connectionRateDefault: ConnectionRate = { burst: 1_000, perSecond: 100 };

export interface AdmissionOptions {
  readonly connectionsMax: number;
  readonly connectionRate: ConnectionRate;
  readonly clock: Clock;
}

export class Admission {
  readonly #options: AdmissionOptions;
  #connections = 0;
  #available: number;
  #countedAtMs: number;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#available = options.connectionRate === "unlimited" ? Infinity : options.connectionRate.burst;
    this.#countedAtMs = options.clock.monotonicMs();
  }

  get connections(): number {
    return this.#connections;
  }

  /** @returns why not, or undefined: then the connection counts until `leave` */
  enter(): ErrorFact | undefined {
    if (this.#connections >= this.#options.connectionsMax) return errors.tooManyConnections;
    if (!this.#takeFromBucket()) return errors.connectionRate;
    this.#connections++;
    return undefined;
  }

  leave(): void {
    this.#connections--;
  }

  #takeFromBucket(): boolean {
    const { connectionRate, clock } = this.#options;
    if (connectionRate === "unlimited") return true;
    const nowMs = clock.monotonicMs();
    const elapsedMs = nowMs - this.#countedAtMs;
    this.#countedAtMs = nowMs;
    const refilled = this.#available + (elapsedMs * connectionRate.perSecond) / 1000;
    this.#available = Math.min(connectionRate.burst, refilled);
    if (this.#available < 1) return false;
    this.#available--;
    return true;
  }
}
