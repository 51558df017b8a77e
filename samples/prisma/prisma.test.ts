/** What works with Prisma on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transactionPrisma } from "dsql-toolkit";
import { openPrisma } from "./connect.ts";
import { migrate } from "./migrate.ts";

const prisma = openPrisma();
before(migrate);
after(async () => {
  await prisma.owner.deleteMany({ where: { name: { startsWith: "prisma " } } });
  await prisma.$disconnect();
});

async function addOwner(name: string): Promise<string> {
  return (await prisma.owner.create({ data: { name, city: "Anytown" } })).id;
}

async function cityOf(id: string): Promise<string | undefined> {
  return (await prisma.owner.findUnique({ where: { id } }))?.city;
}

test("each migration has run once, and the index is valid", async () => {
  assert.deepEqual(await migrate(), []);
  const rows =
    await prisma.$queryRaw`SELECT indisvalid FROM pg_index WHERE indexrelid = 'prisma_owner_name'::regclass`;
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("creates, reads, updates, deletes", async () => {
  const id = await addOwner("prisma crud");
  const updated = await prisma.owner.update({ where: { id }, data: { telephone: "555-555-1999" } });
  assert.deepEqual(updated, { id, name: "prisma crud", city: "Anytown", telephone: "555-555-1999" });
  await prisma.owner.delete({ where: { id } });
  assert.equal(await prisma.owner.count({ where: { id } }), 0);
});

test("inserts or updates, and inserts many", async () => {
  const id = await addOwner("prisma upsert");
  const owner = { name: "prisma upsert", city: "Springfield" };
  await prisma.owner.upsert({ where: { id }, create: { id, ...owner }, update: owner });
  assert.equal(await cityOf(id), "Springfield");
  const many = await prisma.owner.createMany({
    data: [1, 2, 3].map((n) => ({ ...owner, name: `prisma ${n}` })),
  });
  assert.equal(many.count, 3);
});

test("a batch of $transaction() is done as a whole or not at all", async () => {
  const id = await addOwner("prisma batch");
  const failing = prisma.$transaction([
    prisma.owner.update({ where: { id }, data: { city: "Springfield" } }),
    prisma.owner.create({ data: { id, name: "prisma batch", city: "Shelbyville" } }),
  ]);
  await assert.rejects(failing, { code: "P2002" });
  assert.equal(await cityOf(id), "Anytown");
});

test("a transaction that loses its row is run again", async () => {
  const id = await addOwner("prisma retry");
  let attempts = 0;
  await transactionPrisma(prisma, async (tx) => {
    attempts++;
    await tx.owner.update({ where: { id }, data: { city: "Springfield" } });
    if (attempts === 1) await prisma.owner.update({ where: { id }, data: { city: "Shelbyville" } });
  });
  assert.deepEqual([attempts, await cityOf(id)], [2, "Springfield"]);
});

test("$transaction() without retry throws the conflict to the one that commits later", async () => {
  const id = await addOwner("prisma conflict");
  const lost = prisma.$transaction(async (tx) => {
    await tx.owner.update({ where: { id }, data: { city: "Springfield" } });
    await prisma.owner.update({ where: { id }, data: { city: "Shelbyville" } });
  });
  await assert.rejects(lost, (error: Error) => {
    const { kind, originalCode } = error.cause as { kind?: string; originalCode?: string };
    assert.deepEqual([kind, originalCode], ["TransactionWriteConflict", "40001"]);
    return true;
  });
  assert.equal(await cityOf(id), "Shelbyville");
});

test("SELECT … FOR UPDATE makes what was only read count as a write", async () => {
  const id = await addOwner("prisma lock");
  let attempts = 0;
  await transactionPrisma(prisma, async (tx) => {
    attempts++;
    await tx.$queryRaw`SELECT 1 FROM prisma_owner WHERE id = ${id}::uuid FOR UPDATE`;
    if (attempts === 1) await prisma.owner.update({ where: { id }, data: { city: "Shelbyville" } });
  });
  assert.equal(attempts, 2);
});

test("another isolation level is refused", async () => {
  const serializable = prisma.$transaction((tx) => tx.owner.count(), { isolationLevel: "Serializable" });
  await assert.rejects(serializable, /Unsupported isolation level: SERIALIZABLE/);
});

test("the advisory lock of `prisma migrate` is refused", async () => {
  await assert.rejects(
    prisma.$executeRaw`SELECT pg_advisory_lock(72707369)`,
    /function pg_advisory_lock not supported/,
  );
});
