/**
 * Runs what `npx drizzle-kit generate` has written, a statement at a time.
 *
 * Drizzle's own `migrate()` cannot: its table of migrations has a SERIAL key, and it runs all statements in one
 * transaction, where DSQL takes one DDL statement and no other change beside it. So each statement runs by itself and is
 * recorded by itself, and a run that was interrupted goes on where it stopped.
 */
import { createHash } from "node:crypto";
import path from "node:path";
import { rewriteStatement } from "@dsql-local/toolkit";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { Pool } from "pg";
import { openDatabase } from "./connect.ts";

const ledger = `CREATE TABLE IF NOT EXISTS migration_step (
  statement_hash text PRIMARY KEY,
  done_at timestamptz NOT NULL DEFAULT now()
)`;

export const migrationsFolder = path.join(import.meta.dirname, "migrations");

/**
 * Over connections of its own: one that knew the tables before a change hears of it once, by an OC001 error.
 *
 * @returns how many statements were run
 */
export async function migrate(): Promise<number> {
  const { $client: pool } = openDatabase();
  try {
    await pool.query(ledger);
    let count = 0;
    for (const [index, migration] of readMigrationFiles({ migrationsFolder }).entries()) {
      for (const [step, statement] of migration.sql.entries()) {
        // drizzle-kit writes PostgreSQL's CREATE INDEX; DSQL's has ASYNC, and no choice of the access method.
        const { sql } = await rewriteStatement(statement);
        if (await runOnce(pool, `${index} ${step} ${statement}`, sql)) count++;
      }
    }
    return count;
  } finally {
    await pool.end();
  }
}

/** @param key - says which statement this is, whatever was made of it for DSQL */
async function runOnce(pool: Pool, key: string, statement: string): Promise<boolean> {
  const hash = createHash("sha256").update(key).digest("hex");
  const done = await pool.query("SELECT 1 FROM migration_step WHERE statement_hash = $1", [hash]);
  if (done.rowCount !== 0) return false;
  const { rows } = await pool.query<{ job_id?: string }>(statement);
  const jobId = rows[0]?.job_id;
  if (jobId !== undefined) await pool.query("CALL sys.wait_for_job($1)", [jobId]);
  await pool.query("INSERT INTO migration_step VALUES ($1)", [hash]);
  return true;
}

if (process.argv[1] === import.meta.filename) console.log(`${await migrate()} statements run`);
