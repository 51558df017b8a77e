/**
 * Clears away the transactions of clients that think past the age limit: they cannot commit any more, so their snapshots and
 * locks need not wait until they say something; an index build would wait for them.
 */
import type { Clock } from "../../base/index.ts";
import type { Budget } from "./budget.ts";

/** An expired transaction is cleared away so long after its limit; while a statement runs, again and again. */
const graceMs = 1_000;

/**
 * @param clear - gives up what the transaction holds; false when a statement is under way, which is not interrupted: its
 *   client hears at the next
 * @returns what ends the watch
 */
export function expireInTime(clock: Clock, budget: Budget, clear: () => boolean): () => void {
  let stop: () => void = () => undefined;
  const watch = (): void => {
    stop = clock.setTimer(budget.leftMs + graceMs, () => {
      if (!clear()) watch();
    });
  };
  watch();
  return () => {
    stop();
  };
}
