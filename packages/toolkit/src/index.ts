/**
 * For applications on Aurora DSQL: connections, transactions, batches, bulk load and patterns, each with the rule of the
 * service that it keeps. Works against the service and against a local cluster alike; knows neither from the other.
 */
export * from "./ad-hoc/index.ts";
export { batchDefaults, batches, type BatchBounds, bytesOfRow, parametersMax } from "./batch.ts";
export * from "./bulk-load/index.ts";
export { ConnectError, type ConnectStep, connectSteps } from "./connect-error.ts";
export * from "./doctor/index.ts";
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
export * from "./lint/index.ts";
export * from "./migrate/index.ts";
export * from "./orm/index.ts";
export { Pace, paceDefaults, type PaceOptions } from "./pace.ts";
export * from "./patterns/index.ts";
export { createPool, type DsqlPoolOptions, poolDefaults, warmUp } from "./pool.ts";
export {
  type PostgresJs,
  postgresJsConnectError,
  type PostgresJsOptions,
  postgresJsOptions,
  transactionPostgresJs,
} from "./postgres-js.ts";
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
