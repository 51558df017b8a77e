// Uses both packages as ES modules: a cluster, a pool, a migration, a transaction.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { startCluster } from "dsql-local";
import { migrateUp } from "dsql-toolkit/migrate";
import { createPool, transaction } from "dsql-toolkit/pg";

const cluster = await startCluster();

const pool = createPool(cluster.poolOptions());
const folder = await mkdtemp(path.join(os.tmpdir(), "packages-test-"));
try {
  await writeFile(
    path.join(folder, "0001_account.sql"),
    "CREATE TABLE account (id int PRIMARY KEY, balance int);\nCREATE TABLE history (id int PRIMARY KEY);\n",
  );
  await migrateUp(pool, { folder });
  await transaction(pool, (tx) => tx.query("INSERT INTO account VALUES (1, 100)"));
  const { rows } = await pool.query("SELECT balance FROM account");
  assert.deepEqual(rows, [{ balance: 100 }]);
  assert.match(await readFile(cluster.caFile, "utf8"), /BEGIN CERTIFICATE/);
} finally {
  await pool.end();
  await cluster.stop();
  await rm(folder, { recursive: true });
}
console.log("esm works");
