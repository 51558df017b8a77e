/**
 * Times as a histogram of high dynamic range: every percentile to four significant digits, in constant memory.
 *
 * Source: http://hdrhistogram.org. The library counts whole numbers, so times are kept in microseconds.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js";

/** Milliseconds throughout. All zero when nothing was recorded. */
export interface Times {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
}

// Longer than any invocation can take: Lambda ends them after 15 minutes. A longer time counts as this one.
const timeMsMax = 3_600_000;

/** A histogram as a plain value, which can be sent from one thread to another. */
export interface TimeHistogramState {
  /** In the format that all HDR histograms share. */
  readonly encoded: string;
  readonly min: number;
  readonly max: number;
  readonly total: number;
}

export class TimeHistogram {
  readonly #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: timeMsMax * 1_000,
    // Functions report whole milliseconds; with four digits those below 65 ms are printed as they were reported.
    numberOfSignificantValueDigits: 4,
    bitBucketSize: 32,
    useWebAssembly: false,
  });
  // The histogram rounds, and its ends are what one looks at first: kept as they were recorded.
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #total = 0;

  record(timeMs: number): void {
    const kept = Math.min(Math.max(timeMs, 0), timeMsMax);
    this.#histogram.recordValue(Math.round(kept * 1_000));
    this.#min = Math.min(this.#min, kept);
    this.#max = Math.max(this.#max, kept);
    this.#total += kept;
  }

  state(): TimeHistogramState {
    return {
      encoded: encodeIntoCompressedBase64(this.#histogram),
      min: this.#min,
      max: this.#max,
      total: this.#total,
    };
  }

  /** Adds what another has recorded. */
  merge({ encoded, min, max, total }: TimeHistogramState): void {
    this.#histogram.add(decodeFromCompressedBase64(encoded));
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
    this.#total += total;
  }

  /** Forgets everything. */
  reset(): void {
    this.#histogram.reset();
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
    this.#total = 0;
  }

  times(): Times {
    const count = this.#histogram.totalCount;
    if (count === 0) return { count: 0, min: 0, max: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0 };
    const percentile = (part: number): number =>
      // The bucket's upper end may lie above the greatest time that was recorded in it.
      Math.min(this.#histogram.getValueAtPercentile(part) / 1_000, this.#max);
    return {
      count,
      min: this.#min,
      max: this.#max,
      mean: this.#total / count,
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      p999: percentile(99.9),
    };
  }
}
