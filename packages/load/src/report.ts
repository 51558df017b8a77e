/**
 * What a run came to, and how it is printed: the talk's STATS block, line for line, with percentiles added.
 *
 * Tests: report.test.ts holds the text against the talk's two runs.
 */
import type { Times } from "./histogram.ts";
import type { Schedule } from "./schedule.ts";
import type { Counts } from "./counts.ts";
import type { ErrorCount } from "./tally.ts";

/** What came of a run that had a number of calls to make. Times are milliseconds. */
export interface Report extends Counts {
  readonly schedule: Schedule;
  readonly elapsedMs: number;
  /** The run was ended early: its figures are those of the calls that were made. */
  readonly wasAborted: boolean;
  /** Execution times as the function reports them, of the calls that succeeded. */
  readonly lambdaMs: Times;
  /** Times as the caller waited, of the calls that succeeded. */
  readonly clientMs: Times;
  /** The same of the calls that failed. */
  readonly errorMs: Times;
  readonly errorBreakdown: readonly ErrorCount[];
}

export const rule = "=".repeat(60);

// Values stand in one column, whatever the length of their label.
const labelWidth = 20;

/** @returns lines, without a line feed at the end */
export function formatStats(report: Report): string {
  const sections = [
    [...totals(report), ...interruption(report)],
    speed(report),
    times("Lambda Execution Times:", report.lambdaMs),
    times("Client-observed Times:", report.clientMs),
    times("Client-observed Times of Errors:", report.errorMs),
    retries(report),
    transport(report),
    breakdown(report.errorBreakdown),
  ];
  const body = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return [rule, "STATS", rule, body.join("\n\n")].join("\n");
}

export function totals({ calls, successes, errors }: Counts): string[] {
  return [
    line("Total calls:", count(calls)),
    line("Successful:", `${count(successes)} (${share(successes, calls)})`),
    line("Errors:", `${count(errors)} (${share(errors, calls)})`),
  ];
}

function interruption({ wasAborted, schedule, calls }: Report): string[] {
  return wasAborted ? [line("Interrupted:", `${count(schedule.calls - calls)} calls were not made`)] : [];
}

function speed({ calls, elapsedMs }: Report): string[] {
  return [
    line("Total time:", `${(elapsedMs / 1_000).toFixed(2)}s`),
    line("Throughput:", `${callsPerSecond(calls, elapsedMs)} calls/second`),
  ];
}

export function times(title: string, recorded: Times): string[] {
  if (recorded.count === 0) return [];
  const entry = (label: string, timeMs: number): string => `  ${line(label, `${timeMs.toFixed(2)}ms`)}`;
  return [
    title,
    entry("Min:", recorded.min),
    entry("Max:", recorded.max),
    entry("Avg:", recorded.mean),
    entry("p50:", recorded.p50),
    entry("p90:", recorded.p90),
    entry("p99:", recorded.p99),
    entry("p99.9:", recorded.p999),
  ];
}

export function retries({ retries: { total, max, callsWithRetries }, calls }: Counts): string[] {
  if (total === 0) return [];
  return [
    "OCC Retry Statistics:",
    `  ${line("Total retries:", count(total))}`,
    `  ${line("Max retries:", count(max))}`,
    `  ${line("Avg retries/call:", (total / calls).toFixed(2))}`,
    `  Transactions with retries: ${count(callsWithRetries)} (${share(callsWithRetries, calls)})`,
  ];
}

/** Silent on an undisturbed run. */
function transport({ throttles, resends, unknownOutcomes }: Report): string[] {
  if (throttles + resends + unknownOutcomes === 0) return [];
  return [
    "Invocation Statistics:",
    `  ${line("Throttled:", count(throttles))}`,
    `  ${line("Sent again:", count(resends))}`,
    `  ${line("Outcome unknown:", count(unknownOutcomes))}`,
  ];
}

export function breakdown(errors: readonly ErrorCount[]): string[] {
  if (errors.length === 0) return [];
  return [
    "Error Breakdown:",
    ...errors.map(({ message, code, count: calls }) => `  ${message} (${code}): ${count(calls)}`),
  ];
}

export function line(label: string, value: string): string {
  return `${label.padEnd(labelWidth)}${value}`;
}

/** Thousands apart by commas, on any machine. */
export function count(value: bigint | number): string {
  return value.toLocaleString("en-US");
}

function share(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

export function callsPerSecond(calls: number, elapsedMs: number): string {
  return (elapsedMs === 0 ? 0 : (calls / elapsedMs) * 1_000).toFixed(0);
}
