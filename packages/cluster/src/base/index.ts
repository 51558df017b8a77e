/** What every part stands on: errors for clients, limits, assertions, time, randomness, announcements, log lines. */
export { AssertionError, assert, defined } from "./assert.ts";
export { type Clock, systemClock } from "./clock.ts";
export { announcement } from "./announcement.ts";
export type { Announced } from "./announced.ts";
export type { Actor, ClusterEventName, ClusterEvents, Commit, Loss } from "./cluster-events.ts";
export { Faults, type Fault, type FaultPlace, type FaultState } from "./faults.ts";
export { faultKinds, type FaultKind, type FaultOptions, readFault } from "./fault-options.ts";
export { Events } from "./events.ts";
export { Latency, type LatencyName, type LatencyProfile, latencyProfiles, readLatency } from "./latency.ts";
export { type LimitValues, lowerLimits, serviceLimits } from "./limits.ts";
export { type Log, type LogEvent, silentLog } from "./log.ts";
export { type MemoryAccount, MemoryBudget } from "./memory-budget.ts";
export { type Random, systemRandom } from "./random.ts";
export { readExactly } from "./read-exactly.ts";
export { type OpenTransaction, SessionList, type SessionState } from "./session-list.ts";
export { type ErrorObjects, type Severity, SqlError, type SqlErrorFields } from "./sql-error.ts";
export {
  hiddenRoles,
  hiddenSchemas,
  type ShownCatalog,
  shownCatalogRowsSchema,
  superuser,
  systemRole,
  shownCatalogs,
  shownCatalogSchema,
} from "./shown-catalogs.ts";
