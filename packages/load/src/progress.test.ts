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

/** @returns what stands on a terminal of that width after each progress */
function linesOn(columns: number, shown: readonly Progress[]): string[] {
  const lines: string[] = [];
  const write = (part: string): number => lines.push(part.replace("\r", "").replace("\u001b[K", ""));
  const display = progressDisplay({ isTTY: true, columns, write });
  for (const one of shown) display(one);
  return lines;
}

test("a terminal also sees retries a second, latency and how the rate has been; the rate is that of the moment", () => {
  const retried = { retries: { total: 465, max: 3, callsWithRetries: 300 } };
  const lines = linesOn(120, [
    progress(0, 0),
    progress(1_000, 1_000),
    { ...progress(3_000, 2_000), ...retried },
  ]);
  assert.equal(
    lines.at(-1),
    "[ 30%]   3000/10000 calls | 2000 calls/s | Success: 100.0% | 2.0s | 465 retries/s | mean 12.3ms ▅█",
  );
});

test("80 columns have room for all of it, in fewer words", () => {
  const million = { callsPlanned: 1_000_000 };
  const many = Array.from({ length: 30 }, (_, index) => ({
    ...progress(index * 600, index * 500),
    ...million,
  }));
  const line = linesOn(80, many).at(-1) ?? "";
  assert.match(
    line,
    /^\[ {2}1%\] 17400\/1000000 \| 1200 calls\/s \| 100\.0% ok \| 0 retries\/s \| mean 12\.3ms █+$/,
  );
  assert.equal(line.length, 79);
});

test("a pipe sees a line every two seconds and a last one, with no control characters", () => {
  const every100Ms = Array.from({ length: 51 }, (_, index) => progress(index * 10, index * 100));
  const text = show(false, [...every100Ms, progress(10_000, 5_100)]);

  // eslint-disable-next-line no-control-regex -- these are what must not be there
  assert.doesNotMatch(text, /[\r\u001b]/);
  assert.equal(text.trimEnd().split("\n").length, 3);
});
