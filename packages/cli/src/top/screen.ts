/** One look at a cluster as lines of text: for a terminal a screen, for a pipe one line. */
import type { Activity, Conflict, SessionState, StatementStatistics } from "@dsql-local/cluster";
import { limits } from "@dsql-local/spec";
import { type Painter, withoutControl } from "../terminal.ts";
import { ratesBetween } from "./rates.ts";

export const sorts = ["time", "calls", "p99", "failed"] as const;
export type Sort = (typeof sorts)[number];

export interface Look {
  readonly activity: Activity;
  /** The look before it. */
  readonly before: Activity | undefined;
  readonly conflicts: readonly Conflict[];
}

export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly sort: Sort;
  readonly isPaused: boolean;
  readonly paint: Painter;
}

const mebibyte = 1_024 * 1_024;
const hotRowsMax = 5;
/** From so much of a limit on it is shown in colour. */
const nearLimit = 0.8;

/** `12:00:01  commits 120/s  …`, for a pipe. */
export function lineOf({ activity, before }: Look): string {
  return `${clock(activity.atMs)}  ${summaryOf(activity, before).join("  ")}`;
}

export function screenOf(look: Look, options: ScreenOptions): string {
  const { activity, before, conflicts } = look;
  const { paint, columns, sort, isPaused } = options;
  const keys = paint.dim(`q quits, p ${isPaused ? "goes on" : "pauses"}, s sorts statements (${sort})`);
  const lines = [
    `${paint.bold("dsql top")}  ${clock(activity.atMs)}  ${summaryOf(activity, before).join("  ")}`,
    keys,
    "",
    ...section(paint, "Open transactions", openTransactions(activity.sessions, options)),
    ...section(paint, "Rows lost on most often", hotRows(conflicts)),
    ...section(paint, "Statements", statements(activity.statements, options)),
  ];
  return lines
    .slice(0, options.rows - 1)
    .map((line) => cut(line, columns))
    .join("\n");
}

function summaryOf(activity: Activity, before: Activity | undefined): readonly string[] {
  const rates = ratesBetween(before, activity);
  const shown = (name: string, rate: number | undefined): string =>
    `${name} ${rate === undefined ? "-" : rate.toFixed(rate < 10 ? 1 : 0)}/s`;
  const open = activity.sessions.filter(({ transaction }) => transaction !== undefined).length;
  return [
    shown("commits", rates?.committed),
    shown("conflicts", rates?.lost),
    shown("OC001", rates?.stale),
    shown("errors", rates?.errors),
    `sessions ${activity.sessions.length}`,
    `transactions ${open}`,
  ];
}

function section(paint: Painter, title: string, [head, ...rows]: readonly string[]): readonly string[] {
  if (head === undefined) return [];
  return [paint.bold(title), paint.dim(head), ...(rows.length > 0 ? rows : [paint.dim("none")]), ""];
}

function openTransactions(sessions: readonly SessionState[], { paint }: ScreenOptions): readonly string[] {
  const open = sessions.flatMap(({ transaction, ...session }) =>
    transaction === undefined ? [] : [{ ...session, transaction }],
  );
  const ofLimit = (text: string, part: number): string => (part >= nearLimit ? paint.yellow(text) : text);
  const { transactionSecondsMax, rowsPerTransactionMax, bytesPerTransactionMax } = limits;
  return [
    "transaction  state         age s   rows      MiB  session     who                   statement",
    ...open
      .sort((left, right) => right.transaction.ageMs - left.transaction.ageMs)
      .map(({ transaction: { id, state, ageMs, changedRows, writtenBytes }, ...session }) =>
        [
          id.padEnd(11),
          "",
          (state === "doomed" ? paint.red : paint.cyan)(state.padEnd(11)),
          ofLimit((ageMs / 1_000).toFixed(1).padStart(7), ageMs / 1_000 / transactionSecondsMax.value),
          ofLimit(String(changedRows).padStart(6), changedRows / rowsPerTransactionMax.value),
          ofLimit(
            (writtenBytes / mebibyte).toFixed(2).padStart(8),
            writtenBytes / bytesPerTransactionMax.value,
          ),
          "",
          String(session.sessionId).padEnd(10),
          "",
          whoIs(session).padEnd(20),
          "",
          oneLine(session.statement),
        ].join(" "),
      ),
  ];
}

function hotRows(conflicts: readonly Conflict[]): readonly string[] {
  const times = new Map<string, number>();
  for (const { relation, rows } of conflicts) {
    const keys = rows?.map((row) => Object.values(row).join(", ")).join("; ");
    const place = `${relation ?? "(unknown)"}${keys === undefined ? "" : ` (${keys})`}`;
    times.set(place, (times.get(place) ?? 0) + 1);
  }
  if (times.size === 0) return [];
  return [
    "  times  row",
    ...[...times]
      .sort(([, left], [, right]) => right - left)
      .slice(0, hotRowsMax)
      .map(([place, count]) => `${String(count).padStart(7)}  ${oneLine(place)}`),
  ];
}

function statements(all: readonly StatementStatistics[], { sort }: ScreenOptions): readonly string[] {
  const by: Readonly<Record<Sort, (one: StatementStatistics) => number>> = {
    time: ({ totalMs }) => totalMs,
    calls: ({ calls }) => calls,
    p99: ({ p99Ms }) => p99Ms,
    failed: ({ failed }) => failed,
  };
  return [
    "    calls   failed    p50 ms    p99 ms     sum s  statement",
    ...[...all]
      .sort((left, right) => by[sort](right) - by[sort](left))
      .map(({ calls, failed, p50Ms, p99Ms, totalMs, fingerprint }) =>
        [
          String(calls).padStart(9),
          String(failed).padStart(8),
          p50Ms.toFixed(2).padStart(9),
          p99Ms.toFixed(2).padStart(9),
          (totalMs / 1_000).toFixed(1).padStart(9),
          "",
          oneLine(fingerprint),
        ].join(" "),
      ),
  ];
}

function whoIs({ applicationName, role }: Pick<SessionState, "applicationName" | "role">): string {
  return withoutControl(applicationName === "" ? role : `${applicationName} (${role})`);
}

function oneLine(text: string): string {
  return withoutControl(text.replace(/\s+/g, " ").trim());
}

/** Escape sequences of colours take no place. */
function cut(line: string, columns: number): string {
  let shown = 0;
  let at = 0;
  // eslint-disable-next-line no-control-regex -- colours are written with it
  for (const [part] of line.matchAll(/\u001b\[\d+m|[^\u001b]/gu)) {
    if (!part.startsWith("\u001b")) shown += 1;
    if (shown > columns) return line.slice(0, at) + resetOf(line);
    at += part.length;
  }
  return line;
}

function resetOf(line: string): string {
  return line.includes("\u001b") ? "\u001b[0m" : "";
}

function clock(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8);
}
