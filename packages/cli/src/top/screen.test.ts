import assert from "node:assert/strict";
import { test } from "node:test";
import type { Activity } from "@dsql-local/cluster";
import { painter } from "../terminal.ts";
import { lineOf, type Look, screenOf, type ScreenOptions } from "./screen.ts";

const counts = { committed: 10, rolledBack: 0, lost: 2, stale: 0, errors: 2 };
const before: Activity = { sinceMs: 1_000, atMs: 2_000, counts, sessions: [], statements: [] };
const activity: Activity = {
  ...before,
  atMs: 4_000,
  counts: { ...counts, committed: 250, lost: 5 },
  sessions: [
    {
      sessionId: 42,
      role: "admin",
      applicationName: "shop",
      connectedAtMs: 0,
      statement: "UPDATE account\n SET balance = 1",
      runningMs: undefined,
      transaction: { id: "t7", state: "parked", ageMs: 12_340, changedRows: 2_900, writtenBytes: 1_048_576 },
    },
    {
      sessionId: 43,
      role: "reader",
      applicationName: "",
      connectedAtMs: 0,
      statement: "",
      runningMs: undefined,
      transaction: undefined,
    },
  ],
  statements: [
    { fingerprint: "SELECT ?", calls: 9, failed: 0, totalMs: 1, p50Ms: 0.1, p99Ms: 0.2 },
    { fingerprint: "UPDATE a", calls: 2, failed: 1, totalMs: 80, p50Ms: 40, p99Ms: 41 },
  ],
};
const look: Look = { activity, before, conflicts: [] };
const options: ScreenOptions = { columns: 200, rows: 50, sort: "time", isPaused: false, paint: painter({}) };

test("a line has the rates since the look before it", () => {
  assert.match(
    lineOf(look),
    /^\d\d:\d\d:\d\d {2}commits 120\/s {2}conflicts 1\.5\/s {2}OC001 0\.0\/s {2}errors 0\.0\/s {2}sessions 2 {2}transactions 1$/,
  );
});

test("there are no rates where gathering began anew", () => {
  assert.match(lineOf({ ...look, before: { ...before, sinceMs: 1 } }), /commits -\/s/);
});

test("a screen has the open transactions with their limits, and statements as they are to be sorted", () => {
  const screen = screenOf(look, options);
  assert.match(screen, /t7 +parked +12\.3 +2900 +1\.00 +42 +shop \(admin\) +UPDATE account SET balance = 1/);
  assert.ok(screen.indexOf("UPDATE a") < screen.indexOf("SELECT ?"));
  const byCalls = screenOf(look, { ...options, sort: "calls" });
  assert.ok(
    byCalls.lastIndexOf("SELECT ?") < byCalls.lastIndexOf("UPDATE a\n") || byCalls.endsWith("UPDATE a\n"),
  );
});

test("it fits its terminal", () => {
  const lines = screenOf(look, { ...options, columns: 40, rows: 6, paint: painter({ isTTY: true }) }).split(
    "\n",
  );
  assert.equal(lines.length, 5);
  // eslint-disable-next-line no-control-regex -- colours take no place
  for (const line of lines) assert.ok(line.replace(/\u001b\[\d+m/g, "").length <= 40, line);
});
