/**
 * `transaction()` for ORMs that open their transactions themselves. Each adapter names only the shape it needs, so none
 * of the ORMs is a dependency, and any version with that shape will do.
 *
 * Promises
 * - The same retry, deadline and budget as `transaction.ts`, for conflicts alone, however deep the ORM has wrapped them.
 * - A connection lost after the function has returned is an `OutcomeUnknownError`.
 */
export { type DrizzleDatabase, transactionDrizzle } from "./drizzle.ts";
export { type KyselyDatabase, transactionKysely } from "./kysely.ts";
export { type PrismaClient, type PrismaOptions, transactionPrisma } from "./prisma.ts";
export { transactionTypeOrm, type TypeOrmDataSource } from "./typeorm.ts";
export { type AdapterOptions, runWithRetry } from "./with-retry.ts";
