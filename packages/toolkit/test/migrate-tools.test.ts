import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { Pool } from "pg";
import { migrateUp, migrationStatus, newMigration } from "../src/index.ts";
import { type Fixture, startFixture } from "./fixture.ts";
import { migrationsIn, writeMigrations } from "./migrate-folder.ts";

const journal = (...tags: readonly string[]): string =>
  JSON.stringify({
    version: "7",
    dialect: "postgresql",
    entries: tags.map((tag, idx) => ({
      idx,
      version: "7",
      when: 1_795_262_880_963 + idx,
      tag,
      breakpoints: true,
    })),
  });

/** As drizzle-kit writes it. */
const drizzleOwner = `CREATE TABLE "owner" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" varchar(30) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pet" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL
);
--> statement-breakpoint
ALTER TABLE "pet" ADD CONSTRAINT "pet_owner_id_owner_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."owner"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "owner_name" ON "owner" USING btree ("name");`;

/** As Prisma writes it. */
const prismaAuthor = `-- CreateTable
CREATE TABLE "Author" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,

    CONSTRAINT "Author_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Author_email_key" ON "Author"("email");
`;

const prismaActive = `-- AlterTable
ALTER TABLE "Author" ADD COLUMN     "active" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "note" TEXT;
`;

describe("folders of other tools", () => {
  let fixture: Fixture;
  let pool: Pool;
  before(async () => {
    fixture = await startFixture();
    pool = fixture.pool();
    for (const schema of ["d", "p"]) await pool.query(`CREATE SCHEMA ${schema}`);
  });
  after(() => fixture.stop());

  test("drizzle-kit's folder is run as it is, and Drizzle's own ledger has what Drizzle would have written", async () => {
    const folder = migrationsIn(fixture.folder, {
      "meta/_journal.json": journal("0000_owner", "0001_email"),
      "0000_owner.sql": drizzleOwner,
      "0001_email.sql": 'ALTER TABLE "owner" ADD COLUMN "email" text;',
    });
    const options = { folder, schema: "d" };
    assert.deepEqual((await migrateUp(pool, options)).applied, ["0000_owner", "0001_email"]);
    const { rows } = await pool.query<object>(
      "SELECT hash, created_at FROM drizzle.__drizzle_migrations ORDER BY created_at",
    );
    assert.deepEqual(
      rows,
      readMigrationFiles({ migrationsFolder: folder }).map(({ hash, folderMillis }) => ({
        hash,
        created_at: String(folderMillis),
      })),
    );
    await assert.rejects(newMigration(folder, "x"), { remedy: /drizzle-kit generate/ });
  });

  test("Drizzle's table may be in another schema, as drizzle.config.ts says", async () => {
    const folder = migrationsIn(fixture.folder, {
      "meta/_journal.json": journal("0000_elsewhere"),
      "0000_elsewhere.sql": 'CREATE TABLE "elsewhere" ("id" uuid PRIMARY KEY NOT NULL);',
    });
    const options = { folder, schema: "own", drizzleSchema: "own" };
    await pool.query("CREATE SCHEMA own");
    await migrateUp(pool, options);
    const { rows } = await pool.query<object>("SELECT count(*)::int AS rows FROM own.__drizzle_migrations");
    assert.deepEqual(rows, [{ rows: 1 }]);
  });

  test("Prisma's folder is run as it is, and entered in _prisma_migrations", async () => {
    const folder = migrationsIn(fixture.folder, {
      "migration_lock.toml": 'provider = "postgresql"\n',
      "20260110000000_author/migration.sql": prismaAuthor,
      "20260111000000_active/migration.sql": prismaActive,
    });
    assert.equal((await migrateUp(pool, { folder, schema: "p" })).applied.length, 2);
    const { rows } = await pool.query<object>(
      "SELECT migration_name, checksum, finished_at IS NOT NULL AS is_finished FROM _prisma_migrations ORDER BY 1",
    );
    const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");
    assert.deepEqual(rows, [
      { migration_name: "20260110000000_author", checksum: checksum(prismaAuthor), is_finished: true },
      { migration_name: "20260111000000_active", checksum: checksum(prismaActive), is_finished: true },
    ]);
    await pool.query(`INSERT INTO "Author" (email) VALUES ('a')`);
    assert.deepEqual((await pool.query<object>(`SELECT active FROM "Author"`)).rows, [{ active: true }]);
  });

  test("what the tool itself had applied is adopted, not run again", async () => {
    await pool.query("CREATE SCHEMA adopting");
    await pool.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', 'c', '1_done', now())",
    );
    const folder = migrationsIn(fixture.folder, { "1_done/migration.sql": "CREATE TABLE missing (id int);" });
    const options = { folder, schema: "adopting" };
    assert.deepEqual(
      (await migrationStatus(pool, options)).migrations.map(({ state }) => state),
      ["baseline"],
    );
    writeMigrations(folder, { "2_next/migration.sql": "CREATE TABLE next (id int);" });
    assert.deepEqual(await migrateUp(pool, options), { applied: ["2_next"], adopted: ["1_done"] });
    assert.deepEqual((await pool.query<object>("SELECT to_regclass('missing') AS missing")).rows, [
      { missing: null },
    ]);
  });
});
