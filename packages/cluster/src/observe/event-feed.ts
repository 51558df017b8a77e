/**
 * The cluster's events for whoever wants to hear: by name, all of them, or as an asynchronous iteration.
 *
 * Always true
 * - Nothing is gathered for a name that nobody listens to.
 * - An iteration that is not read on keeps `waitingMax` events and drops the oldest; `missed` says how many.
 */
import { type ClusterEventName, type ClusterEvents, type Events } from "../base/index.ts";

/** Statements are too many to be heard along with everything else: who wants them asks for them by name. */
type HeardName = Exclude<ClusterEventName, "statementEnded">;

/** One event. */
export type ObservedEvent = {
  readonly [Name in HeardName]: {
    readonly name: Name;
    /** When it was announced, in milliseconds since 1970. */
    readonly atMs: number;
    readonly payload: ClusterEvents[Name];
  };
}[HeardName];

const names: Readonly<Record<HeardName, true>> = {
  sessionStarted: true,
  sessionEnded: true,
  transactionBegun: true,
  transactionParked: true,
  transactionResumed: true,
  transactionDoomed: true,
  transactionCommitted: true,
  transactionRolledBack: true,
  transactionLost: true,
  faultInjected: true,
};

/** Events that wait for one iteration to read on. */
const waitingMax = 10_000;

export class EventFeed implements AsyncIterable<ObservedEvent> {
  readonly #events: Events<ClusterEvents>;

  constructor(events: Events<ClusterEvents>) {
    this.#events = events;
  }

  /** Hears the events of one name. @returns a function that ends the subscription */
  on<Name extends ClusterEventName>(name: Name, run: (payload: ClusterEvents[Name]) => void): () => void {
    return this.#events.on(name, run);
  }

  /** Hears all events but `statementEnded`. @returns a function that ends the subscription */
  onAny(run: (event: ObservedEvent) => void): () => void {
    const ends = (Object.keys(names) as HeardName[]).map((name) =>
      this.#events.on(name, (payload) => {
        run({ name, atMs: Date.now(), payload } as ObservedEvent);
      }),
    );
    return () => {
      for (const end of ends) end();
    };
  }

  /** From now on, until the loop is left. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ObservedEvent> & { readonly missed: number } {
    return new EventIteration(this);
  }
}

class EventIteration implements AsyncIterableIterator<ObservedEvent> {
  readonly #waiting: ObservedEvent[] = [];
  readonly #end: () => void;
  #wake: ((result: IteratorResult<ObservedEvent>) => void) | undefined;
  #isOver = false;
  /** Events dropped so far, since they were not read in time. */
  missed = 0;

  constructor(feed: EventFeed) {
    this.#end = feed.onAny((event) => {
      this.#take(event);
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ObservedEvent>> {
    const first = this.#waiting.shift();
    if (first !== undefined) return Promise.resolve({ value: first, done: false });
    if (this.#isOver) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  return(): Promise<IteratorResult<ObservedEvent>> {
    this.#isOver = true;
    this.#end();
    this.#waiting.length = 0;
    this.#wake?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  #take(event: ObservedEvent): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake !== undefined) {
      wake({ value: event, done: false });
      return;
    }
    this.#waiting.push(event);
    if (this.#waiting.length <= waitingMax) return;
    this.#waiting.shift();
    this.missed += 1;
  }
}
