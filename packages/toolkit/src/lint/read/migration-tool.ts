/**
 * Whose migration a file is, and what that tool puts into one transaction.
 *
 * - drizzle-kit: `drizzle/*.sql` beside `meta/_journal.json`, statements parted by `--> statement-breakpoint`. drizzle-orm's
 *   `migrate()` runs all pending files and a row of its ledger for each in one transaction.
 * - Prisma: `prisma/migrations/<time>_<name>/migration.sql`. `prisma migrate` sends a file as one message, which PostgreSQL
 *   and Aurora DSQL run as one transaction; the ledger's row comes apart from it.
 * - TypeORM: a class with `up(queryRunner)`. Each runs in a transaction together with a row of the ledger, unless the class
 *   says `transaction = false`.
 *
 * Tests: migration-tool.test.ts; test/lint-migrations.test.ts with files in each tool's shape.
 */
export interface MigrationTool {
  readonly name: string;
  readonly isOneTransaction: boolean;
  /** Whether the transaction also holds a row of the tool's ledger. */
  readonly hasLedger: boolean;
  /** For messages. */
  readonly reason: string;
}

export const drizzle: MigrationTool = {
  name: "drizzle-orm's migrate()",
  isOneTransaction: true,
  hasLedger: true,
  reason: "drizzle-orm's migrate() runs all files in one transaction",
};

export const prisma: MigrationTool = {
  name: "prisma migrate",
  isOneTransaction: true,
  hasLedger: false,
  reason: "prisma migrate sends the file as one message",
};

export const typeorm: MigrationTool = {
  name: "TypeORM",
  isOneTransaction: true,
  hasLedger: true,
  reason: "TypeORM runs a migration in one transaction",
};

export interface FileContext {
  /** With `/` between folders. */
  readonly path: string;
  /** Whether `meta/_journal.json` stands beside it. */
  readonly hasDrizzleJournal: boolean;
}

/** @returns undefined for a file of SQL that no tool is known to own */
export function toolOfSqlFile(
  text: string,
  { path, hasDrizzleJournal }: FileContext,
): MigrationTool | undefined {
  if (hasDrizzleJournal || /^--> statement-breakpoint\s*$/m.test(text)) return drizzle;
  return /(^|\/)migrations\/[^/]+\/migration\.sql$/.test(path) ? prisma : undefined;
}
