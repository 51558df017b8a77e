import type { Books } from "./schema.ts";

export interface Finding {
  readonly holds: boolean;
  readonly text: string;
}

/** Holds what is in the database against what the callers were told. */
export function judgeBooks(told: { before: Books; after: Books; calls: number; successes: number }): {
  findings: Finding[];
  isProven: boolean;
} {
  const { before, after, calls, successes } = told;
  const rows = after.transfers - before.transfers;
  const findings = [
    {
      holds: successes === calls,
      text: `${count(successes)} of ${count(calls)} calls succeeded`,
    },
    {
      holds: after.balance === before.balance && after.accounts === before.accounts,
      text: `the sum of ${count(after.accounts)} balances was ${count(before.balance)} and is ${count(after.balance)}`,
    },
    {
      holds: rows === successes,
      text: `the history has ${count(rows)} new rows for ${count(successes)} successful transfers`,
    },
  ];
  return { findings, isProven: findings.every((finding) => finding.holds) };
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
