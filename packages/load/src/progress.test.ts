import assert from "node:assert/strict";
import { test } from "node:test";

import { formatProgress, progressDisplay } from "./progress.ts";
import type { Progress } from "./run.ts";

const progress = (calls: number, elapsedMs: number, successes = calls): Progress => ({
  calls,
  successes,
  errors: calls - successes,
  conflicts: 0,
  retries: { total: 0, max: 0, callsWithRetries: 0 },
  throttles: 0,
  resends: 0,
  unknownOutcomes: 0,
  callsPlanned: 10_000,
  elapsedMs,
  isOver: calls === 10_000,
  recentMs: 12.3,
});

test("the line has the talk's shape", () => {
  assert.equal(
    formatProgress(progress(10_000, 10_700)),
    "[100%]  10000/10000 calls |  935 calls/s | Success: 100.0% | 10.7s",
  );
  assert.equal(
    formatProgress(progress(10_000, 11_000, 9_344)),
    "[100%]  10000/10000 calls |  909 calls/s | Success:  93.4% | 11.0s",
  );
});

test("a run that has just begun divides by nothing", () => {
  assert.equal(
    formatProgress(progress(0, 0)),
    "[  0%]      0/10000 calls |    0 calls/s | Success: 100.0% | 0.0s",
  );
});

function show(isTTY: boolean, shown: readonly Progress[]): string {
  let text = "";
  const display = progressDisplay({ isTTY, write: (part) => (text += part) });
  for (const one of shown) display(one);
  return text;
}

test("a terminal sees one line that is rewritten, ended when the run is over", () => {
  const text = show(true, [progress(0, 0), progress(5_000, 5_000), progress(10_000, 10_000)]);
  assert.equal(text.split("\r").length, 4);
  assert.equal(text.split("\n").length, 2);
});

test("a terminal also sees conflicts, latency and how the rate has been, as far as the line is long", () => {
  let text = "";
  const display = progressDisplay({ isTTY: true, columns: 200, write: (part) => (text += part) });
  for (const calls of [0, 1_000, 2_000]) display(progress(calls, calls));
  assert.ok(text.endsWith("| conflicts 0 | 12.3ms ██\u001b[K"));

  const narrow = show(true, [progress(5_000, 5_000)])
    .replace("\r", "")
    .replace("\u001b[K", "");
  assert.equal(narrow.length, 79);
});

test("a pipe sees a line every two seconds and a last one, with no control characters", () => {
  const every100Ms = Array.from({ length: 51 }, (_, index) => progress(index * 10, index * 100));
  const text = show(false, [...every100Ms, progress(10_000, 5_100)]);

  // eslint-disable-next-line no-control-regex -- these are what must not be there
  assert.doesNotMatch(text, /[\r\u001b]/);
  assert.equal(text.trimEnd().split("\n").length, 3);
});
