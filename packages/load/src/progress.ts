/**
 * Shows a run while it goes on: one line that is rewritten on a terminal, a line every few seconds in a pipe or a log.
 */
import { callsPerSecond } from "./report.ts";
import type { Progress } from "./run.ts";
import { Sparkline } from "./sparkline.ts";

/** @returns `[ 42%]   4200/10000 calls |  935 calls/s | Success: 100.0% | 4.5s` */
export function formatProgress(progress: Progress): string {
  const { calls, callsPlanned, successes, elapsedMs } = progress;
  const done = Math.floor((calls / Math.max(callsPlanned, 1)) * 100);
  const success = calls === 0 ? 100 : (successes / calls) * 100;
  return [
    `[${String(done).padStart(3)}%] ${String(calls).padStart(6)}/${callsPlanned} calls`,
    `${callsPerSecond(calls, elapsedMs).padStart(4)} calls/s`,
    `Success: ${success.toFixed(1).padStart(5)}%`,
    `${(elapsedMs / 1_000).toFixed(1)}s`,
  ].join(" | ");
}

/** The part of a stream that a display needs; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal, in characters. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

// A log that is read later wants to be short.
const plainIntervalMs = 2_000;

const carriageReturn = "\r";
const eraseToEndOfLine = "\u001b[K";

/** @returns what writes a line in place of the one the cursor is in */
export function rewriteLine(line: string): string {
  return `${carriageReturn}${line}${eraseToEndOfLine}`;
}

/** @returns the `onProgress` of a run */
export function progressDisplay(screen: Screen): (progress: Progress) => void {
  return screen.isTTY === true ? liveDisplay(screen) : plainDisplay(screen);
}

/** Of a terminal that does not say how wide it is. */
export const columnsDefault = 80;
const sparklineIntervalMs = 500;
const sparklineValuesMax = 30;

/** The talk's line, then what a pipe has no room for: conflicts, latency, and how the rate has been. */
function liveDisplay(screen: Screen): (progress: Progress) => void {
  const rate = new Sparkline(sparklineValuesMax);
  let last = { calls: 0, elapsedMs: 0 };
  let latency = "";
  return (progress) => {
    const { calls, elapsedMs, conflicts, recentMs, isOver } = progress;
    if (elapsedMs - last.elapsedMs >= sparklineIntervalMs) {
      rate.add((calls - last.calls) / (elapsedMs - last.elapsedMs));
      last = { calls, elapsedMs };
    }
    if (recentMs !== undefined) latency = ` | ${recentMs.toFixed(1)}ms`;
    const more = isOver ? "" : ` | conflicts ${conflicts}${latency} ${rate.toString()}`;
    // A line that wraps could not be rewritten.
    const line = `${formatProgress(progress)}${more}`.slice(0, (screen.columns ?? columnsDefault) - 1);
    screen.write(`${rewriteLine(line)}${isOver ? "\n" : ""}`);
  };
}

function plainDisplay(screen: Screen): (progress: Progress) => void {
  let nextAtMs = plainIntervalMs;
  return (progress) => {
    if (progress.elapsedMs < nextAtMs && !progress.isOver) return;
    nextAtMs = progress.elapsedMs + plainIntervalMs;
    screen.write(`${formatProgress(progress)}\n`);
  };
}
