/**
 * For applications on Aurora DSQL: connections, transactions, batches, bulk load and patterns, each with the rule of the
 * service that it keeps. Works against the service and against a local cluster alike; knows neither from the other.
 */
export * from "./ad-hoc/index.ts";
export * from "./bulk-load/index.ts";
export * from "./doctor/index.ts";
export * from "./lint/index.ts";
export * from "./migrate/index.ts";
export * from "./orm/index.ts";
export * from "./patterns/index.ts";
export * from "./pg.ts";
export * from "./portable/index.ts";
export {
  type PostgresJs,
  postgresJsConnectError,
  type PostgresJsOptions,
  postgresJsOptions,
  transactionPostgresJs,
} from "./postgres-js.ts";
