import assert from "node:assert/strict";
import { test } from "node:test";
import { sustainedDisplay } from "./sustained-display.ts";
import type { SustainedInterval, SustainedProgress } from "./sustained.ts";

const times = { count: 1, min: 1, max: 1, mean: 1, p50: 1, p90: 1, p99: 1, p999: 1 };
const interval: SustainedInterval = {
  elapsedMs: 5_000,
  intervalMs: 5_000,
  calls: 500,
  successes: 500,
  errors: 0,
  conflicts: 0,
  retries: 0,
  throttles: 0,
  dropped: 0,
  latencyMs: times,
  underWay: 3,
  limit: 20,
  waiting: 0,
};

function progressAt(elapsedMs: number, calls: number): SustainedProgress {
  return {
    calls,
    successes: calls,
    errors: 0,
    conflicts: calls === 0 ? 0 : 2,
    retries: { total: calls / 5, max: 2, callsWithRetries: calls / 10 },
    throttles: 0,
    resends: 0,
    unknownOutcomes: 0,
    elapsedMs,
    recentMs: calls === 0 ? undefined : 4.2,
    underWay: 3,
  };
}

function shownOn(screen: { isTTY?: boolean; columns?: number }): string[] {
  const written: string[] = [];
  const display = sustainedDisplay({ ...screen, write: (text) => written.push(text) });
  display.onProgress(progressAt(250, 0));
  display.onProgress(progressAt(500, 25));
  display.onInterval(interval);
  return written;
}

test("a terminal sees one line that is rewritten: rate, success, retries a second, latency and how the rate has been", () => {
  const [first = "", second = "", last = ""] = shownOn({ isTTY: true, columns: 120 });
  assert.equal(
    first,
    "\r0.3s | 0 calls/s | Success: 100.0% | 0 retries/s | no answers | under way 3 ▁\u001b[K",
  );
  assert.equal(
    second,
    "\r0.5s | 100 calls/s | Success: 100.0% | 20 retries/s | lost to conflicts 2 | mean 4.2ms | under way 3 ▁█\u001b[K",
  );
  assert.match(last, /^\r\[ {2}5\.00s\] +100 calls\/s \| /);
  assert.ok(last.endsWith("\u001b[K\n"));
});

test("a wide terminal sees the whole interval; a narrow one what happened in it, and where that was nothing, only the times", () => {
  const shownAt = (columns: number, more: Partial<SustainedInterval> = {}): string => {
    const written: string[] = [];
    const display = sustainedDisplay({ isTTY: true, columns, write: (text) => written.push(text) });
    display.onInterval({ ...interval, elapsedMs: 4_310, ...more });
    return written.join("");
  };
  assert.match(
    shownAt(140),
    /^\r\[ {2}4\.31s\] +100 calls\/s \| .* \| 0 retries\/s \| errors 0 lost to conflicts 0 throttles 0 \| /,
  );
  assert.equal(shownAt(80), "\r[  4.31s]  100 calls/s | p50 1.0 p99 1.0 p99.9 1.0 ms\u001b[K\n");
  const slow = { latencyMs: { ...times, p99: 123.4, p999: 1_234.5 }, conflicts: 2, errors: 3, retries: 60 };
  assert.equal(
    shownAt(80, slow),
    "\r[  4.31s]  100 calls/s | p50 1.0 p99 123 p99.9 1235 ms | 3 errors 2 conflicts\u001b[K\n",
  );
  assert.equal(
    shownAt(70, slow),
    "\r[  4.31s]  100 calls/s | p50 1.0 p99 123 p99.9 1235 ms | 3 errors\u001b[K\n",
  );
  assert.match(shownAt(100, slow), /3 errors 2 conflicts 12 retries\/s/);
});

test("a narrow terminal sees the same in fewer words, and no line is longer than it is wide", () => {
  const [, second = ""] = shownOn({ isTTY: true, columns: 60 });
  assert.equal(second, "\r0.5s | 100 calls/s | 100.0% ok | 20 retries/s | mean 4.2ms\u001b[K");
  const [first = ""] = shownOn({ isTTY: true, columns: 20 });
  assert.equal(first, "\r0.3s | 0 calls/s | \u001b[K");
});

test("a pipe sees the intervals alone, with no control characters", () => {
  const written = shownOn({});
  assert.equal(written.length, 1);
  // eslint-disable-next-line no-control-regex -- these are what must not be there
  assert.match(written[0]!, /^[^\u0000-\u0009\u000b-\u001f]+\n$/);
});
