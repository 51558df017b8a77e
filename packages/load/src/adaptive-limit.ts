/**
 * How many calls may be under way: as many as the service takes without refusing any, found by trying.
 *
 * Additive increase, multiplicative decrease, as TCP does it: every answer raises the limit a little, a refusal ("too many
 * requests") lowers it at once. Until the first refusal it doubles with every round of answers, to get there soon.
 *
 * Why: an AWS account runs 1,000 invocations at a time unless more was agreed. Callers beyond that would spend the run
 * being refused and waiting longer each time; here they wait in line and are served in their order.
 *
 * Always true: from 1 to `max` calls may be under way; callers are served first come, first served.
 */
export interface AdaptiveLimitOptions {
  readonly initial: number;
  readonly max: number;
  /** Milliseconds; `performance.now` by default. */
  readonly now?: (() => number) | undefined;
}

const decreaseFactor = 0.75;

/** One moment of overload refuses many calls at once; they count as one sign. */
const decreaseIntervalMs = 100;

/** How many calls may be under way: additive increase with answers, multiplicative decrease with refusals. */
export class AdaptiveLimit {
  readonly #max: number;
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #underWay = 0;
  #isDoubling = true;
  #decreasedAt = Number.NEGATIVE_INFINITY;

  constructor({ initial, max, now = () => performance.now() }: AdaptiveLimitOptions) {
    this.#limit = Math.min(initial, max);
    this.#max = max;
    this.#now = now;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Takes a place if there is one. */
  tryEnter(): boolean {
    if (this.#underWay >= this.limit) return false;
    this.#underWay++;
    return true;
  }

  /** Takes a place, and waits for one where there is none. */
  async enter(): Promise<void> {
    if (this.tryEnter()) return;
    // A place is handed over by whoever leaves: nobody comes in between.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Gives the place back. */
  leave(): void {
    this.#raise();
    this.#underWay--;
    while (this.#waiting.length > 0 && this.tryEnter()) this.#waiting.shift()?.();
  }

  /** The service has refused a call because of their number. */
  refused(): void {
    this.#isDoubling = false;
    const now = this.#now();
    if (now - this.#decreasedAt < decreaseIntervalMs) return;
    this.#decreasedAt = now;
    this.#limit = Math.max(1, this.#limit * decreaseFactor);
  }

  #raise(): void {
    // A limit of which not even half is used has not been tried, so nothing is known about a higher one.
    if (this.#underWay < this.limit / 2) return;
    this.#limit = Math.min(this.#max, this.#limit + (this.#isDoubling ? 1 : 1 / this.#limit));
  }
}
