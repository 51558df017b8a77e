/**
 * The stream of the cluster's events, as long as the page is open: it comes back by itself after the stack was restarted.
 *
 * Always true
 * - Of a name at most `keptMax` events are kept; the oldest go.
 * - Views are told at most `tellsPerSecondMax` times a second, however many events come.
 */
import { rates } from "./rates.ts";
import { Store } from "./store.ts";

export type LinkState = "connecting" | "live" | "lost";

export interface LiveEvent {
  readonly name: string;
  readonly atMs: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

const keptMax = 500;
const tellsPerSecondMax = 5;
const againAfterMs = 1_000;

export const linkState = new Store<LinkState>("connecting");
/** Counts the events that came; views that show something of them ask again when it changes. */
export const eventCount = new Store(0);

const names = [
  "sessionStarted",
  "sessionEnded",
  "transactionBegun",
  "transactionParked",
  "transactionResumed",
  "transactionDoomed",
  "transactionCommitted",
  "transactionRolledBack",
  "transactionLost",
  "faultInjected",
];

const kept: LiveEvent[] = [];
let count = 0;
let isTelling = false;

/** The events of late, oldest first. */
export function recentEvents(): readonly LiveEvent[] {
  return kept;
}

function take(event: LiveEvent): void {
  rates.take(event);
  kept.push(event);
  if (kept.length > keptMax) kept.splice(0, kept.length - keptMax);
  count += 1;
  if (isTelling) return;
  isTelling = true;
  window.setTimeout(() => {
    isTelling = false;
    eventCount.set(count);
  }, 1_000 / tellsPerSecondMax);
}

export function connect(): void {
  const source = new EventSource("api/events/stream");
  source.onopen = () => {
    linkState.set("live");
    rates.reconnect();
    // What happened meanwhile is asked for.
    eventCount.set(++count);
  };
  // The browser would try again after some errors and not after others: this does after all of them.
  source.onerror = () => {
    source.close();
    linkState.set("lost");
    window.setTimeout(connect, againAfterMs);
  };
  for (const name of names) {
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      const { atMs, payload } = JSON.parse(data) as Omit<LiveEvent, "name">;
      take({ name, atMs, payload });
    });
  }
}
