/** What is kept of a cluster's events: the conflicts of late. */
import type { ClusterEvents, Events, SessionList } from "../base/index.ts";
import { type Activity, ActivityWatch } from "./activity.ts";
import { type Conflict, conflictOf } from "./conflict.ts";
import { EventFeed } from "./event-feed.ts";
import { Ring } from "./ring.ts";

/** Conflicts remembered. */
const conflictsMax = 1_000;

export class Observation {
  readonly events: EventFeed;
  readonly #activity: ActivityWatch;
  readonly #conflicts = new Ring<Conflict>(conflictsMax);
  #last = 0;

  constructor(events: Events<ClusterEvents>, sessions: SessionList) {
    this.#activity = new ActivityWatch(events, sessions);
    this.events = new EventFeed(events);
    events.on("transactionLost", (loss) => {
      this.#last += 1;
      this.#conflicts.push(conflictOf(this.#last, loss));
    });
  }

  activity(): Activity {
    return this.#activity.look();
  }

  close(): void {
    this.#activity.close();
  }

  /** Oldest first. */
  get conflicts(): readonly Conflict[] {
    return this.#conflicts.all;
  }
}
