/** The schema, a DDL statement in each migration: DSQL takes one per transaction, and an interrupted run goes on after it. */
import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { openDatabase, schemaName } from "./connect.ts";

export const migrations: Record<string, Migration> = {
  "2026-01-10-owner": {
    up: (db) =>
      db.schema
        .createTable("owner")
        // Another sample may have made it; your own migrations know what they find, and do without.
        .ifNotExists()
        .addColumn("id", "uuid", (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
        .addColumn("name", "varchar(30)", (column) => column.notNull())
        .addColumn("city", "varchar(80)", (column) => column.notNull())
        .addColumn("telephone", "varchar(20)")
        .execute(),
    down: (db) => db.schema.dropTable("owner").execute(),
  },
  "2026-01-11-owner-by-name": {
    // The schema builder knows no ASYNC, so this one is written out. The job builds the index; wait until it is valid.
    up: async (db) => {
      const { rows } = await sql<{
        job_id: string | null;
      }>`CREATE INDEX ASYNC IF NOT EXISTS owner_name ON owner (name)`.execute(db);
      const jobId = rows[0]?.job_id;
      if (jobId) await sql`CALL sys.wait_for_job(${jobId})`.execute(db);
    },
    down: (db) => db.schema.dropIndex("owner_name").execute(),
  },
};

/**
 * Over connections of its own: one that knew the tables before a change hears of it once, by an OC001 error.
 *
 * @returns the names of the migrations that were run
 */
export async function migrate(): Promise<string[]> {
  const db = openDatabase();
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => migrations },
      // Otherwise Kysely takes tables of its own in any schema for these.
      migrationTableSchema: schemaName(),
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    return (results ?? []).map(({ migrationName }) => migrationName);
  } finally {
    await db.destroy();
  }
}
