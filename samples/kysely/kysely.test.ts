/** What works with Kysely on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPool, transactionKysely } from "dsql-toolkit";
import { Kysely, PostgresDialect, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { type Database, openDatabase } from "./connect.ts";
import { migrate, migrations } from "./migrations.ts";

const db = openDatabase();
before(migrate);
after(async () => {
  await db.deleteFrom("owner").where("name", "like", "kysely %").execute();
  await db.destroy();
});

async function addOwner(name: string): Promise<string> {
  const { id } = await db
    .insertInto("owner")
    .values({ name, city: "Anytown" })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

async function cityOf(id: string): Promise<string | undefined> {
  return (await db.selectFrom("owner").select("city").where("id", "=", id).executeTakeFirst())?.city;
}

test("of two migrators at once one waits for the other", async () => {
  const forget = openDatabase();
  await sql`DELETE FROM kysely_migration WHERE name = '2026-01-11-owner-by-name'`.execute(forget);
  await sql`DROP INDEX owner_name`.execute(forget);
  await forget.destroy();

  const runs = await Promise.all([migrate(), migrate()]);

  assert.deepEqual(runs.flat(), ["2026-01-11-owner-by-name"]);
});

test("each migration has run once, and the index is valid", async () => {
  assert.deepEqual(await migrate(), []);
  const { rows } =
    await sql`SELECT indisvalid FROM pg_index WHERE indexrelid = 'owner_name'::regclass`.execute(db);
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("the lock of PostgreSQL's own dialect is refused: it is an advisory lock", async () => {
  const plain = new Kysely<Database>({ dialect: new PostgresDialect({ pool: createPool() }) });
  try {
    const migrator = new Migrator({ db: plain, provider: { getMigrations: async () => migrations } });
    const { error } = await migrator.migrateToLatest();
    assert.equal((error as { code?: string }).code, "0A000");
  } finally {
    await plain.destroy();
  }
});

test("creates, reads, updates, deletes", async () => {
  const id = await addOwner("kysely crud");
  await db.updateTable("owner").set({ telephone: "555-555-1999" }).where("id", "=", id).execute();
  const found = await db.selectFrom("owner").selectAll().where("id", "=", id).execute();
  assert.deepEqual(found, [{ id, name: "kysely crud", city: "Anytown", telephone: "555-555-1999" }]);
  await db.deleteFrom("owner").where("id", "=", id).execute();
  assert.equal(await cityOf(id), undefined);
});

test("inserts or updates", async () => {
  const id = await addOwner("kysely upsert");
  await db
    .insertInto("owner")
    .values({ id, name: "kysely upsert", city: "Springfield" })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ city: "Springfield" }))
    .execute();
  assert.equal(await cityOf(id), "Springfield");
});

test("a transaction that loses its row is run again", async () => {
  const id = await addOwner("kysely retry");
  let attempts = 0;
  await transactionKysely(db, async (trx) => {
    attempts++;
    await trx.updateTable("owner").set({ city: "Springfield" }).where("id", "=", id).execute();
    if (attempts === 1)
      await db.updateTable("owner").set({ city: "Shelbyville" }).where("id", "=", id).execute();
  });
  assert.deepEqual([attempts, await cityOf(id)], [2, "Springfield"]);
});

test("forUpdate() makes what was only read count as a write", async () => {
  const id = await addOwner("kysely lock");
  const other = await addOwner("kysely locker");
  const lost = db.transaction().execute(async (trx) => {
    await trx.selectFrom("owner").selectAll().where("id", "=", id).forUpdate().execute();
    await trx.updateTable("owner").set({ city: "Springfield" }).where("id", "=", other).execute();
    await db.updateTable("owner").set({ city: "Shelbyville" }).where("id", "=", id).execute();
  });
  await assert.rejects(lost, { code: "40001" });
});

test("startTransaction() works; its savepoint() is refused", async () => {
  const trx = await db.startTransaction().execute();
  await assert.rejects(trx.savepoint("here").execute(), {
    code: "0A000",
    message: "unsupported transaction statement: SAVEPOINT",
  });
  await trx.rollback().execute();
});

test("another isolation level is refused", async () => {
  await assert.rejects(
    db
      .transaction()
      .setIsolationLevel("serializable")
      .execute((trx) => trx.selectFrom("owner").selectAll().execute()),
    { code: "0A000", message: "Unsupported isolation level: SERIALIZABLE" },
  );
});
