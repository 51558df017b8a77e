/** How busy an event loop has been lately, whoever's it is: this thread's or a worker's. */
import type { EventLoopUtilityFunction } from "node:perf_hooks";

/** Measured over at least this long: a single turn of the loop says nothing. */
const windowMs = 100;
/** A measurement that began longer ago is begun anew: it would tell of the time before the load came. */
const windowMsMax = 1_000;

export class LoopLoad {
  readonly #read: EventLoopUtilityFunction;
  #began: ReturnType<EventLoopUtilityFunction>;
  #beganMs = -windowMsMax;
  #share = 1;

  constructor(loop: { readonly eventLoopUtilization: EventLoopUtilityFunction }) {
    this.#read = loop.eventLoopUtilization;
    this.#began = this.#read();
  }

  /**
   * @param nowMs - by `performance.now()`
   * @returns the share of the time, 0 to 1, in which the loop had work or waited for a processor; 1 while that is not known
   */
  share(nowMs: number): number {
    const measuredMs = nowMs - this.#beganMs;
    if (measuredMs < windowMs) return this.#share;
    const now = this.#read();
    // A worker's loop that has not started yet shows no time at all: the thread is loading.
    const isKnown = measuredMs < windowMsMax && now.active > 0;
    this.#share = isKnown ? this.#read(now, this.#began).utilization : 1;
    this.#began = now;
    this.#beganMs = nowMs;
    return this.#share;
  }
}
