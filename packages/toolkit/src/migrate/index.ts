/**
 * Migrations: a folder of SQL files, applied to a database step by step, each step a transaction that Aurora DSQL takes.
 *
 * Promises
 * - Nothing is run while anything that is pending cannot be planned, or an applied file was edited.
 * - A run may end anywhere, by kill -9, a lost connection or a lost database: the next one goes on there. What changes rows
 *   is done once; DDL is done once or found done.
 * - Two runs at the same time do not mix: one holds the lease, the other waits.
 * - A step that starts a job counts as done when the catalog calls its index or constraint valid.
 * - Folders of drizzle-kit and Prisma are read as those tools write them, and their own tables of migrations kept right.
 *
 * Tests: beside the parts; test/migrate*.test.ts on a cluster, with processes that are killed.
 */
export { MigrationError, type MigrationTrouble } from "./errors.ts";
export { newMigration } from "./folder.ts";
export type { MigrationState } from "./history.ts";
export type { LedgerEntry, LedgerStep, MigrationStatus, StepStatus } from "./ledger.ts";
export {
  baselineMigrations,
  type MigrateEvent,
  type MigrateOptions,
  type MigrateResult,
  migrateUp,
  type MigrateUpOptions,
  migrationStatus,
  type PendingPlan,
  planUp,
  type Repair,
  repairMigrations,
} from "./migrate.ts";
export type {
  BatchedStatement,
  Comparison,
  FolderFormat,
  MigrationFile,
  PlannedMigration,
  PlanProblem,
  Settlement,
  Step,
  TypeChange,
} from "./types.ts";
