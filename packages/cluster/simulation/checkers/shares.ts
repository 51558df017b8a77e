/**
 * A committed FOR KEY SHARE beats whoever removes the row or holds it FOR UPDATE, and the other way round: of two that met
 * the same row, and neither of which can have been over before the other began, one has lost.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL" (conflict matrix).
 * Tests: shares.test.ts, with faults injected.
 */
import type { KeyTransaction } from "../workloads/keys.ts";

/** @returns what is wrong, in words */
export function findMetShare(history: readonly KeyTransaction[]): string | undefined {
  const committed = history.filter(({ outcome }) => outcome === "committed");
  const sharers = new Map<string, KeyTransaction[]>();
  for (const one of committed) {
    for (const birth of one.shared) sharers.set(birth, [...(sharers.get(birth) ?? []), one]);
  }
  for (const remover of committed) {
    for (const birth of remover.removed) {
      const met = sharers.get(birth)?.find((sharer) => sharer !== remover && overlap(sharer, remover));
      if (met !== undefined)
        return [
          `${met.name} has shared ${birth}, ${remover.name} has removed it, and both have committed`,
          ...[met, remover].map(({ name, told }) => `  ${name}: ${told.join(" | ")}`),
        ].join("\n");
    }
  }
  return undefined;
}

/** The snapshot of each was certainly taken before the other's COMMIT was sent. */
function overlap(one: KeyTransaction, other: KeyTransaction): boolean {
  return one.snapshot.until < other.commit.from && other.snapshot.until < one.commit.from;
}
