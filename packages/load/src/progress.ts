/**
 * Shows a run while it goes on: one line that is rewritten on a terminal, a line every few seconds in a pipe or a log.
 */
import { type Screen, fittedLine, rewriteLine } from "./live-line.ts";
import { callsPerSecond } from "./report.ts";
import type { Progress } from "./run.ts";
import { Sparkline } from "./sparkline.ts";

/**
 * @param rate - calls a second; by default those of the whole run so far
 * @returns `[ 42%]   4200/10000 calls |  935 calls/s | Success: 100.0% | 4.5s`
 */
export function formatProgress(progress: Progress, rate?: string): string {
  const { calls, callsPlanned, elapsedMs } = progress;
  return [
    `[${donePercent(progress)}%] ${String(calls).padStart(6)}/${callsPlanned} calls`,
    `${(rate ?? callsPerSecond(calls, elapsedMs)).padStart(4)} calls/s`,
    `Success: ${successPercent(progress).padStart(5)}%`,
    `${(elapsedMs / 1_000).toFixed(1)}s`,
  ].join(" | ");
}

function donePercent({ calls, callsPlanned }: Progress): string {
  return String(Math.floor((calls / Math.max(callsPlanned, 1)) * 100)).padStart(3);
}

/** Before the first answer nothing has failed. */
export function successPercent({ calls, successes }: Pick<Progress, "calls" | "successes">): string {
  return (calls === 0 ? 100 : (successes / calls) * 100).toFixed(1);
}

// A log that is read later wants to be short.
const plainIntervalMs = 2_000;

/** @returns the `onProgress` of a run */
export function progressDisplay(screen: Screen): (progress: Progress) => void {
  return screen.isTTY === true ? liveDisplay(screen) : plainDisplay(screen);
}

// A rate over less time than this jumps about.
const rateIntervalMs = 500;
const sparklineValuesMax = 30;

/** The talk's line with the rate of this moment, then what a pipe has no room for: retries, latency, and the rate before. */
function liveDisplay(screen: Screen): (progress: Progress) => void {
  const rates = new Sparkline(sparklineValuesMax);
  let last = { calls: 0, elapsedMs: 0, retries: 0 };
  let rate: string | undefined;
  let retried = "0";
  let latency = "";
  return (progress) => {
    const { calls, elapsedMs, recentMs, isOver } = progress;
    const retries = progress.retries.total;
    if (isOver) {
      screen.write(`${rewriteLine(formatProgress(progress))}\n`);
      return;
    }
    if (elapsedMs - last.elapsedMs >= rateIntervalMs) {
      rate = callsPerSecond(calls - last.calls, elapsedMs - last.elapsedMs);
      rates.add(Number(rate));
      retried = callsPerSecond(retries - last.retries, elapsedMs - last.elapsedMs);
      last = { calls, elapsedMs, retries };
    }
    if (recentMs !== undefined) latency = ` | mean ${recentMs.toFixed(1)}ms`;
    const wide = `${formatProgress(progress, rate)} | ${retried} retries/s${latency}`;
    screen.write(
      rewriteLine(fittedLine(screen, [wide, narrowLine(progress, rate, retried) + latency], rates)),
    );
  };
}

/** `[ 42%] 4200/10000 | 935 calls/s | 100.0% ok | 12 retries/s` */
function narrowLine(progress: Progress, rate: string | undefined, retried: string): string {
  const { calls, callsPlanned, elapsedMs } = progress;
  return [
    `[${donePercent(progress)}%] ${calls}/${callsPlanned}`,
    `${rate ?? callsPerSecond(calls, elapsedMs)} calls/s`,
    `${successPercent(progress)}% ok`,
    `${retried} retries/s`,
  ].join(" | ");
}

function plainDisplay(screen: Screen): (progress: Progress) => void {
  let nextAtMs = plainIntervalMs;
  let last = { elapsedMs: 0, retries: 0 };
  return ({ isOver, ...progress }) => {
    const { elapsedMs } = progress;
    if (elapsedMs < nextAtMs && !isOver) return;
    nextAtMs = elapsedMs + plainIntervalMs;
    const retries = progress.retries.total;
    const retried = callsPerSecond(retries - last.retries, elapsedMs - last.elapsedMs);
    last = { elapsedMs, retries };
    // The last line is the talk's; how often calls were retried in all is in the report that follows.
    const line = formatProgress({ isOver, ...progress });
    screen.write(isOver ? `${line}\n` : `${line} | ${retried} retries/s\n`);
  };
}
