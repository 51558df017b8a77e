/** What works with node-postgres on Aurora DSQL, and what is refused. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { transaction } from "dsql-toolkit";
import pg from "pg";
import { openPool } from "./connect.ts";

const pool = openPool();
before(async () => {
  await pool.query("DROP TABLE IF EXISTS parcel");
  await pool.query(
    "CREATE TABLE parcel (id int PRIMARY KEY, weight numeric(8, 2), label jsonb, sent timestamptz)",
  );
});
after(async () => {
  await pool.query("DROP TABLE parcel");
  await pool.end();
});

test("connects with a token and works at DSQL's only isolation level", async () => {
  const { rows } = await pool.query<{ user: string; isolation: string }>(
    `SELECT current_user AS "user", current_setting('transaction_isolation') AS isolation`,
  );
  assert.deepEqual(rows, [{ user: "admin", isolation: "repeatable read" }]);
});

test("a token of the other action is refused, and the hint says why", async () => {
  const hostname = process.env.CLUSTER_ENDPOINT!;
  const signer = new DsqlSigner({ hostname, region: process.env.REGION! });
  const client = new pg.Client({
    host: hostname,
    port: 5432,
    database: "postgres",
    user: "admin",
    password: await signer.getDbConnectAuthToken(),
    ssl: true,
  });
  await assert.rejects(client.connect(), {
    message: "unable to accept connection, access denied",
    hint: "Wrong user to action mapping. user: admin, action: DbConnect",
  });
});

test("values keep their types through parameters, named statements and RETURNING", async () => {
  const sent = new Date("2026-09-15T12:00:00Z");
  const { rows } = await pool.query({
    name: "send parcel",
    text: "INSERT INTO parcel VALUES ($1, $2, $3, $4) RETURNING *",
    values: [1, "12.50", { fragile: true }, sent],
  });
  assert.deepEqual(rows, [{ id: 1, weight: "12.50", label: { fragile: true }, sent }]);
});

test("a transaction that loses its row is run again and keeps the other's change", async () => {
  await pool.query("INSERT INTO parcel (id, weight) VALUES (2, 10)");
  let attempts = 0;
  await transaction(pool, async (tx) => {
    attempts++;
    await tx.query("UPDATE parcel SET weight = weight + 1 WHERE id = 2");
    if (attempts === 1) await pool.query("UPDATE parcel SET weight = weight + 5 WHERE id = 2");
  });
  const { rows } = await pool.query("SELECT weight FROM parcel WHERE id = 2");
  assert.deepEqual([attempts, rows], [2, [{ weight: "16.00" }]]);
});

test("without retry the loser hears 40001 at its COMMIT, not at its UPDATE", async () => {
  await pool.query("INSERT INTO parcel (id, weight) VALUES (3, 10)");
  const [ana, ben] = await Promise.all([pool.connect(), pool.connect()]);
  try {
    await ana.query("BEGIN");
    await ben.query("BEGIN");
    await ana.query("UPDATE parcel SET weight = 1 WHERE id = 3");
    await ben.query("UPDATE parcel SET weight = 2 WHERE id = 3");
    await ben.query("COMMIT");
    await assert.rejects(ana.query("COMMIT"), {
      code: "40001",
      message: "change conflicts with another transaction (OC000)",
    });
  } finally {
    ana.release();
    ben.release();
  }
});

test("two DDL statements in one query are refused; send them one by one", async () => {
  await assert.rejects(
    pool.query("CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY)"),
    {
      code: "0A000",
      message: "multiple ddl statements not supported in a transaction",
    },
  );
});

test("savepoints and advisory locks are refused", async () => {
  await assert.rejects(pool.query("SAVEPOINT here"), {
    code: "0A000",
    message: "unsupported transaction statement: SAVEPOINT",
  });
  await assert.rejects(pool.query("SELECT pg_advisory_lock(1)"), {
    code: "0A000",
    message: "function pg_advisory_lock not supported",
  });
});

// The last test: after it every other connection that knows the table hears OC001 once.
test("an index is built by a job that one can wait for", async () => {
  const { rows } = await pool.query<{ job_id: string }>("CREATE INDEX ASYNC parcel_sent ON parcel (sent)");
  await pool.query(`CALL sys.wait_for_job('${rows[0]!.job_id}')`);
  const index = await pool.query<{ indisvalid: boolean }>(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'parcel_sent'::regclass",
  );
  assert.deepEqual(index.rows, [{ indisvalid: true }]);
});
