/**
 * The tables in which drizzle-kit and Prisma keep what was applied, kept right, so that those tools see the same state.
 *
 * - `drizzle.__drizzle_migrations`, or in another schema: SHA-256 of the file and the journal's `when`. Drizzle takes all that are not newer
 *   than the newest entry as applied.
 * - `_prisma_migrations`: one row per folder, with the SHA-256 of its file.
 *
 * Both tools would make their table in a way that Aurora DSQL refuses (a SERIAL key) or within a transaction with others.
 *
 * Tests: test/migrate-tools.test.ts.
 */
import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { quoteIdentifier, quoteTable } from "../identifiers.ts";
import type { Transaction } from "../transaction.ts";
import { autocommit } from "./database.ts";
import type { FolderFormat, MigrationFile } from "./types.ts";

export interface ToolLedger {
  create(pool: Pool): Promise<void>;
  /** Which of the files the tool takes as applied; none where its table is not there. */
  applied(pool: Pool, files: readonly MigrationFile[]): Promise<ReadonlySet<string>>;
  /** In the transaction in which the migration ends. Entering twice is the same as once. */
  enter(tx: Transaction, file: MigrationFile, steps: number): Promise<void>;
}

/** @param drizzleSchema - of Drizzle's table: `migrations.schema` in drizzle.config.ts */
export function toolLedger(format: FolderFormat, drizzleSchema = "drizzle"): ToolLedger | undefined {
  return format === "drizzle" ? drizzle(drizzleSchema) : format === "prisma" ? prisma : undefined;
}

const isThere = async (pool: Pool, table: string): Promise<boolean> => {
  const sql = "SELECT to_regclass($1) IS NOT NULL AS is_there";
  const [row] = await autocommit<{ is_there: boolean }>(pool, sql, [table]);
  return row?.is_there === true;
};

function drizzle(schema: string): ToolLedger {
  const table = quoteTable([schema, "__drizzle_migrations"]);
  return {
    async create(pool) {
      // Only admin may say CREATE SCHEMA, also of one that is there.
      const there = await autocommit(pool, "SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
      if (there.length === 0)
        await autocommit(pool, `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`);
      await autocommit(
        pool,
        `CREATE TABLE IF NOT EXISTS ${table} (
         id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
      );
    },
    async applied(pool, files) {
      if (!(await isThere(pool, table))) return new Set();
      const sql = `SELECT max(created_at) AS newest FROM ${table}`;
      const [row] = await autocommit<{ newest: string | null }>(pool, sql);
      const newest = Number(row?.newest ?? 0);
      return new Set(files.filter(({ madeAtMs = Infinity }) => madeAtMs <= newest).map(({ id }) => id));
    },
    async enter(tx, { checksum, madeAtMs }) {
      await tx.query(
        `INSERT INTO ${table} (hash, created_at)
       SELECT $1::text, $2::bigint
       WHERE NOT EXISTS (SELECT FROM ${table} WHERE created_at = $2::bigint)`,
        [checksum, madeAtMs],
      );
    },
  };
}

const prisma: ToolLedger = {
  async create(pool) {
    await autocommit(
      pool,
      `CREATE TABLE IF NOT EXISTS _prisma_migrations (
         id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
         migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
         started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`,
    );
  },
  async applied(pool) {
    if (!(await isThere(pool, "_prisma_migrations"))) return new Set();
    const rows = await autocommit<{ name: string }>(
      pool,
      `SELECT migration_name AS name FROM _prisma_migrations
       WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    return new Set(rows.map(({ name }) => name));
  },
  async enter(tx, { id, checksum }, steps) {
    const applied = "migration_name = $2::text AND finished_at IS NOT NULL AND rolled_back_at IS NULL";
    await tx.query(
      `INSERT INTO _prisma_migrations (id, migration_name, checksum, finished_at, applied_steps_count)
       SELECT $1::text, $2::text, $3::text, now(), $4::int WHERE NOT EXISTS (SELECT FROM _prisma_migrations WHERE ${applied})`,
      [randomUUID(), id, checksum, steps],
    );
  },
};
