/** Calls by what came of them, of one thread or of several together. */

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

export const noCounts: Counts = {
  calls: 0,
  successes: 0,
  errors: 0,
  conflicts: 0,
  retries: { total: 0, max: 0, callsWithRetries: 0 },
  throttles: 0,
  resends: 0,
  unknownOutcomes: 0,
};

/** @returns what both counted, as if one had */
export function addCounts(left: Counts, right: Counts): Counts {
  return {
    calls: left.calls + right.calls,
    successes: left.successes + right.successes,
    errors: left.errors + right.errors,
    conflicts: left.conflicts + right.conflicts,
    retries: {
      total: left.retries.total + right.retries.total,
      max: Math.max(left.retries.max, right.retries.max),
      callsWithRetries: left.retries.callsWithRetries + right.retries.callsWithRetries,
    },
    throttles: left.throttles + right.throttles,
    resends: left.resends + right.resends,
    unknownOutcomes: left.unknownOutcomes + right.unknownOutcomes,
  };
}

/** Calls that ended lately, and how long their callers waited for them altogether. */
export interface Recent {
  readonly calls: number;
  readonly totalMs: number;
}

export const noneRecent: Recent = { calls: 0, totalMs: 0 };

export function addRecent(left: Recent, right: Recent): Recent {
  return { calls: left.calls + right.calls, totalMs: left.totalMs + right.totalMs };
}

/** @returns milliseconds; undefined where no call ended */
export function meanMs({ calls, totalMs }: Recent): number | undefined {
  return calls === 0 ? undefined : totalMs / calls;
}
