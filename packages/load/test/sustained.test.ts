import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AdaptiveLimit,
  type SustainedInterval,
  type SustainedReport,
  createLambdaClient,
  formatInterval,
  formatSustainedStats,
  runSustained,
} from "../src/index.ts";
import { type Responder, sendError, sendJson, startInvokeServer } from "./invoke-server.ts";

interface Shape {
  readonly rate: number;
  readonly durationMs?: number;
  readonly parallelMax?: number;
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

async function runAgainst(
  respond: Responder,
  { rate, durationMs, parallelMax = 50, intervalMs = 500, signal }: Shape,
): Promise<{ report: SustainedReport; intervals: SustainedInterval[] }> {
  const server = await startInvokeServer(respond);
  const limit = new AdaptiveLimit({ initial: 10, max: parallelMax });
  const client = createLambdaClient({
    target: server.target,
    functionName: "reinvent-dat401",
    parallelMax,
    onThrottle: () => limit.refused(),
  });
  const intervals: SustainedInterval[] = [];
  try {
    const report = await runSustained({
      client,
      limit,
      rate,
      durationMs,
      intervalMs,
      nextPayload: () => ({}),
      onInterval: (interval) => intervals.push(interval),
      signal,
    });
    return { report, intervals };
  } finally {
    await client.close();
    await server.close();
  }
}

const answer = { balance: 1, duration: 1, retries: 0 };

test("a server that stands still for a second shows in the percentiles, also of calls that were not sent yet", async () => {
  const rate = 100;
  const stall = { fromMs: 1_000, untilMs: 2_000 };
  let startedAt: number | undefined;
  const { report, intervals } = await runAgainst(
    (_call, response) => {
      startedAt ??= performance.now();
      const elapsedMs = performance.now() - startedAt;
      const stalls = elapsedMs >= stall.fromMs && elapsedMs < stall.untilMs;
      setTimeout(() => sendJson(response, answer), stalls ? stall.untilMs - elapsedMs : 0);
    },
    { rate, durationMs: 4_000, parallelMax: 20 },
  );

  assert.equal(report.calls, 400);
  // A quarter of the calls were due while the server stood still; a twentieth of all waited for more than 0.8 s of it.
  assert.ok(report.latencyMs.p90 > 400, `p90 is ${report.latencyMs.p90}`);
  assert.ok(report.latencyMs.p99 > 800, `p99 is ${report.latencyMs.p99}`);
  // Only the 20 calls that were under way saw the stall themselves: measured from sending, p90 knows nothing of it.
  assert.ok(report.serviceMs.p90 < report.latencyMs.p90 / 2, `from sending, p90 is ${report.serviceMs.p90}`);
  assert.ok(intervals.some(({ waiting }) => waiting > 20));
  // The stall shows in the intervals into which it fell, and each has a histogram of its own: every call is in one alone.
  assert.ok(intervals.some(({ latencyMs }) => latencyMs.p99 > 800));
  assert.ok(intervals.every(({ latencyMs, calls }) => latencyMs.count === calls));
  const intervalCalls = intervals.reduce((sum, { calls }) => sum + calls, 0);
  assert.equal(intervalCalls, report.calls);
});

test("calls start at the target rate whatever earlier ones do, and every one is made", async () => {
  const { report } = await runAgainst((_call, response) => setTimeout(() => sendJson(response, answer), 50), {
    rate: 300,
    durationMs: 1_000,
  });
  assert.equal(report.calls, 300);
  assert.equal(report.dropped, 0);
  assert.ok(report.elapsedMs >= 990);
});

test("calls that are refused because of their number lower how many are under way, and are made again", async () => {
  let underWay = 0;
  let most = 0;
  const { report } = await runAgainst(
    (_call, response) => {
      if (underWay >= 15) return sendError(response, 429, "TooManyRequestsException", "Rate Exceeded.");
      underWay++;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay--;
        sendJson(response, answer);
      }, 250);
    },
    // Twice as many as are taken, with time to spare: 250 ms for the server to read 15 requests.
    { rate: 120, durationMs: 1_000, parallelMax: 200 },
  );
  assert.equal(most, 15);
  assert.ok(report.throttles > 0);
  assert.equal(report.successes, 120);
});

test("an interrupted run awaits what is under way and says what was due and not made", async () => {
  const controller = new AbortController();
  let requests = 0;
  const { report } = await runAgainst(
    (_call, response) => {
      requests++;
      if (requests === 5) setTimeout(() => controller.abort(), 200);
      setTimeout(() => sendJson(response, answer), 300);
    },
    { rate: 500, parallelMax: 5, signal: controller.signal },
  );
  assert.equal(report.calls, requests);
  assert.equal(report.wasAborted, true);
  assert.ok(report.notStarted > 0);
  assert.match(formatSustainedStats(report), /^Interrupted: {8}\d+ calls were due and not made$/m);
});

test("calls that end after the time is over belong to the last interval", async () => {
  // The last call is due as the only interval ends, and answered after it.
  const { intervals, report } = await runAgainst(
    (_call, response) => setTimeout(() => sendJson(response, answer), 60),
    { rate: 100, durationMs: 3_000, intervalMs: 3_000 },
  );
  assert.equal(report.calls, 300);
  assert.deepEqual(
    intervals.map(({ calls }) => calls),
    [300],
  );
});

test("an interval is one line", async () => {
  const { intervals, report } = await runAgainst(
    (_call, response) => sendJson(response, { ...answer, retries: 1 }),
    { rate: 100, durationMs: 600 },
  );
  assert.match(
    formatInterval(intervals[0]!),
    /^\[ *\d+\.\d\ds\] +\d+ calls\/s \| p50 [\d.]+ p90 [\d.]+ p99 [\d.]+ p99\.9 [\d.]+ ms \| \d+ retries\/s \| errors 0 lost to conflicts 0 throttles 0 \| under way \d+\/\d+( waiting \d+)?$/,
  );
  assert.match(formatSustainedStats(report), /^Target rate: {8}100 calls\/second$/m);
});
