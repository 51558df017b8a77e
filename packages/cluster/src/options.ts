/** Every option of a cluster: type, unit, default, bound. */
import type { LatencyName, LatencyProfile, LimitValues, Log } from "./base/index.ts";
import type { ConnectionRate, PortChoice } from "./listener/index.ts";
import type { Oc001Scope } from "./catalog/index.ts";

export interface ClusterOptions {
  /** Made when it is not there; holds everything that survives a stop. */
  readonly dataDir: string;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string | undefined;
  /** 0, the default, takes a free one; of several the first that is free is taken. */
  readonly port?: PortChoice | undefined;
  /** Of a new cluster; one that exists keeps its own. us-east-1 by default. */
  readonly region?: string | undefined;
  /** A commit survives loss of power, not only the death of processes. Off by default. */
  readonly fsync?: boolean | undefined;
  /** New data are copied from an image in the user's cache folder, and the first ones kept there. On by default. */
  readonly cache?: boolean | undefined;
  /** New data are a copy of a snapshot's: the folder that `ClusterData.folder()` names. */
  readonly copyOf?: string | undefined;
  /**
   * What new data are to hold, named by everything that this depends on. They are copied from the image that `ClusterData.keepImage()`
   * has kept under this key, if there is one: see `ClusterData.isFromImage`.
   */
  readonly image?: Readonly<Record<string, string | number>> | undefined;
  readonly log?: Log | undefined;
  /** New connections: a burst of 1,000 and 100 a second by default, as the service. */
  readonly connectionRate?: ConnectionRate | undefined;
  /** Rule set by date: `2025-11`, `2026-01`, `2026-06` or `latest`, the default. */
  readonly rules?: string | undefined;
  /** Transactions open at once; each holds a PostgreSQL process. 1,000 by default. */
  readonly openTransactionsMax?: number | undefined;
  /** PostgreSQL processes kept busy at once by clients that do not pause. 16 by default. */
  readonly livelyBackendsMax?: number | undefined;
  /**
   * What the sessions of a cluster may keep in memory for their clients together: messages that wait, COPY, prepared
   * statements, portals. Beyond it the session that keeps the most is ended. 512 MiB by default.
   */
  readonly sessionMemoryBytesMax?: number | undefined;
  /** Limits of the service to lower, for tests, by their names and in their units in `spec`. */
  readonly limits?: Partial<LimitValues> | undefined;
  /** How far a catalog change disturbs other sessions (OC001); `table` by default. Both were measured. */
  readonly oc001?: Oc001Scope | undefined;
  /** The service's own time: delays by the name of a profile, or of one's own; none by default. */
  readonly latency?: LatencyName | Partial<LatencyProfile> | undefined;
  /**
   * A 40001 has a DETAIL: relation, primary keys, who committed first and by what statement. Off by default, since the service sends
   * none.
   */
  readonly explainConflicts?: boolean | undefined;
}

export const optionDefaults = {
  host: "127.0.0.1",
  port: 0,
  region: "us-east-1",
  account: "123456789012",
  openTransactionsMax: 1_000,
  sessionMemoryBytesMax: 512 * 1024 * 1024,
} as const;
