/** How sustained load is printed: a line for each interval, and the talk's STATS block with what an open loop adds. */
import type { Times } from "./histogram.ts";
import { breakdown, callsPerSecond, count, line, retries, rule, times, totals } from "./report.ts";
import type { SustainedInterval, SustainedReport } from "./sustained.ts";

/** `[  5.00s]    200 calls/s | p50 3.1 p90 4.0 p99 9.7 p99.9 12.0 ms | 2 retries/s | errors 0 lost to conflicts 0 throttles 0 | …` */
export function formatInterval(interval: SustainedInterval): string {
  const { calls, intervalMs, latencyMs, conflicts, retries: again, throttles, errors } = interval;
  const waiting = interval.waiting === 0 ? "" : ` waiting ${count(interval.waiting)}`;
  const dropped = interval.dropped === 0 ? "" : ` dropped ${count(interval.dropped)}`;
  return [
    `${endOf(interval)} ${callsPerSecond(calls, intervalMs).padStart(6)} calls/s`,
    percentiles(latencyMs),
    `${callsPerSecond(again, intervalMs)} retries/s`,
    `errors ${errors} lost to conflicts ${conflicts} throttles ${throttles}`,
    `under way ${interval.underWay}/${interval.limit}${waiting}${dropped}`,
  ].join(" | ");
}

/**
 * The same for a narrow terminal, where what did not happen goes without saying: `[  5.00s]  200 calls/s | p50 … ms | 2 retries/s`
 * @param room - characters at most; what came of fewer calls gives way
 */
export function formatIntervalShort(interval: SustainedInterval, room: number): string {
  const { calls, intervalMs, latencyMs, conflicts, retries: again, throttles, errors, dropped } = interval;
  const { p50, p99, p999 } = latencyMs;
  const shown = (timeMs: number): string => timeMs.toFixed(timeMs < 10 ? 1 : 0);
  const base =
    `${endOf(interval)} ${callsPerSecond(calls, intervalMs).padStart(4)} calls/s | ` +
    `p50 ${shown(p50)} p99 ${shown(p99)} p99.9 ${shown(p999)} ms`;
  const happened = Object.entries({ errors, conflicts, throttles, dropped })
    .filter(([, times]) => times > 0)
    .map(([name, times]) => `${times} ${name}`);
  if (again > 0) happened.push(`${callsPerSecond(again, intervalMs)} retries/s`);
  const fitting = happened.reduce((line, what) => {
    const longer = `${line}${line === base ? " | " : " "}${what}`;
    return longer.length <= room ? longer : line;
  }, base);
  return fitting.slice(0, room);
}

/** The last interval may end anywhere, so in whole seconds it would look like the one before. */
function endOf({ elapsedMs }: SustainedInterval): string {
  return `[${(elapsedMs / 1_000).toFixed(2).padStart(6)}s]`;
}

function percentiles({ p50, p90, p99, p999 }: Times): string {
  return `p50 ${p50.toFixed(1)} p90 ${p90.toFixed(1)} p99 ${p99.toFixed(1)} p99.9 ${p999.toFixed(1)} ms`;
}

/** @returns lines, without a line feed at the end */
export function formatSustainedStats(report: SustainedReport): string {
  const sections = [
    [...totals(report), ...lost(report)],
    [
      line("Total time:", `${(report.elapsedMs / 1_000).toFixed(2)}s`),
      line("Target rate:", `${count(report.rate)} calls/second`),
      line("Throughput:", `${callsPerSecond(report.calls, report.elapsedMs)} calls/second`),
    ],
    times("Latency, from when each call was due:", report.latencyMs),
    times("Latency, from when each call was sent:", report.serviceMs),
    times("Lambda Execution Times:", report.lambdaMs),
    retries(report),
    [
      "Invocation Statistics:",
      `  ${line("Conflicts:", count(report.conflicts))}`,
      `  ${line("Throttled:", count(report.throttles))}`,
      `  ${line("Sent again:", count(report.resends))}`,
      `  ${line("Outcome unknown:", count(report.unknownOutcomes))}`,
    ],
    breakdown(report.errorBreakdown),
  ];
  const body = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return [rule, "STATS", rule, body.join("\n\n")].join("\n");
}

function lost({ dropped, notStarted }: SustainedReport): string[] {
  return [
    ...(dropped === 0 ? [] : [line("Dropped:", `${count(dropped)} calls: too many were waiting`)]),
    ...(notStarted === 0 ? [] : [line("Interrupted:", `${count(notStarted)} calls were due and not made`)]),
  ];
}
