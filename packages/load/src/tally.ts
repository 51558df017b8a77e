/**
 * Counts what came of the calls of a run, as they end.
 *
 * Always true: `calls` = `successes` + `errors`, and the counts of the error breakdown add up to `errors`.
 */
import { TimeHistogram, type Times } from "./histogram.ts";
import type { Failure, Invocation } from "./invocation/index.ts";

/** Calls that failed with the same words and the same code. */
export interface ErrorCount {
  readonly message: string;
  readonly code: string;
  readonly count: number;
}

/** What the function says about conflicts: how often it ran its transaction again, over all calls and at most in one. */
export interface RetryCounts {
  readonly total: number;
  readonly max: number;
  readonly callsWithRetries: number;
}

/** Calls by what came of them. */
export interface Counts {
  readonly calls: number;
  readonly successes: number;
  readonly errors: number;
  /** Errors with SQLSTATE 40001: conflicts that the function did not resolve. */
  readonly conflicts: number;
  readonly retries: RetryCounts;
  readonly throttles: number;
  readonly resends: number;
  readonly unknownOutcomes: number;
}

// Messages come from outside. What exceeds this many different ones is counted together.
const breakdownEntriesMax = 100;
const messageCharactersMax = 300;

export class Tally {
  #calls = 0;
  #successes = 0;
  #conflicts = 0;
  #throttles = 0;
  #resends = 0;
  #unknownOutcomes = 0;
  readonly #retries = { total: 0, max: 0, callsWithRetries: 0 };
  readonly #errors = new Map<string, { message: string; code: string; count: number }>();
  /** As the function says, of the calls that succeeded: errors end early and would flatter the figures. */
  readonly #lambdaTimes = new TimeHistogram();
  /** As the caller waited, with every attempt and wait. */
  readonly #clientTimes = new TimeHistogram();
  readonly #errorTimes = new TimeHistogram();
  #recent = { calls: 0, totalMs: 0 };

  /** @param clientMs - from the call to its answer */
  add(invocation: Invocation, clientMs: number): void {
    const { answer } = invocation;
    this.#calls++;
    this.#throttles += invocation.throttles;
    this.#resends += invocation.resends;
    this.#unknownOutcomes += invocation.unknownOutcomes;
    this.#recent.calls++;
    this.#recent.totalMs += clientMs;
    this.#addRetries(answer.retries ?? 0);
    if (answer.kind === "success") {
      this.#successes++;
      this.#clientTimes.record(clientMs);
      if (answer.durationMs !== undefined) this.#lambdaTimes.record(answer.durationMs);
    } else {
      this.#errorTimes.record(clientMs);
      if (answer.code === "40001") this.#conflicts++;
      this.#addError(answer);
    }
  }

  #addRetries(retries: number): void {
    if (retries === 0) return;
    this.#retries.total += retries;
    this.#retries.max = Math.max(this.#retries.max, retries);
    this.#retries.callsWithRetries++;
  }

  #addError(failure: Failure): void {
    const message = printable(failure.message);
    const code = printable(failure.code);
    const key = `${code} ${message}`;
    const known = this.#errors.get(key);
    if (known !== undefined) known.count++;
    else if (this.#errors.size < breakdownEntriesMax) this.#errors.set(key, { message, code, count: 1 });
    else this.#addOther();
  }

  #addOther(): void {
    const other = this.#errors.get("") ?? { message: "other errors", code: "various", count: 0 };
    other.count++;
    this.#errors.set("", other);
  }

  counts(): Counts {
    return {
      calls: this.#calls,
      successes: this.#successes,
      errors: this.#calls - this.#successes,
      conflicts: this.#conflicts,
      retries: { ...this.#retries },
      throttles: this.#throttles,
      resends: this.#resends,
      unknownOutcomes: this.#unknownOutcomes,
    };
  }

  times(): { readonly lambdaMs: Times; readonly clientMs: Times; readonly errorMs: Times } {
    return {
      lambdaMs: this.#lambdaTimes.times(),
      clientMs: this.#clientTimes.times(),
      errorMs: this.#errorTimes.times(),
    };
  }

  /** @returns the mean of the calls added since it was last asked; undefined where there were none */
  takeRecentMs(): number | undefined {
    const { calls, totalMs } = this.#recent;
    this.#recent = { calls: 0, totalMs: 0 };
    return calls === 0 ? undefined : totalMs / calls;
  }

  /** Most frequent first. */
  errorBreakdown(): readonly ErrorCount[] {
    return [...this.#errors.values()].sort((left, right) => right.count - left.count);
  }
}

/** Control characters out: these words end up on a terminal, which would obey them. */
function printable(words: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not reach the terminal
  return words.slice(0, messageCharactersMax).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
