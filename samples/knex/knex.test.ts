/** What works with Knex on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { runWithRetry } from "dsql-toolkit";
import type { Knex } from "knex";
import { openKnex } from "./connect.ts";
import { migrate } from "./migrations.ts";

interface Owner {
  id: string;
  name: string;
  city: string;
  telephone: string | null;
}

const knex = openKnex();
const owners = () => knex<Owner>("owner");
before(migrate);
after(async () => {
  await owners().whereLike("name", "knex %").delete();
  await knex.destroy();
});

async function addOwner(name: string): Promise<string> {
  const [added] = await owners().insert({ name, city: "Anytown" }).returning("id");
  return added!.id;
}

const cityOf = async (id: string): Promise<string | undefined> =>
  (await owners().where({ id }).first("city"))?.city;

test("each migration has run once, and the index is valid", async () => {
  assert.deepEqual(await migrate(), []);
  const { rows } = await knex.raw(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'owner_name'::regclass",
  );
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("Knex's own table of migrations is refused: its key is SERIAL", async () => {
  const migrationSource = {
    getMigrations: async () => [],
    getMigrationName: String,
    getMigration: async () => ({}),
  };
  await assert.rejects(
    knex.migrate.latest({
      migrationSource,
      tableName: "migrations_of_knex",
    } as unknown as Knex.MigratorConfig),
    { code: "42704", message: /type "serial" does not exist/ },
  );
});

test("creates, reads, updates, deletes", async () => {
  const id = await addOwner("knex crud");
  await owners().where({ id }).update({ telephone: "555-555-1999" });
  const found = await owners().where({ id });
  assert.deepEqual(found, [{ id, name: "knex crud", city: "Anytown", telephone: "555-555-1999" }]);
  assert.equal(await owners().where({ id }).delete(), 1);
});

test("inserts or updates", async () => {
  const id = await addOwner("knex upsert");
  await owners().insert({ id, name: "knex upsert", city: "Springfield" }).onConflict("id").merge();
  assert.equal(await cityOf(id), "Springfield");
});

test("a transaction that loses its row is run again", async () => {
  const id = await addOwner("knex retry");
  let attempts = 0;
  await runWithRetry(
    knex,
    (run) => knex.transaction(run),
    async (trx: Knex.Transaction) => {
      attempts++;
      await trx<Owner>("owner").where({ id }).update({ city: "Springfield" });
      if (attempts === 1) await owners().where({ id }).update({ city: "Shelbyville" });
    },
    {},
  );
  assert.deepEqual([attempts, await cityOf(id)], [2, "Springfield"]);
});

test("transaction() without retry throws 40001 to the one that commits later", async () => {
  const id = await addOwner("knex conflict");
  const lost = knex.transaction(async (trx) => {
    await trx<Owner>("owner").where({ id }).update({ city: "Springfield" });
    await owners().where({ id }).update({ city: "Shelbyville" });
  });
  await assert.rejects(lost, { code: "40001" });
  assert.equal(await cityOf(id), "Shelbyville");
});

test("forUpdate() makes what was only read count as a write", async () => {
  const id = await addOwner("knex lock");
  const lost = knex.transaction(async (trx) => {
    await trx<Owner>("owner").where({ id }).forUpdate();
    await owners().where({ id }).update({ city: "Shelbyville" });
  });
  await assert.rejects(lost, { code: "40001" });
});

test("a transaction within a transaction is refused: it is a savepoint", async () => {
  const nested = knex.transaction((outer) => outer.transaction((inner) => inner("owner").count()));
  await assert.rejects(nested, { code: "0A000", message: /unsupported transaction statement: SAVEPOINT/ });
});

test("another isolation level is refused", async () => {
  const serializable = knex.transaction((trx) => trx("owner").count(), { isolationLevel: "serializable" });
  await assert.rejects(serializable, { code: "0A000", message: /Unsupported isolation level: SERIALIZABLE/ });
});
