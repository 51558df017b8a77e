/**
 * What an application on node-postgres ships: the pool with IAM tokens, transactions with retry, batches, idempotency. A door
 * of its own (`dsql-toolkit/pg`), so that a function which starts cold does not load the linter and the migrations with it.
 */
export { batchDefaults, batches, type BatchBounds, bytesOfRow, parametersMax } from "./batch.ts";
export { ConnectError, type ConnectStep, connectSteps } from "./connect-error.ts";
export { type ClusterAddress, type ClusterOptions, resolveCluster } from "./endpoint.ts";
export {
  type ConflictCode,
  conflictOf,
  isConflict,
  isConnectionLost,
  isOutcomeUnknown,
  OutcomeUnknownError,
  RetriesExhaustedError,
  type RetryEnd,
  RolledBackError,
  sqlstateOf,
  UsageError,
} from "./errors.ts";
export { idempotencyTable, KeyReusedError, once, type Once, type OnceOptions } from "./idempotency.ts";
export { quoteIdentifier, quoteTable } from "./identifiers.ts";
export { type BatchChange, type BatchProgress, inBatches, type InBatchesOptions } from "./in-batches.ts";
export { Pace, paceDefaults, type PaceOptions } from "./pace.ts";
export { createPool, type DsqlPoolOptions, poolDefaults, warmUp } from "./pool.ts";
export {
  type LambdaContext,
  RetryBudget,
  retryConflicts,
  retryDefaults,
  type RetryEvent,
  type RetryOptions,
} from "./retry.ts";
export {
  type CredentialProvider,
  type Credentials,
  CredentialsError,
  TokenCache,
  type TokenRequest,
} from "./token.ts";
export {
  type Transaction,
  transaction,
  type TransactionOptions,
  type TransactionPool,
} from "./transaction.ts";
export { type OnEnd, type TransactionEnd } from "./transaction-end.ts";
