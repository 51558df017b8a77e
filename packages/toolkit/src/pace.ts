/**
 * Pace of new connections: a bucket of permits that refills at a steady rate.
 *
 * A cluster takes 100 new connections a second (and 1,000 at once when it was quiet), from all its clients together, so
 * one process stays well below. Whoever is over the pace waits; the connect timeout bounds the wait.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "@dsql-local/spec";
import { UsageError } from "./errors.ts";

/** How fast connections are opened. */
export interface PaceOptions {
  readonly connectionsPerSecond?: number | undefined;
  /** Opened at once when it was quiet. */
  readonly burst?: number | undefined;
  readonly nowMs?: (() => number) | undefined;
}

/** Half of what the service takes, so that two processes can start at once. */
export const paceDefaults = { connectionsPerSecond: 50, burst: 20 } as const;

/** Spreads new connections over time, for one process: the service takes 100 a second from all clients together. */
export class Pace {
  readonly #permitMs: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  /** When the next connection would be on time if there were no burst. */
  #nextMs = -Infinity;

  constructor(options: PaceOptions = {}) {
    const perSecond = options.connectionsPerSecond ?? paceDefaults.connectionsPerSecond;
    const most = limits.newConnectionsPerSecond.value;
    if (!(perSecond > 0 && perSecond < most)) {
      throw new UsageError(`a process opens fewer than ${most} connections a second, and more than none`);
    }
    this.#permitMs = 1_000 / perSecond;
    this.#burst = options.burst ?? paceDefaults.burst;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Takes the next permit. @returns milliseconds until it may be used */
  reserveMs(): number {
    const nowMs = this.#nowMs();
    const earliestMs = nowMs - (this.#burst - 1) * this.#permitMs;
    const permitMs = Math.max(this.#nextMs, earliestMs);
    this.#nextMs = permitMs + this.#permitMs;
    return Math.max(0, permitMs - nowMs);
  }

  async wait(): Promise<void> {
    const waitMs = this.reserveMs();
    if (waitMs > 0) await sleep(waitMs);
  }
}

/** The pace that all pools of the process keep together, unless they are given another one. */
export const processPace = new Pace();
