/** What works with postgres.js on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transactionPostgresJs } from "dsql-toolkit";
import { openSql } from "./connect.ts";

const sql = openSql();
before(async () => {
  await sql`DROP TABLE IF EXISTS parcel`;
  await sql`CREATE TABLE parcel (id int PRIMARY KEY, weight int NOT NULL, label jsonb, sent timestamptz)`;
});
after(async () => {
  await sql`DROP TABLE parcel`;
  await sql.end();
});

const weightOf = async (id: number) => (await sql`SELECT weight FROM parcel WHERE id = ${id}`)[0]?.["weight"];

test("connects with a token", async () => {
  assert.deepEqual([...(await sql`SELECT current_user AS user`)], [{ user: "admin" }]);
});

test("inserts many rows in one statement and reads them with their types", async () => {
  const sent = new Date("2026-09-15T12:00:00Z");
  const label = sql.json({ fragile: true });
  await sql`INSERT INTO parcel ${sql([
    { id: 1, weight: 10, label, sent },
    { id: 2, weight: 20, label, sent },
  ])}`;
  const rows = await sql`SELECT * FROM parcel WHERE id IN ${sql([1, 2])} ORDER BY id`;
  assert.deepEqual(
    [...rows],
    [
      { id: 1, weight: 10, label: { fragile: true }, sent },
      { id: 2, weight: 20, label: { fragile: true }, sent },
    ],
  );
});

test("streams rows through a portal", async () => {
  await sql`INSERT INTO parcel (id, weight) SELECT n, n FROM generate_series(100, 199) AS n`;
  const sizes: number[] = [];
  await sql`SELECT id FROM parcel WHERE id >= 100`.cursor(40, (rows) => void sizes.push(rows.length));
  assert.deepEqual(sizes, [40, 40, 20]);
});

test("a transaction that loses its row is run again and keeps the other's change", async () => {
  await sql`INSERT INTO parcel (id, weight) VALUES (3, 10)`;
  let attempts = 0;
  await transactionPostgresJs(sql, async (tx) => {
    attempts++;
    await tx`UPDATE parcel SET weight = weight + 1 WHERE id = 3`;
    if (attempts === 1) await sql`UPDATE parcel SET weight = weight + 5 WHERE id = 3`;
  });
  assert.deepEqual([attempts, await weightOf(3)], [2, 16]);
});

test("sql.begin() without retry throws 40001 to the one that commits later", async () => {
  await sql`INSERT INTO parcel (id, weight) VALUES (4, 10)`;
  const lost = sql.begin(async (tx) => {
    await tx`UPDATE parcel SET weight = 1 WHERE id = 4`;
    await sql`UPDATE parcel SET weight = 2 WHERE id = 4`;
  });
  await assert.rejects(lost, {
    code: "40001",
    message: "change conflicts with another transaction (OC000)",
  });
  assert.equal(await weightOf(4), 2);
});

test("tx.savepoint() is refused, and the transaction is over", async () => {
  const nested = sql.begin((tx) => tx.savepoint((inner) => inner`SELECT 1`));
  await assert.rejects(nested, {
    code: "0A000",
    message: "unsupported transaction statement: SAVEPOINT",
  });
});

test("a connection that sets what DSQL does not take is refused", async () => {
  const strict = openSql({ connection: { statement_timeout: 1_000 } });
  await assert.rejects(strict`SELECT 1`, {
    code: "0A000",
    message: 'setting configuration parameter "statement_timeout" not supported',
  });
  await strict.end();
});

// The last test: after it every other connection that knows the table hears OC001 once.
test("an index is built by a job that one can wait for", async () => {
  const [job] = await sql<{ job_id: string }[]>`CREATE INDEX ASYNC parcel_sent ON parcel (sent)`;
  await sql`CALL sys.wait_for_job(${job!.job_id})`;
  const [index] = await sql`SELECT indisvalid FROM pg_index WHERE indexrelid = 'parcel_sent'::regclass`;
  assert.deepEqual(index, { indisvalid: true });
});
