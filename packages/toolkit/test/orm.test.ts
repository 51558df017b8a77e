import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { Kysely, PostgresDialect } from "kysely";
import type { Pool } from "pg";
import {
  OutcomeUnknownError,
  transactionDrizzle,
  type TransactionEnd,
  transactionKysely,
} from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";
import { startProxy } from "./proxy.ts";

const stock = pgTable("stock", { id: integer().primaryKey(), left: integer().notNull() });

interface Database {
  stock: { id: number; left: number };
}

let fixture: Fixture;
let pool: Pool;
before(async () => {
  fixture = await startFixture();
  pool = fixture.pool();
  await define(pool, 'CREATE TABLE stock (id int PRIMARY KEY, "left" int NOT NULL)');
});
after(() => fixture.stop());

async function provoke(id: number, attempt: number): Promise<void> {
  if (attempt === 1) await pool.query('UPDATE stock SET "left" = "left" - 1 WHERE id = $1', [id]);
}

async function leftOf(id: number): Promise<number | undefined> {
  const { rows } = await pool.query<{ left: number }>('SELECT "left" FROM stock WHERE id = $1', [id]);
  return rows[0]?.left;
}

test("a conflict that Drizzle wraps into its own error is retried", async () => {
  await pool.query("INSERT INTO stock VALUES (1, 10)");
  let attempts = 0;
  const result = await transactionDrizzle(drizzle(pool), async (tx) => {
    attempts++;
    await tx
      .update(stock)
      .set({ left: sql`${stock.left} - 2` })
      .where(eq(stock.id, 1));
    await provoke(1, attempts);
    return "sold";
  });
  assert.deepEqual([result, attempts, await leftOf(1)], ["sold", 2, 7]);
});

test("an error of a statement that Drizzle wraps is not retried", async () => {
  await pool.query("INSERT INTO stock VALUES (2, 10)");
  let attempts = 0;
  const failing = transactionDrizzle(drizzle(pool), async (tx) => {
    attempts++;
    await tx.insert(stock).values({ id: 2, left: 0 });
  });
  await assert.rejects(failing, (error: Error) => (error.cause as { code: string }).code === "23505");
  assert.equal(attempts, 1);
});

test("a conflict in Kysely is retried, and the end is told", async () => {
  await pool.query("INSERT INTO stock VALUES (3, 10)");
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const ends: TransactionEnd[] = [];
  let attempts = 0;
  await transactionKysely(
    db,
    async (trx) => {
      attempts++;
      await trx
        .updateTable("stock")
        .set((expression) => ({ left: expression("left", "-", 2) }))
        .where("id", "=", 3)
        .execute();
      await provoke(3, attempts);
    },
    { onEnd: (end) => ends.push(end) },
  );
  assert.deepEqual(
    ends.map((end) => [end.outcome, end.attempts]),
    [["committed", 2]],
  );
  assert.deepEqual([attempts, await leftOf(3)], [2, 7]);
});

test("a connection that an ORM loses during COMMIT is an unknown outcome", async () => {
  await pool.query("INSERT INTO stock VALUES (4, 10)");
  const proxy = await startProxy(fixture.cluster);
  const proxied = fixture.pool({ address: { host: "127.0.0.1", port: proxy.port } });
  let attempts = 0;
  const unknown = transactionDrizzle(drizzle(proxied), async (tx) => {
    attempts++;
    await tx.update(stock).set({ left: 9 }).where(eq(stock.id, 4));
    proxy.cutAtAnswer();
  });
  await assert.rejects(unknown, OutcomeUnknownError);
  assert.deepEqual([attempts, await leftOf(4)], [1, 9]);
  await proxy.close();
});
