/** What works with TypeORM on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transactionTypeOrm } from "dsql-toolkit";
import { DataSource, Entity, Like, PrimaryColumn } from "typeorm";
import { createDataSource, migrate } from "./data-source.ts";
import { Owner } from "./owner-entity.ts";

@Entity("cart")
class Cart {
  @PrimaryColumn("int")
  id!: number;
}

@Entity("wheel")
class Wheel {
  @PrimaryColumn("int")
  id!: number;
}

const dataSource = createDataSource();
const owners = dataSource.getRepository(Owner);
before(async () => {
  await migrate();
  await dataSource.initialize();
});
after(async () => {
  await owners.delete({ name: Like("typeorm %") });
  await dataSource.destroy();
});

const addOwner = (name: string): Promise<Owner> => owners.save(owners.create({ name, city: "Anytown" }));
const cityOf = async (id: string): Promise<string | undefined> => (await owners.findOneBy({ id }))?.city;

/** A data source like ours but for some options. */
async function withOptions<T>(options: object, run: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const other = new DataSource({ ...dataSource.options, ...options } as typeof dataSource.options);
  try {
    await other.initialize();
    return await run(other);
  } finally {
    if (other.isInitialized) await other.destroy();
  }
}

test("each migration has run once, and the index is valid", async () => {
  assert.deepEqual(await migrate(), []);
  assert.equal(await dataSource.showMigrations(), false);
  const rows = await dataSource.query(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'owner_name'::regclass",
  );
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("TypeORM's own table of migrations is refused: its key is SERIAL", async () => {
  await withOptions({ migrationsTableName: "migrations_of_typeorm" }, async (other) => {
    await assert.rejects(other.runMigrations({ transaction: "none" }), {
      code: "42704",
      message: 'type "serial" does not exist',
    });
  });
});

test("synchronize is refused: it puts several DDL statements into one transaction", async () => {
  await withOptions({ entities: [Cart, Wheel] }, async (other) => {
    await assert.rejects(other.synchronize(), {
      code: "0A000",
      message: "multiple ddl statements not supported in a transaction",
    });
  });
});

test("creates, reads, updates, deletes", async () => {
  const { id } = await addOwner("typeorm crud");
  await owners.update(id, { telephone: "555-555-1999" });
  const found = await owners.findOneByOrFail({ id });
  assert.deepEqual({ ...found }, { id, name: "typeorm crud", city: "Anytown", telephone: "555-555-1999" });
  await owners.remove(found);
  assert.equal(await owners.countBy({ id }), 0);
});

test("inserts or updates, and pages", async () => {
  const { id } = await addOwner("typeorm upsert");
  await owners.upsert({ id, name: "typeorm upsert", city: "Springfield" }, ["id"]);
  const [page, count] = await owners.findAndCount({ where: { id }, order: { name: "ASC" }, take: 10 });
  assert.deepEqual([count, page[0]?.city], [1, "Springfield"]);
});

test("a transaction that loses its row is run again", async () => {
  const { id } = await addOwner("typeorm retry");
  let attempts = 0;
  await transactionTypeOrm(dataSource, async (manager) => {
    attempts++;
    const owner = await manager.findOneByOrFail(Owner, { id });
    owner.city = "Springfield";
    await manager.save(owner);
    if (attempts === 1) await owners.update(id, { city: "Shelbyville" });
  });
  assert.deepEqual([attempts, await cityOf(id)], [2, "Springfield"]);
});

test("transaction() without retry throws 40001 to the one that commits later", async () => {
  const { id } = await addOwner("typeorm conflict");
  const lost = dataSource.transaction(async (manager) => {
    await manager.update(Owner, id, { city: "Springfield" });
    await owners.update(id, { city: "Shelbyville" });
  });
  await assert.rejects(lost, { code: "40001" });
  assert.equal(await cityOf(id), "Shelbyville");
});

test("a pessimistic lock makes what was only read count as a write", async () => {
  const { id } = await addOwner("typeorm lock");
  const lost = dataSource.transaction(async (manager) => {
    await manager.findOne(Owner, { where: { id }, lock: { mode: "pessimistic_write" } });
    await owners.update(id, { city: "Shelbyville" });
  });
  await assert.rejects(lost, { code: "40001" });
});

test("a transaction within a transaction is refused: it is a savepoint", async () => {
  const nested = dataSource.transaction((outer) => outer.transaction((inner) => inner.count(Owner)));
  await assert.rejects(nested, { message: /unsupported transaction statement: SAVEPOINT/ });
});

test("another isolation level is refused", async () => {
  await assert.rejects(
    dataSource.transaction("SERIALIZABLE", (manager) => manager.count(Owner)),
    { code: "0A000", message: "Unsupported isolation level: SERIALIZABLE" },
  );
});
