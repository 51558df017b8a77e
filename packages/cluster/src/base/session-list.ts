/** The sessions of a cluster, for those who look: each tells how it is only when it is asked. */

/** A transaction that is open. */
export interface OpenTransaction {
  /** `t` and a number, as in events. */
  readonly id: string;
  /** As in `transaction/state.ts`: unstarted, active, parked, doomed or failed. */
  readonly state: string;
  /** Of at most 300,000. */
  readonly ageMs: number;
  /** Of at most 3,000. */
  readonly changedRows: number;
  /** Of at most 10 MiB. */
  readonly writtenBytes: number;
}

/** A session at this moment. */
export interface SessionState {
  readonly sessionId: number;
  readonly role: string;
  /** Empty where the client has named none. */
  readonly applicationName: string;
  /** In milliseconds since 1970. */
  readonly connectedAtMs: number;
  /** The statement under way, or the last one; cut where it is long. */
  readonly statement: string;
  /** For how long it has been under way; undefined where nothing is. */
  readonly runningMs: number | undefined;
  readonly transaction: OpenTransaction | undefined;
}

export class SessionList {
  readonly #sessions = new Set<() => SessionState>();

  /** @returns a function that takes the session out */
  add(state: () => SessionState): () => void {
    this.#sessions.add(state);
    return () => this.#sessions.delete(state);
  }

  /** In the order of their connecting. */
  get all(): readonly SessionState[] {
    return [...this.#sessions].map((state) => state());
  }
}
