import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { startCluster } from "dsql-local";
import pg from "pg";

test("pg.Pool takes connection() and reaches a cluster of its own", async (t) => {
  const cluster = await startCluster();
  t.after(() => cluster.stop());
  const pool = new pg.Pool(cluster.connection());

  await pool.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await pool.query("INSERT INTO account VALUES (1, 100)");
  const { rows } = await pool.query<{ balance: number }>("SELECT balance FROM account WHERE id = 1");
  await pool.end();
  assert.equal(rows[0]?.balance, 100);
});

test("two clusters share nothing", async (t) => {
  const [left, right] = await Promise.all([startCluster(), startCluster()]);
  t.after(() => Promise.all([left.stop(), right.stop()]));
  assert.notEqual(left.endpoint, right.endpoint);
  assert.notEqual(left.port, right.port);
  // A token of one is no token of the other.
  const client = new pg.Client({ ...right.connection(), password: left.token() });
  await assert.rejects(client.connect(), { code: "08006" });
});

test("another role lets the local account in after AWS IAM GRANT", async (t) => {
  const cluster = await startCluster();
  t.after(() => cluster.stop());
  const admin = new pg.Client(cluster.connection());
  await admin.connect();
  await admin.query("CREATE ROLE myapp WITH LOGIN");
  await admin.query(`AWS IAM GRANT myapp TO '${cluster.principalArn}'`);
  await admin.end();

  const client = new pg.Client(cluster.connection({ user: "myapp" }));
  await client.connect();
  const { rows } = await client.query<{ current_user: string }>("SELECT current_user");
  await client.end();
  assert.equal(rows[0]?.current_user, "myapp");
});

test("stop leaves no file and no listener behind, with or without the cloud, and may be called twice", async () => {
  for (const cloud of [false, true]) {
    const cluster = await startCluster({ cloud });
    const home = path.dirname(path.dirname(path.dirname(cluster.caFile)));
    const connection = cluster.connection();
    assert.ok(existsSync(home));
    await Promise.all([cluster.stop(), cluster.stop()]);
    assert.ok(!existsSync(home));
    await assert.rejects(new pg.Client(connection).connect(), { code: "ECONNREFUSED" });
  }
});

test("await using stops the cluster at the end of the block", async () => {
  const cluster = await startCluster();
  await cluster[Symbol.asyncDispose]();
  assert.ok(!existsSync(cluster.caFile));
});

test("with the cloud, environment() is what dsql env sets", async (t) => {
  const cluster = await startCluster({ cloud: true });
  t.after(() => cluster.stop());
  const variables = await cluster.environment();
  assert.equal(variables["AWS_ENDPOINT_URL"], cluster.awsEndpoint);
  assert.equal(variables["PGHOST"], cluster.endpoint);
});

test("a program that uses the library and stops it ends by itself", () => {
  const program = `
    import { startCluster } from "dsql-local";
    const cluster = await startCluster();
    await cluster.stop();
    console.log("stopped");`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: path.dirname(new URL(import.meta.url).pathname),
    timeout: 600_000,
  });
  assert.equal(printed.toString(), "stopped\n");
});
