/**
 * Patterns of applications on Aurora DSQL, as small modules that run on a transaction of their caller.
 *
 * Promises
 * - Each is right under snapshot isolation: what a decision was based on is locked, or cannot change.
 * - Each keeps its rows apart where many write at once, so that they do not conflict.
 * - Names of tables are quoted, values are bound parameters.
 *
 * Idempotency keys are beside `transaction()`, in `idempotency.ts`: a lost COMMIT is resolved with them.
 */
export { AppendOnlyTotal, appendOnlyTable } from "./aggregates.ts";
export { timestampOfUuidV7, uuidV4, uuidV7 } from "./keys.ts";
export {
  type DeadLetter,
  Outbox,
  outboxDefaults,
  type OutboxFailure,
  type OutboxMessage,
  type OutboxRelayOptions,
  outboxTable,
} from "./outbox.ts";
export type { Queryable } from "./queryable.ts";
export {
  deleteWithDependents,
  type Dependent,
  orphans,
  ReferencedError,
  type Reference,
  refuseIfReferenced,
  requireParent,
  ParentMissingError,
} from "./referential-integrity.ts";
export { ShardedCounter, shardedCounterTable } from "./sharded-counter.ts";
export {
  CrossTenantError,
  type TenantId,
  tenantId,
  TenantTable,
  type TenantTableOptions,
} from "./tenant-table.ts";
