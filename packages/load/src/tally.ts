/**
 * Counts what came of the calls of a run, as they end.
 *
 * Always true: `calls` = `successes` + `errors`, and the counts of the error breakdown add up to `errors`. Two tallies
 * merged are the tally that would have counted the calls of both.
 */
import { type Counts, type Recent, addCounts, noCounts, noneRecent } from "./counts.ts";
import { TimeHistogram, type TimeHistogramState, type Times } from "./histogram.ts";
import type { Invocation } from "./invocation/index.ts";

/** Calls that failed with the same words and the same code. */
export interface ErrorCount {
  readonly message: string;
  readonly code: string;
  readonly count: number;
}

/** A tally as a plain value, which can be sent from one thread to another. */
export interface TallyState {
  readonly counts: Counts;
  readonly lambdaTimes: TimeHistogramState;
  readonly clientTimes: TimeHistogramState;
  readonly errorTimes: TimeHistogramState;
  readonly errors: readonly ErrorCount[];
}

// Messages come from outside. What exceeds this many different ones is counted together.
const breakdownEntriesMax = 100;
const messageCharactersMax = 300;

const otherErrors = { message: "other errors", code: "various" } as const;

export class Tally {
  #counts = noCounts;
  #recent = noneRecent;
  readonly #errors = new Map<string, ErrorCount>();
  /** As the function says, of the calls that succeeded: errors end early and would flatter the figures. */
  readonly #lambdaTimes = new TimeHistogram();
  /** As the caller waited, with every attempt and wait. */
  readonly #clientTimes = new TimeHistogram();
  readonly #errorTimes = new TimeHistogram();

  /** @param clientMs - from the call to its answer */
  add(invocation: Invocation, clientMs: number): void {
    const { answer } = invocation;
    this.#counts = addCounts(this.#counts, countsOf(invocation));
    this.#recent = { calls: this.#recent.calls + 1, totalMs: this.#recent.totalMs + clientMs };
    if (answer.kind === "success") {
      this.#clientTimes.record(clientMs);
      if (answer.durationMs !== undefined) this.#lambdaTimes.record(answer.durationMs);
    } else {
      this.#errorTimes.record(clientMs);
      const message = printable(withoutRequestId(answer.message));
      this.#addErrors({ message, code: printable(answer.code), count: 1 });
    }
  }

  /** Adds what another has counted. What that one calls recent stays its own. */
  merge(other: TallyState): void {
    this.#counts = addCounts(this.#counts, other.counts);
    this.#lambdaTimes.merge(other.lambdaTimes);
    this.#clientTimes.merge(other.clientTimes);
    this.#errorTimes.merge(other.errorTimes);
    for (const errors of other.errors) this.#addErrors(errors);
  }

  #addErrors({ message, code, count }: ErrorCount): void {
    const named = { message, code };
    const isListed = this.#errors.has(keyOf(named)) || this.#errors.size < breakdownEntriesMax;
    const listed = isListed ? named : otherErrors;
    const before = this.#errors.get(keyOf(listed))?.count ?? 0;
    this.#errors.set(keyOf(listed), { ...listed, count: before + count });
  }

  state(): TallyState {
    return {
      counts: this.#counts,
      lambdaTimes: this.#lambdaTimes.state(),
      clientTimes: this.#clientTimes.state(),
      errorTimes: this.#errorTimes.state(),
      errors: [...this.#errors.values()],
    };
  }

  counts(): Counts {
    return this.#counts;
  }

  times(): { readonly lambdaMs: Times; readonly clientMs: Times; readonly errorMs: Times } {
    return {
      lambdaMs: this.#lambdaTimes.times(),
      clientMs: this.#clientTimes.times(),
      errorMs: this.#errorTimes.times(),
    };
  }

  /** @returns the calls added since it was last asked */
  takeRecent(): Recent {
    const recent = this.#recent;
    this.#recent = noneRecent;
    return recent;
  }

  /** Most frequent first. */
  errorBreakdown(): readonly ErrorCount[] {
    return [...this.#errors.values()].sort((left, right) => right.count - left.count);
  }
}

function countsOf({ answer, throttles, resends, unknownOutcomes }: Invocation): Counts {
  const isSuccess = answer.kind === "success";
  const retries = answer.retries ?? 0;
  return {
    calls: 1,
    successes: isSuccess ? 1 : 0,
    errors: isSuccess ? 0 : 1,
    conflicts: !isSuccess && answer.code === "40001" ? 1 : 0,
    retries: { total: retries, max: retries, callsWithRetries: retries === 0 ? 0 : 1 },
    throttles,
    resends,
    unknownOutcomes,
  };
}

function keyOf({ message, code }: Omit<ErrorCount, "count">): string {
  return `${code} ${message}`;
}

/** Lambda's own errors begin with the request's id, and some with the time, which would make each an error of its own. */
const requestId = /^(?:\d{4}-\d\d-\d\dT\S+Z )?(?:RequestId: )?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} /;

function withoutRequestId(message: string): string {
  return message.replace(requestId, "");
}

/** Control characters out: these words end up on a terminal, which would obey them. */
function printable(words: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not reach the terminal
  return words.slice(0, messageCharactersMax).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
