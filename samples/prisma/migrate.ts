/**
 * Runs the folders of `prisma/migrations` and keeps Prisma's own table of them, so that `prisma migrate status` agrees.
 *
 * Each folder holds one statement: DSQL takes one DDL statement per transaction. Prisma's own `migrate deploy` takes an
 * advisory lock, which DSQL has not, and does not wait for the job that builds an index.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type pg from "pg";
import { openPool } from "./connect.ts";

const bookkeeping = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

/**
 * Over connections of its own: one that knew the tables before a change hears of it once, by an OC001 error.
 *
 * @returns the names of the migrations that were run
 */
export async function migrate(): Promise<string[]> {
  const pool = openPool();
  try {
    await pool.query(bookkeeping);
    const names: string[] = [];
    for (const file of migrationFiles()) {
      const name = path.basename(path.dirname(file));
      if (await runOnce(pool, name, readFileSync(file, "utf8"))) names.push(name);
    }
    return names;
  } finally {
    await pool.end();
  }
}

function migrationFiles(): string[] {
  const folder = path.join(import.meta.dirname, "prisma", "migrations");
  const migrations = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return migrations.map(({ name }) => path.join(folder, name, "migration.sql")).sort();
}

async function runOnce(pool: pg.Pool, name: string, statement: string): Promise<boolean> {
  const done = await pool.query(
    "SELECT 1 FROM _prisma_migrations WHERE migration_name = $1 AND finished_at IS NOT NULL",
    [name],
  );
  if (done.rowCount !== 0) return false;
  const startedAt = new Date();
  const { rows } = await pool.query<{ job_id?: string }>(statement);
  const jobId = rows[0]?.job_id;
  if (jobId !== undefined) await pool.query("CALL sys.wait_for_job($1)", [jobId]);
  const checksum = createHash("sha256").update(statement).digest("hex");
  await pool.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, now(), 1)`,
    [randomUUID(), checksum, name, startedAt],
  );
  return true;
}
