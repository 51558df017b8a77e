/**
 * What the parts of a cluster announce. `observe` subscribes; whoever announces does not know who listens.
 *
 * Always true
 * - Texts of statements and keys of rows are the user's own data: they are in events, and never in a log line.
 */

/** Who did it. */
export interface Actor {
  /** `t` and a number, of this process; empty where none had begun. */
  readonly transaction: string;
  /** As pg_stat_activity would number it; 0 for what the cluster does itself. */
  readonly sessionId: number;
  readonly role: string;
  /** Empty where the client has named none. */
  readonly applicationName: string;
}

/** What a transaction has committed, as far as it is remembered. */
export interface Commit extends Actor {
  readonly atMs: number;
  /** Names of the relations in which it has written or locked rows; of a catalog change undefined where it concerns all. */
  readonly relations: ReadonlySet<string> | undefined;
  readonly isCatalogChange: boolean;
  /** Its last statement that wrote; cut where it is long. */
  readonly statement: string;
}

/** A transaction has lost: 40001. */
export interface Loss extends Actor {
  readonly atMs: number;
  readonly occ: "OC000" | "OC001";
  /** When its snapshot was taken. */
  readonly startedAtMs: number;
  /** The relation on which it has lost; undefined where several come into question. */
  readonly relation: string | undefined;
  /** Primary keys, by column, of the rows that it has lost on; undefined where they cannot be told. */
  readonly rows: readonly Readonly<Record<string, string>>[] | undefined;
  /** The statement that met the other; undefined where that was COMMIT itself. */
  readonly statement: string | undefined;
  /** Its statements that had written, in order; cut where they are long or many. */
  readonly wrote: readonly string[];
  /** Who has committed since its snapshot what it lost to, in the order of their commits: one alone is the winner. */
  readonly committed: readonly Commit[];
  /** A fault on demand, see `faults`; nobody else has committed anything. */
  readonly isInjected: boolean;
}

export interface ClusterEvents {
  sessionStarted: { readonly sessionId: number; readonly role: string };
  /** `reason` where the client was not let in, or was ended. */
  sessionEnded: {
    readonly sessionId: number;
    readonly role: string;
    readonly reason: string | undefined;
  };
  /** Whether it succeeded or not; gathered only where somebody listens. */
  statementEnded: Actor & {
    readonly statement: string;
    /** From its coming to its answer, with what it has waited. */
    readonly ms: number;
    /** Of its error. */
    readonly sqlstate: string | undefined;
  };
  transactionBegun: Actor & { readonly processId: number };
  /** Its locks were given up, since another waited for them. */
  transactionParked: Actor & { readonly processId: number };
  /** Its statements are run again. */
  transactionResumed: Actor & { readonly processId: number };
  /** It can never commit, and will hear so at COMMIT. */
  transactionDoomed: Actor & { readonly processId: number };
  transactionCommitted: Actor & { readonly changedRows: number };
  /** By its client, or after an error. */
  transactionRolledBack: Actor & { readonly processId: number };
  transactionLost: Loss;
  /** A fault on demand has hit a call: `fault` is its id. */
  faultInjected: {
    readonly fault: number;
    readonly kind: string;
    readonly role: string;
    readonly applicationName: string;
  };
}

export type ClusterEventName = keyof ClusterEvents;
