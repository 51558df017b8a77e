/**
 * Shows sustained load while it goes on: a line for each interval, and on a terminal below them one that is rewritten, so
 * that a service that stands still is seen at once and not when the interval ends.
 */
import { type Screen, columnsDefault, rewriteLine } from "./progress.ts";
import { callsPerSecond } from "./report.ts";
import { Sparkline } from "./sparkline.ts";
import { formatInterval } from "./sustained-report.ts";
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
  const rate = new Sparkline(sparklineValuesMax);
  let last = { calls: 0, elapsedMs: 0 };
  return {
    onProgress(progress) {
      const { calls, successes, conflicts, elapsedMs, recentMs, underWay } = progress;
      const shown = callsPerSecond(calls - last.calls, elapsedMs - last.elapsedMs);
      rate.add(Number(shown));
      last = { calls, elapsedMs };
      const success = calls === 0 ? 100 : (successes / calls) * 100;
      const line = [
        `${(elapsedMs / 1_000).toFixed(1)}s`,
        `${shown} calls/s`,
        `Success: ${success.toFixed(1)}%`,
        `conflicts ${conflicts}`,
        recentMs === undefined ? "no answers" : `${recentMs.toFixed(1)}ms`,
        `under way ${underWay} ${rate.toString()}`,
      ].join(" | ");
      // A line that wraps could not be rewritten.
      screen.write(rewriteLine(line.slice(0, (screen.columns ?? columnsDefault) - 1)));
    },
    onInterval: (interval) => screen.write(`${rewriteLine(formatInterval(interval))}\n`),
  };
}
