/**
 * Shows a run while it goes on: one line that is rewritten on a terminal, a line every few seconds in a pipe or a log.
 */
import { callsPerSecond } from "./report.ts";
import type { Progress } from "./run.ts";

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
  write(text: string): unknown;
}

// A log that is read later wants to be short.
const plainIntervalMs = 2_000;

const carriageReturn = "\r";
const eraseToEndOfLine = "\u001b[K";

/** @returns the `onProgress` of a run */
export function progressDisplay(screen: Screen): (progress: Progress) => void {
  return screen.isTTY === true ? liveDisplay(screen) : plainDisplay(screen);
}

function liveDisplay(screen: Screen): (progress: Progress) => void {
  return (progress) => {
    screen.write(
      `${carriageReturn}${formatProgress(progress)}${eraseToEndOfLine}${progress.isOver ? "\n" : ""}`,
    );
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
