/**
 * Runs what `npx drizzle-kit generate` has written, unedited.
 *
 * Drizzle's own `migrate()` cannot: its table of migrations has a SERIAL key, and it runs all statements in one
 * transaction, where DSQL takes one DDL statement and no other change beside it. The toolkit's runs them one by one as DSQL
 * takes them, goes on where a run was interrupted, and keeps Drizzle's table.
 */
import path from "node:path";
import process from "node:process";
import { migrateUp } from "dsql-toolkit";
import { openDatabase, schemaOfUser } from "./connect.ts";

export const migrationsFolder = path.join(import.meta.dirname, "migrations");

/** Where Drizzle has its table by default. */
const drizzleSchema = "drizzle";

/** Only admin may make a schema: other roles have the ledger, and Drizzle's table, beside their tables. */
export const ledgerSchema = (): string => (schemaOfUser() === "public" ? drizzleSchema : schemaOfUser());

/**
 * Over connections of its own: one that knew the tables before a change hears of it once, by an OC001 error.
 *
 * @returns the names of the migrations that were run
 */
export async function migrate(): Promise<readonly string[]> {
  const { $client: pool } = openDatabase();
  const schema = ledgerSchema();
  try {
    if (schema === drizzleSchema) await pool.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    const { applied } = await migrateUp(pool, { folder: migrationsFolder, schema, drizzleSchema: schema });
    return applied;
  } finally {
    await pool.end();
  }
}

if (process.argv[1] === import.meta.filename) console.log(`${(await migrate()).length} migrations run`);
