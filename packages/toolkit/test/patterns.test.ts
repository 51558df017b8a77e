import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pool } from "pg";
import {
  AppendOnlyTotal,
  appendOnlyTable,
  CrossTenantError,
  deleteWithDependents,
  orphans,
  Outbox,
  type OutboxMessage,
  type OutboxRelayOptions,
  outboxTable,
  ParentMissingError,
  ReferencedError,
  refuseIfReferenced,
  requireParent,
  RetriesExhaustedError,
  ShardedCounter,
  shardedCounterTable,
  tenantId,
  TenantTable,
  transaction,
  UsageError,
} from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";

let fixture: Fixture;
let pool: Pool;
before(async () => {
  fixture = await startFixture();
  pool = fixture.pool({ max: 16 });
  await define(
    pool,
    "CREATE TABLE parent (id int PRIMARY KEY, name text)",
    "CREATE TABLE child (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, parent_id int)",
    "CREATE TABLE invoice (tenant_id text, id int, amount int, PRIMARY KEY (tenant_id, id))",
    shardedCounterTable(),
    appendOnlyTable(),
    outboxTable(),
  );
});
after(() => fixture.stop());

const dependents = [{ table: "child", column: "parent_id" }] as const;

test("a row cannot refer to a parent that is not there", async () => {
  const inserting = transaction(pool, async (tx) => {
    await requireParent(tx, { table: "parent", value: 404 });
    await tx.query("INSERT INTO child (parent_id) VALUES (404)");
  });
  await assert.rejects(inserting, ParentMissingError);
});

test("a parent that is deleted while a child is inserted leaves no orphan", async () => {
  await pool.query("INSERT INTO parent VALUES (1, 'p')");
  let attempts = 0;
  const inserting = transaction(pool, async (tx) => {
    attempts = tx.attempt;
    await requireParent(tx, { table: "parent", value: 1 });
    await tx.query("INSERT INTO child (parent_id) VALUES (1)");
    if (tx.attempt > 1) return;
    // Sees no child, for this one is not committed yet; a plain look at the parent would have let both commit.
    const other = await pool.connect();
    await other.query("BEGIN");
    await refuseIfReferenced(other, 1, dependents);
    await other.query("DELETE FROM parent WHERE id = 1");
    await other.query("COMMIT");
    other.release();
  });
  await assert.rejects(inserting, ParentMissingError);
  assert.equal(attempts, 2);
  assert.deepEqual(await orphans(pool, dependents[0], { table: "parent" }), []);
});

test("children of one parent inserted at once, and its name changed meanwhile, do not conflict", async () => {
  await pool.query("INSERT INTO parent VALUES (2, 'p')");
  let retries = 0;
  const insert = () =>
    transaction(
      pool,
      async (tx) => {
        await requireParent(tx, { table: "parent", value: 2 });
        await tx.query("INSERT INTO child (parent_id) VALUES (2)");
      },
      { onRetry: () => retries++ },
    );
  await Promise.all([
    ...Array.from({ length: 5 }, insert),
    pool.query("UPDATE parent SET name = 'q' WHERE id = 2"),
  ]);
  assert.equal(retries, 0);
});

test("a parent with children is not deleted, and with them it is, however many they are", async () => {
  await pool.query("INSERT INTO parent VALUES (3, 'p')");
  for (let part = 0; part < 2; part++) {
    await pool.query("INSERT INTO child (parent_id) SELECT 3 FROM generate_series(1, 2000)");
  }
  await assert.rejects(refuseIfReferenced(pool, 3, dependents), ReferencedError);
  assert.equal(await deleteWithDependents(pool, { table: "parent", value: 3 }, dependents), 4_000);
  const { rowCount } = await pool.query("SELECT FROM parent WHERE id = 3");
  assert.equal(rowCount, 0);
});

test("orphans are found", async () => {
  await pool.query("INSERT INTO child (id, parent_id) VALUES ('00000000-0000-4000-8000-000000000001', 404)");
  assert.deepEqual(await orphans(pool, dependents[0], { table: "parent" }), [
    "00000000-0000-4000-8000-000000000001",
  ]);
});

test("one row counts every visit at the price of conflicts, shards without", async () => {
  await define(pool, "CREATE TABLE one_row (id int PRIMARY KEY, count int)");
  await pool.query("INSERT INTO one_row VALUES (1, 0)");
  const sharded = new ShardedCounter("visits", { shards: 512 });
  const retries = { oneRow: 0, sharded: 0 };
  const visits = 12;
  const at = (kind: keyof typeof retries, run: Parameters<typeof transaction<void>>[1]) =>
    Promise.all(
      Array.from({ length: visits }, () =>
        transaction(pool, run, { attempts: 100, onRetry: () => retries[kind]++ }),
      ),
    );
  await at("oneRow", async (tx) => {
    await tx.query("UPDATE one_row SET count = count + 1 WHERE id = 1");
  });
  await at("sharded", (tx) => sharded.add(tx, 1));
  assert.equal(await sharded.value(pool), BigInt(visits));
  assert.ok(retries.sharded < retries.oneRow, JSON.stringify(retries));
});

test("a total is exact while it is appended to and compacted at once", async () => {
  const total = new AppendOnlyTotal("sales");
  const append = () => transaction(pool, (tx) => total.append(tx, "0.10"));
  const compact = () => transaction(pool, (tx) => total.compact(tx), { attempts: 50 });
  await Promise.all(Array.from({ length: 10 }, append));
  await Promise.all([
    ...Array.from({ length: 5 }, append),
    compact(),
    ...Array.from({ length: 5 }, append),
    compact(),
  ]);
  assert.equal(await total.total(pool), "2.000000");
  await compact();
  const { rows } = await pool.query(
    "SELECT count(*)::int AS rows FROM append_only_total WHERE name = 'sales'",
  );
  assert.deepEqual(rows, [{ rows: 1 }]);
});

test("a message is sent once its transaction is committed, not if it is rolled back, and again until it is taken", async () => {
  const outbox = new Outbox();
  const aborted = transaction(pool, async (tx) => {
    await outbox.add(tx, "welcome", { to: "nobody" });
    throw new Error("rolled back");
  });
  await assert.rejects(aborted, /rolled back/);
  const id = await transaction(pool, (tx) => outbox.add(tx, "welcome", { to: "ana" }));

  const sent: OutboxMessage[] = [];
  const unreachable = () => Promise.reject(new Error("unreachable"));
  await assert.rejects(outbox.relay(pool, unreachable, { delayMs: () => 0 }), /unreachable/);
  const send = async (messages: readonly OutboxMessage[]): Promise<void> => {
    sent.push(...messages);
  };
  assert.equal(await outbox.relay(pool, send), 1);
  assert.equal(await outbox.relay(pool, send), 0);
  assert.deepEqual(sent, [{ id, topic: "welcome", payload: { to: "ana" } }]);
});

test("a message that is always refused lets the others go, waits, and is a dead letter in the end", async () => {
  const outbox = new Outbox();
  const poison = await outbox.add(pool, "order", "poison");
  const orders = ["a", "b", "c"];
  for (const order of orders) await outbox.add(pool, "order", order);
  const sent: unknown[] = [];
  const failures: string[] = [];
  const send = async (messages: readonly OutboxMessage[]): Promise<void> => {
    if (messages.some(({ id }) => id === poison)) throw new Error("too large");
    sent.push(...messages.map(({ payload }) => payload));
  };
  const options: OutboxRelayOptions = {
    attemptsMax: 2,
    delayMs: () => 0,
    onFailure: ({ message, attempts, isDead }) =>
      failures.push(`${String(message.payload)} ${attempts} ${isDead}`),
  };
  assert.equal(await outbox.relay(pool, send, options), 3);
  assert.deepEqual(sent.toSorted(), orders);
  assert.deepEqual(await outbox.deadLetters(pool), []);
  await assert.rejects(outbox.relay(pool, send, options), /too large/);
  assert.deepEqual(failures, ["poison 1 false", "poison 2 true"]);
  assert.equal(await outbox.relay(pool, send, options), 0);
  const [letter, ...others] = await outbox.deadLetters(pool);
  assert.deepEqual(others, []);
  assert.deepEqual([letter?.id, letter?.payload, letter?.attempts], [poison, "poison", 2]);

  assert.equal(await outbox.revive(pool, [poison]), 1);
  const take = async (): Promise<void> => undefined;
  assert.equal(await outbox.relay(pool, take), 1);
  assert.equal(await outbox.revive(pool, [poison]), 0);
});

test("a message that was refused is not tried before its time, and a dead one can be discarded", async () => {
  const outbox = new Outbox();
  const refuse = () => Promise.reject(new Error("refused"));
  const id = await outbox.add(pool, "order", "later");
  await assert.rejects(outbox.relay(pool, refuse, { delayMs: () => 3_600_000 }), /refused/);
  assert.equal(await outbox.relay(pool, refuse), 0);
  assert.equal(await outbox.discard(pool, [id]), 0);
  const last = await outbox.add(pool, "order", "last");
  await assert.rejects(outbox.relay(pool, refuse, { attemptsMax: 1 }), /refused/);
  assert.equal(await outbox.discard(pool, [id, last]), 1);
  await pool.query("DELETE FROM outbox WHERE id = $1", [id]);
});

test("a relay that has no share is told so, instead of sending nothing for ever", async () => {
  const outbox = new Outbox();
  const refused = outbox.relay(pool, () => Promise.resolve(), { relay: 4, relays: 4 });
  await assert.rejects(refused, UsageError);
});

test("relays that share the work send every message once and do not conflict", async () => {
  const outbox = new Outbox();
  for (let message = 0; message < 40; message++) await outbox.add(pool, "count", message);
  const sent: unknown[] = [];
  const relays = await Promise.all(
    [0, 1, 2].map((relay) =>
      outbox.relay(
        pool,
        async (messages) => {
          sent.push(...messages.map(({ payload }) => payload));
        },
        { relay, relays: 3 },
      ),
    ),
  );
  assert.equal(
    relays.reduce((sum, count) => sum + count),
    40,
  );
  assert.equal(new Set(sent).size, 40);
});

test("a tenant finds, changes and deletes its own rows and no others", async () => {
  interface Invoice {
    id: number;
    amount: number;
  }
  const invoices = new TenantTable<Invoice>({ table: "invoice", key: "id", columns: ["id", "amount"] });
  const [ana, ben] = [tenantId("ana"), tenantId("ben")];
  await invoices.insert(pool, ana, { id: 1, amount: 10 });
  await invoices.insert(pool, ana, { id: 2, amount: 20 });
  assert.deepEqual(await invoices.find(pool, ana, 1), { id: 1, amount: 10 });
  assert.equal(await invoices.find(pool, ben, 1), undefined);
  assert.equal(await invoices.update(pool, ben, 1, { amount: 0 }), false);
  assert.equal(await invoices.delete(pool, ben, 1), false);
  assert.deepEqual(await invoices.list(pool, ana, { limit: 1, after: 1 }), [{ id: 2, amount: 20 }]);
  assert.equal(await invoices.update(pool, ana, 1, { amount: 11 }), true);
  const stolen = { id: 3, amount: 1, tenant_id: "ben" };
  await assert.rejects(invoices.insert(pool, ana, stolen), CrossTenantError);
  await assert.rejects(
    invoices.update(pool, ana, 1, { tenant_id: "ben" } as Partial<Invoice>),
    CrossTenantError,
  );
  await assert.rejects(invoices.insert(pool, ana, { id: 4, 'x") --': 1 } as unknown as Invoice), UsageError);
  // @ts-expect-error A text from anywhere is no tenant.
  await invoices.find(pool, "ana", 1);
});

test("a hot row ends in an error that names the conflict, not in an endless loop", async () => {
  await pool.query("INSERT INTO parent VALUES (9, 'hot')");
  const losing = transaction(
    pool,
    async (tx) => {
      await tx.query("UPDATE parent SET name = 'mine' WHERE id = 9");
      await pool.query("UPDATE parent SET name = 'theirs' WHERE id = 9");
    },
    { attempts: 3 },
  );
  await assert.rejects(losing, RetriesExhaustedError);
});
