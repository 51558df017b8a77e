/** What AWS's connector for node-postgres does on Aurora DSQL. Needs the variables of `dsql env`. */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import { AuroraDSQLClient, AuroraDSQLPool, isOCCError } from "@aws/aurora-dsql-node-postgres-connector";
import { openPool } from "./connect.ts";

const pool = openPool();
before(async () => {
  await pool.query("DROP TABLE IF EXISTS parcel");
  await pool.query("CREATE TABLE parcel (id int PRIMARY KEY, weight int NOT NULL)");
});
after(async () => {
  await pool.query("DROP TABLE parcel");
  await pool.end();
});

async function weightOf(id: number): Promise<number | undefined> {
  const { rows } = await pool.query<{ weight: number }>("SELECT weight FROM parcel WHERE id = $1", [id]);
  return rows[0]?.weight;
}

test("a client finds the Region in the endpoint and signs its own token", async () => {
  const client = new AuroraDSQLClient({ host: process.env.CLUSTER_ENDPOINT! });
  await client.connect();
  const { rows } = await client.query(
    `SELECT current_user AS "user", current_setting('application_name') AS name`,
  );
  assert.deepEqual(rows, [{ user: "admin", name: "aurora-dsql-nodejs-pg/0.1.9" }]);
  await client.end();
});

test("a cluster id and a Region are enough", async () => {
  const id = process.env.CLUSTER_ENDPOINT!.split(".")[0]!;
  const client = new AuroraDSQLClient({ host: id, region: process.env.REGION! });
  await client.connect();
  assert.equal((await client.query("SELECT 1")).rowCount, 1);
  await client.end();
});

test("keys that IAM does not know are refused", async () => {
  const stranger = new AuroraDSQLPool({
    host: process.env.CLUSTER_ENDPOINT!,
    customCredentialsProvider: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wrong" },
  });
  await assert.rejects(stranger.connect(), { message: "unable to accept connection, access denied" });
  await stranger.end();
});

test("a token that has expired is refused, and the hint says so", async () => {
  const client = new AuroraDSQLClient({ host: process.env.CLUSTER_ENDPOINT!, tokenDurationSecs: 0 });
  await assert.rejects(client.connect(), { message: "unable to accept connection, access denied" });
});

test("twenty at once share the pool's ten connections", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => pool.query("SELECT $1::int AS n", [n])),
  );
  assert.deepEqual(
    answers.map(({ rows }) => (rows as { n: number }[])[0]!.n),
    Array.from({ length: 20 }, (_, n) => n),
  );
  assert.equal(pool.totalCount, 10);
});

test("transaction() runs again what lost its row", async () => {
  await pool.query("INSERT INTO parcel VALUES (1, 10)");
  let attempts = 0;
  await pool.transaction(async (client) => {
    attempts++;
    await client.query("UPDATE parcel SET weight = weight + 1 WHERE id = 1");
    if (attempts === 1) await pool.query("UPDATE parcel SET weight = weight + 5 WHERE id = 1");
  });
  assert.deepEqual([attempts, await weightOf(1)], [2, 16]);
});

test("transaction() gives up after its three retries with an error that isOCCError() knows", async () => {
  await pool.query("INSERT INTO parcel VALUES (2, 10)");
  let attempts = 0;
  const losing = pool.transaction(async (client) => {
    attempts++;
    await client.query("UPDATE parcel SET weight = 0 WHERE id = 2");
    await pool.query("UPDATE parcel SET weight = weight + 1 WHERE id = 2");
  });
  await assert.rejects(losing, (error) => isOCCError(error));
  assert.deepEqual([attempts, await weightOf(2)], [4, 14]);
});

test("transaction() rolls back and does not run again what failed for another reason", async () => {
  await pool.query("INSERT INTO parcel VALUES (3, 10)");
  let attempts = 0;
  const failing = pool.transaction(async (client) => {
    attempts++;
    await client.query("UPDATE parcel SET weight = 0 WHERE id = 3");
    await client.query("INSERT INTO parcel VALUES (3, 1)");
  });
  await assert.rejects(failing, { code: "23505" });
  assert.deepEqual([attempts, await weightOf(3)], [1, 10]);
});

test("a schema change of another connection is a conflict that transaction() retries", async () => {
  let attempts = 0;
  await pool.transaction(async (client) => {
    attempts++;
    await client.query("UPDATE parcel SET weight = weight + 1 WHERE id = 1");
    if (attempts === 1) await pool.query("ALTER TABLE parcel ADD COLUMN IF NOT EXISTS colour text");
  });
  assert.equal(attempts, 2);
});
