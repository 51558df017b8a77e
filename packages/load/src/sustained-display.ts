/**
 * Shows sustained load while it goes on: a line for each interval, and on a terminal below them one that is rewritten, so
 * that a service that stands still is seen at once and not when the interval ends.
 */
import { type Screen, fittedLine, rewriteLine, roomOn } from "./live-line.ts";
import { successPercent } from "./progress.ts";
import { callsPerSecond } from "./report.ts";
import { Sparkline } from "./sparkline.ts";
import { formatInterval, formatIntervalShort } from "./sustained-report.ts";
import type { SustainedInterval, SustainedProgress } from "./sustained.ts";

const sparklineValuesMax = 30;

/** What `runSustained` calls. */
export interface SustainedDisplay {
  readonly onProgress: (progress: SustainedProgress) => void;
  readonly onInterval: (interval: SustainedInterval) => void;
}

/** @returns a display that is drawn anew on a terminal, and a line for each interval elsewhere */
export function sustainedDisplay(screen: Screen): SustainedDisplay {
  return screen.isTTY === true ? liveDisplay(screen) : plainDisplay(screen);
}

function plainDisplay(screen: Screen): SustainedDisplay {
  return {
    onProgress: () => undefined,
    onInterval: (interval) => screen.write(`${formatInterval(interval)}\n`),
  };
}

function liveDisplay(screen: Screen): SustainedDisplay {
  const rates = new Sparkline(sparklineValuesMax);
  let last = { calls: 0, elapsedMs: 0, retries: 0 };
  return {
    onProgress(progress) {
      const { calls, elapsedMs } = progress;
      const retries = progress.retries.total;
      const sinceMs = elapsedMs - last.elapsedMs;
      const rate = callsPerSecond(calls - last.calls, sinceMs);
      const shown = { progress, rate, retried: callsPerSecond(retries - last.retries, sinceMs) };
      rates.add(Number(rate));
      last = { calls, elapsedMs, retries };
      screen.write(rewriteLine(fittedLine(screen, [wideLine(shown), narrowLine(shown)], rates)));
    },
    onInterval: (interval) => screen.write(`${rewriteLine(fittedInterval(screen, interval))}\n`),
  };
}

function fittedInterval(screen: Screen, interval: SustainedInterval): string {
  const room = roomOn(screen);
  const long = formatInterval(interval);
  return long.length <= room ? long : formatIntervalShort(interval, room);
}

interface Shown {
  readonly progress: SustainedProgress;
  /** Calls a second, since the progress before. */
  readonly rate: string;
  /** Transactions that the function ran again, a second. */
  readonly retried: string;
}

/** What a conflict cost that the function did not resolve is a failed call, and told when there is one. */
function wideLine({ progress, rate, retried }: Shown): string {
  const { conflicts } = progress;
  return [
    shownSeconds(progress),
    `${rate} calls/s`,
    `Success: ${successPercent(progress)}%`,
    `${retried} retries/s`,
    ...(conflicts === 0 ? [] : [`lost to conflicts ${conflicts}`]),
    shownLatency(progress),
    `under way ${progress.underWay}`,
  ].join(" | ");
}

function narrowLine({ progress, rate, retried }: Shown): string {
  return [
    shownSeconds(progress),
    `${rate} calls/s`,
    `${successPercent(progress)}% ok`,
    `${retried} retries/s`,
    shownLatency(progress),
  ].join(" | ");
}

function shownSeconds({ elapsedMs }: SustainedProgress): string {
  return `${(elapsedMs / 1_000).toFixed(1)}s`;
}

function shownLatency({ recentMs }: SustainedProgress): string {
  return recentMs === undefined ? "no answers" : `mean ${recentMs.toFixed(1)}ms`;
}
