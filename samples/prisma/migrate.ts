/**
 * Runs the folders of `prisma/migrations`, as Prisma has written them, and keeps Prisma's own table of them, so that
 * `prisma migrate status` agrees.
 *
 * Prisma's own `migrate deploy` takes an advisory lock, which DSQL has not, sends all statements at once, where DSQL takes one
 * DDL statement a transaction, and does not wait for the job that builds an index.
 */
import path from "node:path";
import { migrateUp } from "dsql-toolkit";
import { openPool, schemaOfUser } from "./connect.ts";

const folder = path.join(import.meta.dirname, "prisma", "migrations");

/**
 * Over connections of its own: one that knew the tables before a change hears of it once, by an OC001 error.
 *
 * @returns the names of the migrations that were run
 */
export async function migrate(): Promise<readonly string[]> {
  const pool = openPool();
  try {
    return (await migrateUp(pool, { folder, schema: schemaOfUser() })).applied;
  } finally {
    await pool.end();
  }
}
