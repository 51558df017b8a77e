/** What happened between two looks, a second. */
import type { Activity, ActivityCounts } from "@dsql-local/cluster";

export type Rates = Readonly<Record<keyof ActivityCounts, number>>;

/** @returns undefined where the two do not belong together: gathering began anew in between */
export function ratesBetween(before: Activity | undefined, now: Activity): Rates | undefined {
  if (before === undefined || before.sinceMs !== now.sinceMs || now.atMs <= before.atMs) return undefined;
  const seconds = (now.atMs - before.atMs) / 1_000;
  const rate = (name: keyof ActivityCounts): number => (now.counts[name] - before.counts[name]) / seconds;
  return {
    committed: rate("committed"),
    rolledBack: rate("rolledBack"),
    lost: rate("lost"),
    stale: rate("stale"),
    errors: rate("errors"),
  };
}
