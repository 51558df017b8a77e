/** What is kept of a cluster's events: the conflicts of late. */
import type { ClusterEvents, Events } from "../base/index.ts";
import { type Conflict, conflictOf } from "./conflict.ts";
import { EventFeed } from "./event-feed.ts";
import { Ring } from "./ring.ts";

/** Conflicts remembered. */
const conflictsMax = 1_000;

export class Observation {
  readonly events: EventFeed;
  readonly #conflicts = new Ring<Conflict>(conflictsMax);
  #last = 0;

  constructor(events: Events<ClusterEvents>) {
    this.events = new EventFeed(events);
    events.on("transactionLost", (loss) => {
      this.#last += 1;
      this.#conflicts.push(conflictOf(this.#last, loss));
    });
  }

  /** Oldest first. */
  get conflicts(): readonly Conflict[] {
    return this.#conflicts.all;
  }
}
