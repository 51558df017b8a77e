/**
 * Faults on demand: the answers of the service that an application must survive, made to happen in a test.
 *
 * Always true
 * - No fault breaks a promise: an injected conflict rolls back, an acknowledged commit stays.
 * - A fault ends by `times`, by `forMs`, or when it is ended; where there is none, asking costs one comparison.
 * - The same faults hit the same of the calls that match them, in their order.
 */
import type { Clock } from "./clock.ts";
import type { ClusterEvents } from "./cluster-events.ts";
import type { Events } from "./events.ts";
import { type FaultKind, type FaultOptions, readFault } from "./fault-options.ts";

/** A fault as it stands. */
export interface FaultState {
  /** Counts up from 1. */
  readonly id: number;
  readonly options: FaultOptions;
  /** Calls that matched so far. */
  readonly matched: number;
  /** Of them, those that it has hit. */
  readonly injected: number;
}

/** Ends with `using` or `await using`. */
export interface Fault extends FaultState, Disposable, AsyncDisposable {
  end(): void;
}

/** What a fault may be meant for. */
export interface FaultPlace {
  readonly role: string;
  readonly applicationName: string;
  readonly tables?: Iterable<string>;
}

/** Faults at once. */
const faultsMax = 100;

export class Faults {
  readonly #clock: Clock;
  readonly #events: Events<ClusterEvents>;
  readonly #active = new Map<number, ActiveFault>();
  #last = 0;

  constructor(clock: Clock, events: Events<ClusterEvents>) {
    this.#clock = clock;
    this.#events = events;
  }

  /** @throws {RangeError} an option that there is not, or out of its bounds; the message says which and what to write */
  inject(options: FaultOptions): Fault {
    const read = readFault(options);
    if (this.list().length >= faultsMax)
      throw new RangeError(`there are ${faultsMax} faults already: end or clear some first`);
    this.#last += 1;
    const fault = new ActiveFault(this.#last, read, this.#clock, () => this.#active.delete(fault.id));
    this.#active.set(fault.id, fault);
    return fault;
  }

  get isEmpty(): boolean {
    return this.#active.size === 0;
  }

  /** Those that have not ended, oldest first. */
  list(): readonly FaultState[] {
    for (const fault of this.#active.values()) if (fault.isOver) fault.end();
    return [...this.#active.values()].map(({ id, options, matched, injected }) => ({
      id,
      options,
      matched,
      injected,
    }));
  }

  /** Ends one. @returns whether it was there */
  end(id: number): boolean {
    const fault = this.#active.get(id);
    fault?.end();
    return fault !== undefined;
  }

  /** Ends all. */
  clear(): void {
    for (const fault of this.#active.values()) fault.end();
  }

  /** @returns the fault that hits this call, counted as injected */
  take(kind: FaultKind, place: FaultPlace, variant?: string): Fault | undefined {
    if (this.#active.size === 0) return undefined;
    for (const fault of this.#active.values()) {
      if (!fault.matches(kind, place, variant) || !fault.hits()) continue;
      const { role, applicationName } = place;
      this.#events.emit("faultInjected", { fault: fault.id, kind, role, applicationName });
      return fault;
    }
    return undefined;
  }

  /** Waits where a `slow` fault hits this call. */
  async delay(variant: "connect" | "statement" | "commit", place: FaultPlace): Promise<void> {
    const fault = this.take("slow", place, variant);
    if (fault !== undefined) await this.wait(fault, fault.options.delayMs);
  }

  /** Waits for so long, or until the fault is ended by hand, whichever comes first; undefined: only that. */
  async wait(fault: Fault, delayMs: number | undefined): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + (delayMs ?? Infinity);
    while (!(fault as ActiveFault).isEnded && this.#clock.monotonicMs() < untilMs) {
      const leftMs = Math.min(pollMs, untilMs - this.#clock.monotonicMs());
      await new Promise<void>((resolve) => this.#clock.setTimer(leftMs, resolve));
    }
  }
}

/** How soon what waits for the end of a fault notices it. */
const pollMs = 20;

class ActiveFault implements Fault {
  readonly id: number;
  readonly options: FaultOptions;
  readonly #clock: Clock;
  readonly #untilMs: number;
  readonly #random: () => number;
  readonly #onEnd: () => void;
  matched = 0;
  injected = 0;
  /** By hand; a fault that has used up its `times` still holds what it has hit. */
  isEnded = false;

  constructor(id: number, options: FaultOptions, clock: Clock, onEnd: () => void) {
    this.id = id;
    this.options = options;
    this.#clock = clock;
    this.#untilMs = clock.monotonicMs() + (options.forMs ?? Infinity);
    this.#random = seeded(options.seed ?? 1);
    this.#onEnd = onEnd;
  }

  get isOver(): boolean {
    return this.injected >= (this.options.times ?? Infinity) || this.#clock.monotonicMs() >= this.#untilMs;
  }

  matches(
    kind: FaultKind,
    { role, applicationName, tables }: FaultPlace,
    variant: string | undefined,
  ): boolean {
    const { options } = this;
    if (options.kind !== kind || this.isOver) return false;
    if (variant !== undefined && options.at !== variant) return false;
    if (options.role !== undefined && options.role !== role) return false;
    if (options.applicationName !== undefined && options.applicationName !== applicationName) return false;
    return options.table === undefined || [...(tables ?? [])].includes(options.table);
  }

  hits(): boolean {
    this.matched += 1;
    const { every = 1, probability = 1 } = this.options;
    if (this.matched % every !== 0) return false;
    if (probability < 1 && this.#random() >= probability) return false;
    this.injected += 1;
    return true;
  }

  end(): void {
    this.isEnded = true;
    this.#onEnd();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await Promise.resolve();
  }
}

/** Numbers from 0 up to 1, the same for the same seed: mulberry32, whose few lines are in the public domain. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
