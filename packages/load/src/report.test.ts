import assert from "node:assert/strict";
import { test } from "node:test";

import type { Times } from "./histogram.ts";
import { type Report, formatStats } from "./report.ts";

const times = (min: number, max: number, mean: number): Times => ({
  count: 1,
  min,
  max,
  mean,
  p50: 17,
  p90: 24.5,
  p99: 96.125,
  p999: 401,
});
const none: Times = { count: 0, min: 0, max: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0 };

/** The talk's run with retries. */
const retried: Report = {
  schedule: { kind: "batches", calls: 10_000, parallel: 1_000 },
  wasAborted: false,
  calls: 10_000,
  successes: 10_000,
  errors: 0,
  conflicts: 0,
  elapsedMs: 10_741,
  retries: { total: 735, max: 4, callsWithRetries: 642 },
  throttles: 0,
  resends: 0,
  unknownOutcomes: 0,
  lambdaMs: times(12, 555, 19.29),
  clientMs: none,
  errorMs: none,
  errorBreakdown: [],
};

test("a run with retries prints the talk's block, and the percentiles below its average", () => {
  assert.equal(
    formatStats(retried),
    `============================================================
STATS
============================================================
Total calls:        10,000
Successful:         10,000 (100.00%)
Errors:             0 (0.00%)

Total time:         10.74s
Throughput:         931 calls/second

Lambda Execution Times:
  Min:                12.00ms
  Max:                555.00ms
  Avg:                19.29ms
  p50:                17.00ms
  p90:                24.50ms
  p99:                96.13ms
  p99.9:              401.00ms

OCC Retry Statistics:
  Total retries:      735
  Max retries:        4
  Avg retries/call:   0.07
  Transactions with retries: 642 (6.42%)`,
  );
});

/** The talk's run before retries were added. */
const unretried: Report = {
  ...retried,
  successes: 9_344,
  errors: 656,
  conflicts: 656,
  elapsedMs: 11_013,
  retries: { total: 0, max: 0, callsWithRetries: 0 },
  lambdaMs: times(9, 663, 20.12),
  errorBreakdown: [
    {
      message: "change conflicts with another transaction, please retry: (OC000)",
      code: "40001",
      count: 656,
    },
  ],
};

test("a run with errors prints their breakdown, and without retries no retry statistics", () => {
  const text = formatStats(unretried);
  assert.match(text, /^Successful: {9}9,344 \(93\.44%\)\nErrors: {13}656 \(6\.56%\)$/m);
  assert.match(text, /^Throughput: {9}908 calls\/second$/m);
  assert.doesNotMatch(text, /OCC Retry Statistics/);
  assert.ok(
    text.endsWith(`

Error Breakdown:
  change conflicts with another transaction, please retry: (OC000) (40001): 656`),
  );
});

test("a run that was ended early says how many calls were not made", () => {
  const text = formatStats({ ...retried, calls: 4_000, successes: 4_000, wasAborted: true });
  assert.match(text, /^Interrupted: {8}6,000 calls were not made$/m);
});

test("throttled and repeated invocations are printed when there were any", () => {
  assert.doesNotMatch(formatStats(retried), /Throttled/);
  assert.match(formatStats({ ...retried, throttles: 12 }), /^ {2}Throttled: {10}12$/m);
});

test("a run without calls prints no division by zero", () => {
  const { retries } = unretried;
  const nothing = {
    ...retried,
    retries,
    calls: 0,
    successes: 0,
    elapsedMs: 0,
    lambdaMs: none,
    wasAborted: true,
  };
  assert.doesNotMatch(formatStats(nothing), /NaN|Infinity/);
});
