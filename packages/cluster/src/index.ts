/**
 * A local Aurora DSQL: real PostgreSQL 16 underneath, DSQL's behaviour in front of it.
 *
 * `createCluster()` makes one; it listens with PostgreSQL's protocol over TLS and takes IAM tokens as passwords.
 */
export {
  type Actor,
  type ClusterEventName,
  type ClusterEvents,
  type Commit,
  type Fault,
  type FaultKind,
  faultKinds,
  type FaultOptions,
  Faults,
  type FaultState,
  readFault,
  type LatencyName,
  type LatencyProfile,
  latencyProfiles,
  readLatency,
  type Log,
  type LogEvent,
  type OpenTransaction,
  type SessionState,
  type MemoryAccount,
  MemoryBudget,
  silentLog,
  SqlError,
  systemClock,
  systemRandom,
} from "./base/index.ts";
export { type Cluster, type ClusterData, type ConnectionOptions, createCluster } from "./cluster.ts";
export { ClusterConflict, type Clusters, type ClusterState, type HostedCluster } from "./clusters/index.ts";
export {
  type Certificates,
  listenOn,
  Newcomers,
  openCertificates,
  type PortChoice,
} from "./listener/index.ts";
export {
  type Activity,
  type ActivityCounts,
  type Conflict,
  type EventFeed,
  logEventOf,
  type ObservedEvent,
  type StatementStatistics,
  withoutValues,
} from "./observe/index.ts";
export { type ClusterOptions } from "./options.ts";
export {
  asStorageError,
  type ClusterDetails,
  type ClusterEntry,
  type DataDirHolder,
  readClusterFile,
  readLock,
  removeDataDir,
  StorageError,
} from "./storage/index.ts";
