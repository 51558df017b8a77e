/** What works with Sequelize on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { conflictOf, runWithRetry } from "dsql-toolkit";
import pg from "pg";
import { DataTypes, Op, Transaction } from "sequelize";
import { openSequelize } from "./connect.ts";
import { migrate } from "./migrate.ts";
import { defineOwner } from "./owner-model.ts";

const sequelize = openSequelize();
const Owner = defineOwner(sequelize);
before(migrate);
after(async () => {
  await Owner.destroy({ where: { name: { [Op.like]: "sequelize %" } } });
  await sequelize.close();
});

async function addOwner(name: string): Promise<string> {
  return (await Owner.create({ name, city: "Anytown" })).id;
}

const cityOf = async (id: string): Promise<string | undefined> => (await Owner.findByPk(id))?.city;

/** Sequelize keeps what node-postgres said in `parent`. */
const causedBy = (code: string, message: string) => (error: Error) => {
  const { parent } = error as { parent?: { code?: string; message?: string } };
  assert.deepEqual([parent?.code, parent?.message], [code, message]);
  return true;
};

function remembering(opened: pg.Client[]): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config);
      opened.push(this);
    }
  };
}

test("migrating again changes nothing, and the index is valid", async () => {
  await migrate();
  const [rows] = await sequelize.query(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'owner_name'::regclass",
  );
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("a connection that sets client_min_messages is refused", async () => {
  // Sequelize leaves such a connection open; it is kept here so that it can be ended.
  const opened: pg.Client[] = [];
  const plain = openSequelize({
    dialectOptions: { ssl: { rejectUnauthorized: true } },
    dialectModule: Object.create(pg, { Client: { value: remembering(opened) } }) as object,
  });
  await assert.rejects(plain.authenticate(), {
    code: "0A000",
    message: 'setting configuration parameter "client_min_messages" not supported',
  });
  await Promise.all(opened.map((client) => client.end()));
  await plain.close();
});

test("an autoIncrement key is refused: it is SERIAL", async () => {
  const Counted = sequelize.define("counted", {
    id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true },
  });
  await assert.rejects(Counted.sync(), causedBy("42704", 'type "serial" does not exist'));
});

test("sync() of a table that is there fails: Sequelize misreads the index of its primary key", async () => {
  await assert.rejects(Owner.sync(), TypeError);
});

test("truncate is refused; destroy in batches instead", async () => {
  await assert.rejects(Owner.truncate(), causedBy("0A000", "unsupported statement: Truncate"));
});

test("creates, reads, updates, deletes", async () => {
  const id = await addOwner("sequelize crud");
  await Owner.update({ telephone: "555-555-1999" }, { where: { id } });
  const found = await Owner.findByPk(id);
  assert.deepEqual(found?.get(), { id, name: "sequelize crud", city: "Anytown", telephone: "555-555-1999" });
  await found.destroy();
  assert.equal(await Owner.count({ where: { id } }), 0);
});

test("inserts or updates, and pages", async () => {
  const id = await addOwner("sequelize upsert");
  await Owner.upsert({ id, name: "sequelize upsert", city: "Springfield" });
  const { count, rows } = await Owner.findAndCountAll({ where: { id }, order: ["name"], limit: 10 });
  assert.deepEqual([count, rows[0]?.city], [1, "Springfield"]);
});

test("a transaction that loses its row is run again", async () => {
  const id = await addOwner("sequelize retry");
  let attempts = 0;
  await runWithRetry(
    sequelize,
    (run) => sequelize.transaction(run),
    async (transaction: Transaction) => {
      attempts++;
      await Owner.update({ city: "Springfield" }, { where: { id }, transaction });
      if (attempts === 1) await Owner.update({ city: "Shelbyville" }, { where: { id } });
    },
    {},
  );
  assert.deepEqual([attempts, await cityOf(id)], [2, "Springfield"]);
});

test("transaction() without retry throws the conflict to the one that commits later", async () => {
  const id = await addOwner("sequelize conflict");
  const lost = sequelize.transaction(async (transaction) => {
    await Owner.update({ city: "Springfield" }, { where: { id }, transaction });
    await Owner.update({ city: "Shelbyville" }, { where: { id } });
  });
  await assert.rejects(lost, (error) => conflictOf(error) === "OC000");
  assert.equal(await cityOf(id), "Shelbyville");
});

test("findOrCreate() is refused, for it makes a function in PL/pgSQL; findCreateFind() does the same without", async () => {
  const wanted = { where: { name: "sequelize find" }, defaults: { name: "sequelize find", city: "Anytown" } };
  await assert.rejects(
    Owner.findOrCreate(wanted),
    causedBy("0A000", "CREATE FUNCTION with language plpgsql not supported"),
  );
  const [owner, isNew] = await Owner.findCreateFind(wanted);
  assert.deepEqual([owner.city, isNew], ["Anytown", true]);
});

test("a transaction within a transaction is refused: it is a savepoint", async () => {
  const nested = sequelize.transaction((transaction) =>
    sequelize.transaction({ transaction }, () => Owner.count()),
  );
  await assert.rejects(nested, causedBy("0A000", "unsupported transaction statement: SAVEPOINT"));
});

test("another isolation level is refused", async () => {
  const serializable = { isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE };
  await assert.rejects(
    sequelize.transaction(serializable, (transaction) => Owner.count({ transaction })),
    causedBy("0A000", "Unsupported isolation level: SERIALIZABLE"),
  );
});
