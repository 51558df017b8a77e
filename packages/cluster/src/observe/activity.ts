/**
 * What goes on in a cluster: counts and statements, gathered only while somebody asks again and again. Whoever asks after a
 * pause begins anew.
 */
import type { ClusterEvents, Events, SessionList, SessionState } from "../base/index.ts";
import { StatementCounter, type StatementStatistics } from "./statement-statistics.ts";

/** Counts since `sinceMs`. */
export interface ActivityCounts {
  readonly committed: number;
  readonly rolledBack: number;
  /** OC000. */
  readonly lost: number;
  /** OC001. */
  readonly stale: number;
  /** Statements that failed, whatever for. */
  readonly errors: number;
}

export interface Activity {
  /** From when on counts and statements are; in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly counts: ActivityCounts;
  readonly sessions: readonly SessionState[];
  readonly statements: readonly StatementStatistics[];
}

/** Nobody has asked for so long: nothing is gathered any more. */
const forgottenAfterMs = 60_000;

export class ActivityWatch {
  readonly #events: Events<ClusterEvents>;
  readonly #sessions: SessionList;
  #gathering: Gathering | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(events: Events<ClusterEvents>, sessions: SessionList) {
    this.#events = events;
    this.#sessions = sessions;
  }

  /** The first answer has counts of nothing: gathering begins with it. */
  look(): Activity {
    this.#gathering ??= new Gathering(this.#events);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.close();
    }, forgottenAfterMs).unref();
    const { sinceMs, counts, statements } = this.#gathering;
    return {
      sinceMs,
      atMs: Date.now(),
      counts: { ...counts },
      sessions: this.#sessions.all,
      statements: statements.all,
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#gathering?.end();
    this.#gathering = undefined;
  }
}

class Gathering {
  readonly sinceMs = Date.now();
  readonly counts = { committed: 0, rolledBack: 0, lost: 0, stale: 0, errors: 0 };
  readonly statements = new StatementCounter();
  readonly #ends: (() => void)[];

  constructor(events: Events<ClusterEvents>) {
    const { counts, statements } = this;
    this.#ends = [
      events.on("transactionCommitted", () => (counts.committed += 1)),
      events.on("transactionRolledBack", () => (counts.rolledBack += 1)),
      events.on("transactionLost", ({ occ }) => (counts[occ === "OC000" ? "lost" : "stale"] += 1)),
      events.on("statementEnded", ({ statement, ms, sqlstate }) => {
        if (sqlstate !== undefined) counts.errors += 1;
        statements.add(statement, ms, sqlstate !== undefined);
      }),
    ];
  }

  end(): void {
    for (const end of this.#ends) end();
  }
}
