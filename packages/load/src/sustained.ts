/**
 * Sustained load: calls start at a target rate, whether or not earlier ones have ended (an open loop), as visitors come to
 * a site.
 *
 * Latency is measured from the moment a call was due, not from when it was sent. A service that stands still for a second
 * makes all the calls of that second late, and the percentiles say so; measured from sending, only the few calls under way
 * would. (Gil Tene named the mistake "coordinated omission"; test/sustained.test.ts shows both.)
 *
 * Calls under way are bounded by an AdaptiveLimit. What is due and finds no place waits, at most `waitingMax` of them; what
 * would exceed that is dropped and counted.
 */
import type { AdaptiveLimit } from "./adaptive-limit.ts";
import { type Counts, meanMs } from "./counts.ts";
import { TimeHistogram, type Times } from "./histogram.ts";
import type { LambdaClient } from "./invocation/index.ts";
import { type ErrorCount, Tally } from "./tally.ts";

/** For {@link runSustained}. */
export interface SustainedOptions {
  readonly client: Pick<LambdaClient, "invoke">;
  readonly limit: AdaptiveLimit;
  /** Calls a second. */
  readonly rate: number;
  /** How long calls become due; until the signal by default. */
  readonly durationMs?: number | undefined;
  readonly intervalMs: number;
  readonly nextPayload: () => object;
  readonly onInterval?: ((interval: SustainedInterval) => void) | undefined;
  /** Called every `progressIntervalMs` while calls are made. */
  readonly onProgress?: ((progress: SustainedProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What happened in an interval, in calls. Times are milliseconds from the moment each call was due to its answer. */
export interface SustainedInterval {
  /** Its end, from the beginning of the run. */
  readonly elapsedMs: number;
  /** Its length. */
  readonly intervalMs: number;
  readonly calls: number;
  readonly successes: number;
  readonly errors: number;
  readonly conflicts: number;
  readonly retries: number;
  readonly throttles: number;
  readonly dropped: number;
  readonly latencyMs: Times;
  readonly underWay: number;
  readonly limit: number;
  /** Due, and not started yet. */
  readonly waiting: number;
}

/** What came of a run at a rate. Times are milliseconds. */
export interface SustainedReport extends Counts {
  /** Calls a second that were asked for. */
  readonly rate: number;
  readonly elapsedMs: number;
  readonly wasAborted: boolean;
  /** From the moment each call was due to its answer, of all calls, failed ones too. */
  readonly latencyMs: Times;
  /** From sending to the answer: what a closed loop would have reported. */
  readonly serviceMs: Times;
  readonly lambdaMs: Times;
  /** Due while `waitingMax` others were waiting. */
  readonly dropped: number;
  /** Due and waiting when the run was interrupted. */
  readonly notStarted: number;
  readonly errorBreakdown: readonly ErrorCount[];
}

/** How far a run is, for who watches it. */
export interface SustainedProgress extends Counts {
  readonly elapsedMs: number;
  /** Mean time from when each call was due, of the calls that ended since the progress before; undefined where none did. */
  readonly recentMs: number | undefined;
  /** Calls sent and not answered yet. */
  readonly underWay: number;
}

/** Some seconds of load at any rate that one process can make. */
export const waitingMax = 100_000;

// Finer than any latency that matters here, and coarse enough to cost nothing.
const tickMs = 2;

// Often enough to look alive, and to see that nothing moves.
const progressIntervalMs = 250;

/**
 * Makes calls at a rate, whether or not earlier ones have ended, so that a stall is seen in the latencies.
 * @returns what came of them; a call that fails is counted, not thrown
 */
export async function runSustained(options: SustainedOptions): Promise<SustainedReport> {
  return await new SustainedRun(options).run();
}

class SustainedRun {
  readonly #options: SustainedOptions;
  readonly #tally = new Tally();
  readonly #latency = new TimeHistogram();
  readonly #service = new TimeHistogram();
  readonly #intervalLatency = new TimeHistogram();
  readonly #startedAt = performance.now();
  /** Calls that were due so far: started, waiting or dropped. */
  #due = 0;
  #started = 0;
  #dropped = 0;
  #counted: Counts & { dropped: number; elapsedMs: number };
  #hasAwaitedLast = false;
  #finish: () => void = () => undefined;

  constructor(options: SustainedOptions) {
    this.#options = options;
    this.#counted = { ...this.#tally.counts(), dropped: 0, elapsedMs: 0 };
  }

  async run(): Promise<SustainedReport> {
    const { intervalMs, onInterval, onProgress, signal } = this.#options;
    const finished = new Promise<void>((resolve) => (this.#finish = resolve));
    const ticks = setInterval(() => this.#tick(), tickMs);
    const intervals = setInterval(() => this.#endInterval(), intervalMs);
    const progress = setInterval(() => onProgress?.(this.#progress()), progressIntervalMs);
    const onAbort = (): void => this.#tick();
    signal?.addEventListener("abort", onAbort);
    this.#tick();
    await finished;
    signal?.removeEventListener("abort", onAbort);
    clearInterval(ticks);
    clearInterval(intervals);
    clearInterval(progress);
    if (this.#tally.counts().calls > this.#counted.calls) onInterval?.(this.#takeInterval());
    return this.#report();
  }

  get #waiting(): number {
    return this.#due - this.#dropped - this.#started;
  }

  get #isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** Starts what is due and finds a place; ends the run when nothing more will come. */
  #tick(): void {
    if (!this.#isAborted) this.#startDue();
    const isOver = this.#isAborted || (this.#isAllDue() && this.#waiting === 0);
    if (isOver && this.#options.limit.underWay === 0) this.#finish();
  }

  #startDue(): void {
    const { rate, limit } = this.#options;
    const dueMs = Math.min(performance.now() - this.#startedAt, this.#durationMs);
    this.#due = Math.max(this.#due, Math.min(Math.floor((dueMs / 1_000) * rate) + 1, this.#callsMax));
    while (this.#waiting > 0 && limit.tryEnter()) {
      // Those that were dropped were the oldest, so the calls that start are always the latest that are due.
      const index = this.#started + this.#dropped;
      this.#started++;
      void this.#call(this.#startedAt + (index / rate) * 1_000);
    }
    if (this.#waiting > waitingMax) this.#dropped += this.#waiting - waitingMax;
  }

  get #durationMs(): number {
    return this.#options.durationMs ?? Number.POSITIVE_INFINITY;
  }

  get #callsMax(): number {
    return Math.max(1, Math.ceil((this.#durationMs / 1_000) * this.#options.rate));
  }

  #isAllDue(): boolean {
    return this.#due >= this.#callsMax;
  }

  async #call(dueAt: number): Promise<void> {
    const { client, limit, nextPayload, signal } = this.#options;
    const sentAt = performance.now();
    const invocation = await client.invoke(nextPayload(), signal);
    const endedAt = performance.now();
    limit.leave();
    this.#tally.add(invocation, endedAt - dueAt);
    this.#latency.record(endedAt - dueAt);
    this.#intervalLatency.record(endedAt - dueAt);
    this.#service.record(endedAt - sentAt);
    this.#tick();
  }

  #progress(): SustainedProgress {
    return {
      ...this.#tally.counts(),
      elapsedMs: performance.now() - this.#startedAt,
      recentMs: meanMs(this.#tally.takeRecent()),
      underWay: this.#options.limit.underWay,
    };
  }

  /**
   * Where the time is over, the calls still under way mostly end in a moment: they belong to the last interval, and not to
   * one of their own with a rate that means nothing. If they take longer, intervals go on being told.
   */
  #endInterval(): void {
    this.#tick();
    const isLast = this.#isAllDue() && !this.#hasAwaitedLast;
    if (isLast) this.#hasAwaitedLast = true;
    else this.#options.onInterval?.(this.#takeInterval());
  }

  #takeInterval(): SustainedInterval {
    const { limit } = this.#options;
    const counts = this.#tally.counts();
    const before = this.#counted;
    const elapsedMs = performance.now() - this.#startedAt;
    const latencyMs = this.#intervalLatency.times();
    this.#intervalLatency.reset();
    this.#counted = { ...counts, dropped: this.#dropped, elapsedMs };
    return {
      elapsedMs,
      intervalMs: elapsedMs - before.elapsedMs,
      calls: counts.calls - before.calls,
      successes: counts.successes - before.successes,
      errors: counts.errors - before.errors,
      conflicts: counts.conflicts - before.conflicts,
      retries: counts.retries.total - before.retries.total,
      throttles: counts.throttles - before.throttles,
      dropped: this.#dropped - before.dropped,
      latencyMs,
      underWay: limit.underWay,
      limit: limit.limit,
      waiting: this.#waiting,
    };
  }

  #report(): SustainedReport {
    return {
      ...this.#tally.counts(),
      rate: this.#options.rate,
      elapsedMs: performance.now() - this.#startedAt,
      wasAborted: this.#isAborted,
      latencyMs: this.#latency.times(),
      serviceMs: this.#service.times(),
      lambdaMs: this.#tally.times().lambdaMs,
      dropped: this.#dropped,
      notStarted: this.#waiting,
      errorBreakdown: this.#tally.errorBreakdown(),
    };
  }
}
