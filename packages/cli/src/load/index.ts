/** What `dsql load` shows: one line that is rewritten on a terminal, a line every few seconds in a log, a report. */
import type { BulkLoadDryRun, BulkLoadProgress, BulkLoadReport, RejectedRow } from "dsql-toolkit";
import { withoutControl } from "../terminal.ts";

/** The part of a stream that a display needs; `process.stderr` is one. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

// A log that is read later wants to be short.
const plainIntervalMs = 2_000;
const rejectedShown = 5;

export function loadProgress(screen: Screen): { show(progress: BulkLoadProgress): void; end(): void } {
  const isLive = screen.isTTY === true;
  let nextAtMs = plainIntervalMs;
  let isOpen = false;
  return {
    show(progress) {
      if (!isLive && progress.elapsedMs < nextAtMs) return;
      nextAtMs = progress.elapsedMs + plainIntervalMs;
      isOpen = isLive;
      screen.write(isLive ? `\r${progressLine(progress)}\u001b[K` : `${progressLine(progress)}\n`);
    },
    end() {
      if (isOpen) screen.write("\n");
      isOpen = false;
    },
  };
}

/** @returns `120,000 rows | 84,210 rows/s | 8 connections | conflicts 3 | 1.4s` */
function progressLine(progress: BulkLoadProgress): string {
  const { rowsLoaded, rowsRejected, connections, conflicts, elapsedMs } = progress;
  return [
    `${count(rowsLoaded)} rows`,
    `${count(Math.round(rowsLoaded / Math.max(elapsedMs / 1_000, 0.001)))} rows/s`,
    `${connections} connections`,
    `conflicts ${conflicts}`,
    ...(rowsRejected > 0 ? [`rejected ${count(rowsRejected)}`] : []),
    `${(elapsedMs / 1_000).toFixed(1)}s`,
  ].join(" | ");
}

export function loadReportAsText(report: BulkLoadReport): string {
  const { rowsLoaded, rowsResumed, rowsIgnored, rejected, conflicts, elapsedMs } = report;
  const lines = [
    `${count(rowsLoaded)} ${rowsLoaded === 1 ? "row" : "rows"} loaded in ${(elapsedMs / 1_000).toFixed(1)} s`,
  ];
  if (rowsResumed > 0) lines.push(`${count(rowsResumed)} of them by an earlier run`);
  if (rowsIgnored > 0) lines.push(`${count(rowsIgnored)} skipped: their keys were there already`);
  if (conflicts > 0) lines.push(`${count(conflicts)} transactions repeated because of a conflict`);
  return [...lines, ...rejectedLines(rejected, "rejected")].join("\n");
}

/** @returns the columns with their types, one a line, the rows that would be rejected, and what would make the table */
export function dryRunAsText({ columns, createTable, rowsTried, rejected }: BulkLoadDryRun): string {
  const width = Math.max(0, ...columns.map(({ name }) => name.length));
  const rows = `${count(rowsTried)} ${rowsTried === 1 ? "row" : "rows"}`;
  return [
    ...columns.map(({ name, type }) => `  ${withoutControl(name).padEnd(width)}  ${type}`),
    ...(createTable === undefined ? [] : [`would make the table: ${withoutControl(createTable)}`]),
    `${rows} tried, nothing written`,
    ...rejectedLines(rejected, "would be rejected"),
  ].join("\n");
}

function rejectedLines(rejected: readonly RejectedRow[], what: string): string[] {
  if (rejected.length === 0) return [];
  const lines = [`${count(rejected.length)} ${what}:`, ...rejected.slice(0, rejectedShown).map(rejectedLine)];
  if (rejected.length > rejectedShown)
    lines.push(`  and ${count(rejected.length - rejectedShown)} more: --rejected <file> writes all`);
  return lines;
}

/** @returns `  line 3: has 1 field instead of 2` */
export function rejectedLine({ line, reason, sqlstate }: RejectedRow): string {
  const code = sqlstate === undefined ? "" : ` (${sqlstate})`;
  return `  line ${line}: ${withoutControl(reason)}${code}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
