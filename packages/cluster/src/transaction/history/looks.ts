/** How often it is looked for the rows of those that have lost. */
import type { Clock } from "../../base/index.ts";

/** Losses of a second whose rows are looked for: where many lose, looking would be most of the work. */
const looksPerSecondMax = 50;

/** Counts the looks, so that those who lose in great numbers are told the relation alone. */
export class Looks {
  readonly #clock: Clock;
  #second = 0;
  #taken = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns whether there may be one more */
  take(): boolean {
    const second = Math.floor(this.#clock.monotonicMs() / 1_000);
    if (second !== this.#second) this.#taken = 0;
    this.#second = second;
    this.#taken += 1;
    return this.#taken <= looksPerSecondMax;
  }
}
