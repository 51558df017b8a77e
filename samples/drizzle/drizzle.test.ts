/** What works with Drizzle and drizzle-kit on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { conflictOf, transactionDrizzle } from "dsql-toolkit";
import { eq, like, sql } from "drizzle-orm";
import { migrate as migrateInOneTransaction } from "drizzle-orm/node-postgres/migrator";
import { openDatabase } from "./connect.ts";
import { ledgerSchema, migrate, migrationsFolder } from "./migrate.ts";
import { owner } from "./schema.ts";

const db = openDatabase();
before(migrate);
after(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  await db.delete(owner).where(like(owner.name, "drizzle %"));
  await db.$client.end();
});

async function addOwner(name: string): Promise<string> {
  const [added] = await db.insert(owner).values({ name, city: "Anytown" }).returning({ id: owner.id });
  return added!.id;
}

async function cityOf(id: string): Promise<string | undefined> {
  const [found] = await db.select({ city: owner.city }).from(owner).where(eq(owner.id, id));
  return found?.city;
}

const skipPull = process.env.PGPASSWORD === undefined && "drizzle-kit takes the token from PGPASSWORD";
const folders: string[] = [];

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "drizzle-kit-"));
  folders.push(folder);
  return folder;
}

function drizzleKit(...args: string[]): void {
  const program = path.join(import.meta.dirname, "..", "node_modules", "drizzle-kit", "bin.cjs");
  execFileSync(process.execPath, [program, ...args], { stdio: "pipe" });
}

/** What node-postgres said; Drizzle keeps it in `cause`. */
const causedBy = (expected: object) => (error: Error) => {
  for (const [name, value] of Object.entries(expected)) {
    assert.equal((error.cause as Record<string, unknown>)[name], value);
  }
  return true;
};

test("drizzle-kit writes the migration that is kept here", () => {
  const folder = temporaryFolder();
  const schema = path.relative(process.cwd(), path.join(import.meta.dirname, "schema.ts"));
  const out = path.relative(process.cwd(), folder);
  drizzleKit("generate", "--dialect", "postgresql", "--schema", schema, "--out", out, "--name", "owner");
  const written = readFileSync(path.join(folder, "0000_owner.sql"), "utf8");
  assert.equal(written, readFileSync(path.join(migrationsFolder, "0000_owner.sql"), "utf8"));
});

test(
  "drizzle-kit pull reads the tables, and takes a primary key's index for one more",
  { skip: skipPull },
  () => {
    const folder = temporaryFolder();
    const config = path.join(folder, "drizzle.config.json");
    const dbCredentials = {
      host: process.env.CLUSTER_ENDPOINT,
      port: 5432,
      user: "admin",
      password: process.env.PGPASSWORD,
      database: "postgres",
      ssl: true,
    };
    writeFileSync(config, JSON.stringify({ dialect: "postgresql", out: folder, dbCredentials }), {
      mode: 0o600,
    });
    drizzleKit("pull", "--config", path.relative(process.cwd(), config));
    const schema = readFileSync(path.join(folder, "schema.ts"), "utf8");
    assert.match(schema, /name: varchar\(\{ length: 30 \}\)\.notNull\(\)/);
    assert.match(
      schema,
      /uniqueIndex\("drizzle_owner_pkey"\)\.using\("btree_index", table\.id\.[^\n]*table\.name\./,
    );
  },
);

test("its statements run one by one, once, and the index is valid", async () => {
  assert.deepEqual(await migrate(), []);
  const { rows } = await db.execute(
    sql`SELECT indisvalid FROM pg_index WHERE indexrelid = 'drizzle_owner_name'::regclass`,
  );
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("Drizzle's own table says what was run", async () => {
  const { rows } = await db.execute(
    sql`SELECT count(*)::int AS migrations FROM ${sql.identifier(ledgerSchema())}.__drizzle_migrations`,
  );
  assert.deepEqual(rows, [{ migrations: 1 }]);
});

test("Drizzle's own migrate() is refused: its table has a SERIAL key", async () => {
  await assert.rejects(
    migrateInOneTransaction(db, { migrationsFolder }),
    causedBy({ code: "42704", message: 'type "serial" does not exist' }),
  );
});

test("creates, reads, updates, deletes", async () => {
  const id = await addOwner("drizzle crud");
  await db.update(owner).set({ telephone: "555-555-1999" }).where(eq(owner.id, id));
  const [found] = await db.select().from(owner).where(eq(owner.id, id));
  assert.deepEqual(found, { id, name: "drizzle crud", city: "Anytown", telephone: "555-555-1999" });
  await db.delete(owner).where(eq(owner.id, id));
  assert.equal(await db.$count(owner, eq(owner.id, id)), 0);
});

test("inserts or updates", async () => {
  const id = await addOwner("drizzle upsert");
  await db
    .insert(owner)
    .values({ id, name: "drizzle upsert", city: "Springfield" })
    .onConflictDoUpdate({ target: owner.id, set: { city: sql`excluded.city` } });
  assert.equal(await cityOf(id), "Springfield");
});

test("a transaction that loses its row is run again", async () => {
  const id = await addOwner("drizzle retry");
  let attempts = 0;
  await transactionDrizzle(db, async (tx) => {
    attempts++;
    await tx.update(owner).set({ city: "Springfield" }).where(eq(owner.id, id));
    if (attempts === 1) await db.update(owner).set({ city: "Shelbyville" }).where(eq(owner.id, id));
  });
  assert.deepEqual([attempts, await cityOf(id)], [2, "Springfield"]);
});

test("db.transaction() without retry throws the conflict to the one that commits later", async () => {
  const id = await addOwner("drizzle conflict");
  const lost = db.transaction(async (tx) => {
    await tx.update(owner).set({ city: "Springfield" }).where(eq(owner.id, id));
    await db.update(owner).set({ city: "Shelbyville" }).where(eq(owner.id, id));
  });
  await assert.rejects(lost, (error) => conflictOf(error) === "OC000");
  assert.equal(await cityOf(id), "Shelbyville");
});

test("a transaction within a transaction is refused: it is a savepoint", async () => {
  await assert.rejects(
    db.transaction((tx) => tx.transaction((inner) => inner.select().from(owner))),
    causedBy({ code: "0A000", message: "unsupported transaction statement: SAVEPOINT" }),
  );
});
