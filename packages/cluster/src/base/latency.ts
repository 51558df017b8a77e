/**
 * The service's own time: delays as an application meets them in AWS, so that what costs round trips costs them here, too. They are
 * timers, not work.
 *
 * A round trip is for all messages that a client sends before it waits for an answer: statements in a pipeline share one.
 *
 * Sources of the profiles: "2 ms client round trip, 0.5 ms storage per statement, about 5 ms commit", marc-bowes.com/dsql-tpcb.html; a
 * new connection about 15 ms in one public measurement; waking up 112 to 287 ms after 15 minutes, measured 2026-10. Across Availability
 * Zones, Regions, and for index builds nothing is published: those figures are guesses.
 */
import type { Clock } from "./clock.ts";

/** Milliseconds each. */
export interface LatencyProfile {
  /** From the client's question to the answer, beside the work. */
  readonly roundTripMs: number;
  /** Of each statement that reads or writes. */
  readonly statementMs: number;
  /** Of a COMMIT that has written something. */
  readonly commitMs: number;
  /** Of a new connection. */
  readonly connectMs: number;
  readonly indexBuildMs: number;
  /** Of the first connection after 15 minutes in which nobody asked anything. */
  readonly wakeUpMs: number;
}

const none: LatencyProfile = {
  roundTripMs: 0,
  statementMs: 0,
  commitMs: 0,
  connectMs: 0,
  indexBuildMs: 0,
  wakeUpMs: 0,
};
const sameRegion: LatencyProfile = {
  roundTripMs: 2,
  statementMs: 0.5,
  commitMs: 5,
  connectMs: 15,
  indexBuildMs: 1_000,
  wakeUpMs: 200,
};

export const latencyProfiles = {
  none,
  "same-az": { ...sameRegion, roundTripMs: 1 },
  "same-region": sameRegion,
  "cross-region": { ...sameRegion, roundTripMs: 65, connectMs: 275 },
  "multi-region-commit": { ...sameRegion, commitMs: 25 },
} as const satisfies Record<string, LatencyProfile>;

export type LatencyName = keyof typeof latencyProfiles;

const delayMsMax = 60_000;
const asleepAfterMs = 15 * 60_000;

/**
 * @param given - the name of a profile, or delays of one's own; what is left out is 0. From outside: nothing of it is believed
 * @throws {RangeError} what is wrong with it, and what to write instead
 */
export function readLatency(given: unknown): LatencyProfile {
  if (typeof given === "string") {
    if (Object.hasOwn(latencyProfiles, given)) return latencyProfiles[given as LatencyName];
    throw new RangeError(
      `there is no latency ${JSON.stringify(given)}; there are: ${Object.keys(latencyProfiles).join(", ")}`,
    );
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new RangeError(`latency is the name of a profile, or an object such as {"roundTripMs":2}`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(none, name))
      throw new RangeError(`latency has no ${JSON.stringify(name)}; it has: ${Object.keys(none).join(", ")}`);
    if (!(typeof value === "number" && value >= 0 && value <= delayMsMax))
      throw new RangeError(
        `${name} is a number of milliseconds from 0 to ${delayMsMax}, not ${JSON.stringify(value)}`,
      );
  }
  return { ...none, ...given };
}

export class Latency {
  readonly #clock: Clock;
  readonly #profile: LatencyProfile;
  #askedMs: number;

  constructor(clock: Clock, profile: LatencyProfile = none) {
    this.#clock = clock;
    this.#profile = profile;
    this.#askedMs = clock.monotonicMs();
  }

  /** @returns a promise only where there is something to wait for; so do the others */
  roundTrip(): Promise<void> | undefined {
    if (this.#profile.wakeUpMs > 0) this.#askedMs = this.#clock.monotonicMs();
    return this.#wait(this.#profile.roundTripMs);
  }

  statement(): Promise<void> | undefined {
    return this.#wait(this.#profile.statementMs);
  }

  commit(): Promise<void> | undefined {
    return this.#wait(this.#profile.commitMs);
  }

  connect(): Promise<void> | undefined {
    const { connectMs, wakeUpMs } = this.#profile;
    const isAsleep = wakeUpMs > 0 && this.#clock.monotonicMs() - this.#askedMs > asleepAfterMs;
    return this.#wait(connectMs + (isAsleep ? wakeUpMs : 0));
  }

  indexBuild(): Promise<void> | undefined {
    return this.#wait(this.#profile.indexBuildMs);
  }

  #wait(ms: number): Promise<void> | undefined {
    if (ms === 0) return undefined;
    return new Promise((resolve) => this.#clock.setTimer(ms, resolve));
  }
}
