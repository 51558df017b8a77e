/**
 * Statements by fingerprint: how often, how long, how many failed.
 *
 * Always true
 * - At most `fingerprintsMax` are kept; what comes beyond them is counted together.
 */
import { withoutValues } from "./without-values.ts";

/** Statements that differ in nothing but values. */
export interface StatementStatistics {
  /** The text with `?` for each value; cut where it is long. */
  readonly fingerprint: string;
  readonly calls: number;
  readonly failed: number;
  readonly totalMs: number;
  /** Half of the calls took no longer; to within 10 %. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const fingerprintsMax = 500;
const fingerprintCharactersMax = 500;
const textsMax = 2_000;
const others = "(others)";

/** Bounds of the histogram: from 0.01 ms on each 10 % more than the one before. */
const firstMs = 0.01;
const growth = 1.1;

export class StatementCounter {
  readonly #entries = new Map<string, Entry>();
  /** Texts come again and again: most are known without a look at their words. */
  readonly #fingerprints = new Map<string, string>();

  add(text: string, ms: number, hasFailed: boolean): void {
    const wanted = this.#fingerprintOf(text);
    const fingerprint = this.#entries.has(wanted) || this.#entries.size < fingerprintsMax ? wanted : others;
    let entry = this.#entries.get(fingerprint);
    if (entry === undefined) this.#entries.set(fingerprint, (entry = new Entry()));
    entry.add(ms, hasFailed);
  }

  /** Those that took the most time first. */
  get all(): readonly StatementStatistics[] {
    return [...this.#entries]
      .map(([fingerprint, entry]) => ({ fingerprint, ...entry.statistics }))
      .sort((left, right) => right.totalMs - left.totalMs);
  }

  #fingerprintOf(text: string): string {
    const known = this.#fingerprints.get(text);
    if (known !== undefined) return known;
    const fingerprint = withoutValues(text.slice(0, 4 * fingerprintCharactersMax))
      .replace(/\s+/g, " ")
      .trim()
      .slice(0, fingerprintCharactersMax);
    if (this.#fingerprints.size >= textsMax) this.#fingerprints.clear();
    this.#fingerprints.set(text, fingerprint);
    return fingerprint;
  }
}

class Entry {
  #calls = 0;
  #failed = 0;
  #totalMs = 0;
  readonly #buckets: number[] = [];

  add(ms: number, hasFailed: boolean): void {
    this.#calls += 1;
    this.#totalMs += ms;
    if (hasFailed) this.#failed += 1;
    const bucket = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) / Math.log(growth));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  get statistics(): Omit<StatementStatistics, "fingerprint"> {
    const p50Ms = this.#quantile(0.5);
    const p99Ms = this.#quantile(0.99);
    return { calls: this.#calls, failed: this.#failed, totalMs: this.#totalMs, p50Ms, p99Ms };
  }

  #quantile(part: number): number {
    let left = part * this.#calls;
    for (const [bucket, count = 0] of this.#buckets.entries()) {
      left -= count;
      if (left <= 0) return firstMs * growth ** bucket;
    }
    return 0;
  }
}
