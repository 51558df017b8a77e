import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { retryConflicts } from "dsql-toolkit";
import pg from "pg";
import { type LocalCluster, startCluster } from "../src/index.ts";

interface Started {
  readonly cluster: LocalCluster;
  readonly pool: pg.Pool;
  /** Errors of connections that nobody used. */
  readonly idleErrors: readonly Error[];
}

async function start(t: TestContext): Promise<Started> {
  const cluster = await startCluster();
  t.after(() => cluster.stop());
  const pool = new pg.Pool({ ...cluster.connection(), max: 4 });
  const idleErrors: Error[] = [];
  pool.on("error", (error) => idleErrors.push(error));
  t.after(() => pool.end());
  return { cluster, pool, idleErrors };
}

async function rows(pool: pg.Pool, sql: string): Promise<unknown[]> {
  return (await pool.query<Record<string, unknown>>(sql)).rows;
}

test("restore undoes whatever was done: rows, tables, indexes, roles, grants, jobs", async (t) => {
  const { cluster, pool, idleErrors } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY, balance int)");
  await pool.query("INSERT INTO account VALUES (1, 100), (2, 200)");
  await pool.query("CREATE TABLE history (id int PRIMARY KEY)");
  const snapshot = await cluster.snapshot();
  const state = `SELECT (SELECT json_agg(a ORDER BY id) FROM account a) AS accounts,
    (SELECT json_agg(relname ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations,
    (SELECT json_agg(rolname ORDER BY rolname) FROM pg_roles) AS roles,
    (SELECT count(*)::int FROM sys.jobs) AS jobs,
    (SELECT count(*)::int FROM sys.iam_pg_role_mappings) AS mappings`;
  const before = await rows(pool, state);

  const changes: readonly (readonly string[])[] = [
    [
      "UPDATE account SET balance = 0",
      "DELETE FROM account WHERE id = 2",
      "INSERT INTO account VALUES (3, 3)",
    ],
    ["DROP TABLE history", "CREATE TABLE other (id int PRIMARY KEY)"],
    ["CREATE INDEX ASYNC ON account (balance)", "ALTER TABLE account ADD COLUMN note text"],
    [
      "CREATE ROLE myapp WITH LOGIN",
      "GRANT SELECT ON account TO myapp",
      `AWS IAM GRANT myapp TO '${cluster.principalArn}'`,
    ],
    ["CREATE SCHEMA other"],
  ];
  for (const statements of changes) {
    // Again where the end of the index build is news to the session.
    for (const statement of statements) await retryConflicts(() => pool.query(statement));
    await cluster.restore(snapshot);
    assert.deepEqual(await rows(pool, state), before, statements[0]);
  }
  await pool.query("CREATE ROLE myapp WITH LOGIN");
  assert.deepEqual(idleErrors, [], "connections that nobody used have noticed nothing");
});

test("after a restore nobody hears OC001, also who has prepared statements and a transaction", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY, balance int)");
  const snapshot = await cluster.snapshot();
  const insert = { name: "insert", text: "INSERT INTO account VALUES ($1, $2)" };
  for (let round = 0; round < 3; round++) {
    await Promise.all([1, 2, 3, 4].map((id) => pool.query({ ...insert, values: [id, round] })));
    await pool.query("DROP TABLE account");
    await cluster.restore(snapshot);
    await Promise.all([1, 2, 3, 4].map((id) => pool.query({ ...insert, values: [id, round] })));
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query("UPDATE account SET balance = 5 WHERE id = 1");
    await client.query("COMMIT");
    client.release();
    await cluster.restore(snapshot);
    assert.deepEqual(await rows(pool, "SELECT * FROM account"), []);
  }
});

test("an open transaction ends as by a lost connection, and the pool goes on", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY)");
  const snapshot = await cluster.snapshot();
  const client = await pool.connect();
  client.on("error", () => undefined); // The connection ends.
  await client.query("BEGIN");
  await client.query("INSERT INTO account VALUES (1)");
  await cluster.restore(snapshot);
  await assert.rejects(client.query("COMMIT"), { code: "57P01", severity: "FATAL" });
  client.release(true);
  assert.deepEqual(await rows(pool, "SELECT * FROM account"), []);
});

test("a snapshot is not taken while a transaction is open, which goes on", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY)");
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query("INSERT INTO account VALUES (1)");
  await assert.rejects(cluster.snapshot(), /A transaction is open.*Commit or roll back first/s);
  await client.query("COMMIT");
  client.release();
  const snapshot = await cluster.snapshot();
  await pool.query("DELETE FROM account");
  await cluster.restore(snapshot);
  assert.deepEqual(await rows(pool, "SELECT id FROM account"), [{ id: 1 }]);
});

test("what is sent while a restore is under way is answered, or ends as by a lost connection", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY)");
  const snapshot = await cluster.snapshot();
  await pool.query("INSERT INTO account VALUES (1)");
  const restoring = cluster.restore(snapshot);
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map(() => rows(pool, "SELECT count(*)::int AS n FROM account")),
  );
  await restoring;
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assert.equal((outcome.reason as { code?: string }).code, "57P01");
    else assert.ok([0, 1].includes((outcome.value as [{ n: number }])[0].n));
  }
  assert.deepEqual(await rows(pool, "SELECT count(*)::int AS n FROM account"), [{ n: 0 }]);
});

test("a snapshot that is not there is refused, and nothing is stopped", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY)");
  await assert.rejects(cluster.restore({ name: "nowhere" }), /There is no snapshot "nowhere"/);
  await assert.rejects(cluster.restore({ name: "../../etc" }), /is no name of a snapshot/);
  assert.deepEqual(await rows(pool, "SELECT * FROM account"), []);
});

test("reset gives the data of a new cluster", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY)");
  await pool.query("CREATE ROLE myapp WITH LOGIN");
  await cluster.reset();
  await assert.rejects(pool.query("SELECT * FROM account"), { code: "42P01" });
  await pool.query("CREATE ROLE myapp WITH LOGIN");
});

test("a fork begins with the same data and goes its own way", async (t) => {
  const { cluster, pool } = await start(t);
  await pool.query("CREATE TABLE account (id int PRIMARY KEY)");
  await pool.query("INSERT INTO account VALUES (1)");
  const fork = await cluster.fork();
  t.after(() => fork.stop());
  assert.notEqual(fork.endpoint, cluster.endpoint);
  const other = new pg.Pool(fork.connection());
  await other.query("INSERT INTO account VALUES (2)");
  assert.deepEqual(await rows(other, "SELECT id FROM account ORDER BY id"), [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(await rows(pool, "SELECT id FROM account ORDER BY id"), [{ id: 1 }]);
  await fork.reset();
  await assert.rejects(other.query("SELECT id FROM account"), { code: "42P01" });
  await other.end();
});

test("asOwner() passes the rules, and clients see what it has made", async (t) => {
  const { cluster, pool } = await start(t);
  await cluster.asOwner(`
    CREATE TABLE account (id int PRIMARY KEY, balance int);
    INSERT INTO account SELECT n, n FROM generate_series(1, 5000) AS n;
    CREATE INDEX ON account (balance)`);
  assert.deepEqual(await rows(pool, "SELECT count(*)::int AS n FROM account"), [{ n: 5000 }]);
  await assert.rejects(cluster.asOwner("INSERT INTO account VALUES (1, 1)"), { sqlstate: "23505" });
  await assert.rejects(cluster.asOwner("CREATE ROLE boss SUPERUSER"), { sqlstate: "42501" });
});
