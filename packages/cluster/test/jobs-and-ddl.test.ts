/** Jobs whose table or index is changed while they are at work. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { fillLarge, jobEnded, jobOf, submitJob } from "./job-helper.ts";
import { type RunningCluster, runCluster, within } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster({ limits: { indexesPerTableMax: 5 } });
});
after(() => running.stop());

/** A table whose index cannot be finished: a block stands open with a snapshot from before the build. */
async function stuckBuild(name: string): Promise<{ client: pg.Client; open: pg.Client; jobId: string }> {
  const client = await running.connect();
  const open = await running.connect();
  await client.query(`CREATE TABLE ${name} (id int PRIMARY KEY, n int)`);
  await client.query(`INSERT INTO ${name} VALUES (1, 1)`);
  await open.query("BEGIN");
  await open.query(`SELECT count(*) FROM ${name}`);
  const jobId = await submitJob(client, `CREATE INDEX ASYNC ${name}_n ON ${name} (n)`);
  return { client, open, jobId };
}

async function status(client: pg.Client, jobId: string): Promise<string | undefined> {
  return (await jobOf(client, jobId))?.status;
}

test("an index is there and invalid while its job is processing", async () => {
  const { client, open, jobId } = await stuckBuild("watched");
  assert.equal(await status(client, jobId), "processing");
  const { rows } = await client.query(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'watched_n'::regclass",
  );
  assert.deepEqual(rows, [{ indisvalid: false }]);
  await open.query("ROLLBACK");
  assert.equal(await jobEnded(client, jobId), true);
});

test("DROP INDEX cancels a build, and the job says so", async () => {
  const { client, open, jobId } = await stuckBuild("dropped");
  await within("DROP INDEX is answered", () => client.query("DROP INDEX dropped_n"));
  await eventually("the job is cancelled", async () => (await status(client, jobId)) === "cancelled");
  assert.equal(await jobEnded(client, jobId), false);
  await open.query("ROLLBACK");
  assert.equal(
    await running.storage("SELECT FROM pg_class WHERE relname = 'dropped_n'").then((r) => r.length),
    0,
  );
});

test("DROP INDEX that is rolled back leaves the build to go on", async () => {
  const { client, open, jobId } = await stuckBuild("kept");
  await client.query("BEGIN");
  await within("DROP INDEX is answered", () => client.query("DROP INDEX kept_n"));
  await client.query("ROLLBACK");
  assert.equal(await status(client, jobId), "processing");
  await open.query("ROLLBACK");
  assert.equal(await jobEnded(client, jobId), true);
});

test("a table may be altered while an index is built, and dropped", async () => {
  const { client, open, jobId } = await stuckBuild("altered");
  await within("ALTER TABLE is answered", () => client.query("ALTER TABLE altered ADD COLUMN more int"));
  assert.equal(await status(client, jobId), "processing");
  await within("DROP TABLE is answered", () => client.query("DROP TABLE altered"));
  assert.equal(await jobEnded(client, jobId), true);
  assert.equal((await jobOf(client, jobId))?.details, 'relation "public.altered" does not exist');
  await open.query("ROLLBACK");
});

test("a build whose table was renamed fails and says why", async () => {
  const { client, open, jobId } = await stuckBuild("named");
  await client.query("ALTER TABLE named RENAME TO renamed");
  assert.equal(await jobEnded(client, jobId), false);
  assert.match((await jobOf(client, jobId))?.details ?? "", /renamed during the build/);
  await open.query("ROLLBACK");
  await client.query("DROP INDEX named_n");
});

test("ANALYZE does not wait for a build", async () => {
  const { client, open, jobId } = await stuckBuild("analyzed");
  await within("ANALYZE is answered", () => client.query("ANALYZE analyzed"));
  await open.query("ROLLBACK");
  assert.equal(await jobEnded(client, jobId), true);
});

test("DDL in the block that a build waits for meets no deadlock", async () => {
  const { client, open, jobId } = await stuckBuild("circled");
  await within("the block alters its table", async () => {
    await open.query("ALTER TABLE circled ADD COLUMN more int");
    await open.query("ROLLBACK");
  });
  assert.equal(await jobEnded(client, jobId), true);
});

test("a second index of a table waits for the first, and can be dropped before it begins", async () => {
  const { client, open, jobId } = await stuckBuild("twice");
  const second = await submitJob(client, "CREATE INDEX ASYNC twice_id_n ON twice (id, n)");
  assert.equal(await status(client, second), "submitted");
  await client.query("BEGIN");
  await client.query("DROP INDEX twice_id_n");
  await client.query("ROLLBACK");
  assert.equal(await status(client, second), "submitted");
  await client.query("DROP INDEX twice_id_n");
  assert.equal(await status(client, second), "cancelled");
  await open.query("ROLLBACK");
  assert.equal(await jobEnded(client, jobId), true);
  assert.equal((await client.query("SELECT FROM pg_class WHERE relname = 'twice_id_n'")).rowCount, 0);
});

test("an index whose build waits has its name, and counts among those of its table", async () => {
  const { client, open, jobId } = await stuckBuild("named");
  const second = await submitJob(client, "CREATE INDEX ASYNC ON named (abs(id))");
  const third = await submitJob(client, "CREATE INDEX ASYNC ON named (abs(n))");
  await assert.rejects(client.query("CREATE INDEX ASYNC named_abs_idx ON named (n)"), { code: "42P07" });
  const skipped = await client.query("CREATE INDEX ASYNC IF NOT EXISTS named_abs_idx ON named (n)");
  assert.equal(skipped.rows.length, 0, "no job is started");
  assert.equal((await jobOf(client, second))?.object_name, "public.named_abs_idx");
  assert.equal((await jobOf(client, third))?.object_name, "public.named_abs_idx1");
  // The primary key, the index that is being built, the two that wait: this one is the fifth.
  await submitJob(client, "CREATE INDEX ASYNC ON named ((n + 1))");
  await assert.rejects(client.query("CREATE INDEX ASYNC ON named (id, n)"), { code: "54000" });
  await open.query("ROLLBACK");
  for (const job of [jobId, second, third]) assert.equal(await jobEnded(client, job), true);
});

test("what is dropped leaves a job for each table and index", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE gone (id int PRIMARY KEY, n int)");
  const { rows } = await client.query<{ oid: number }>("SELECT 'gone'::regclass::oid AS oid");
  await client.query("BEGIN");
  await client.query("DROP TABLE gone");
  await client.query("ROLLBACK");
  const drops = "SELECT status, object_name FROM sys.jobs WHERE job_type = 'DROP' AND object_id = $1";
  assert.equal((await client.query(drops, [rows[0]?.oid])).rowCount, 0);
  await client.query("DROP TABLE gone");
  const jobs = await client.query(drops, [rows[0]?.oid]);
  assert.deepEqual(jobs.rows, [{ status: "completed", object_name: null }]);
});

test("a build that begins anew leaves no job for the index it drops itself", async () => {
  const { client, open, jobId } = await stuckBuild("anew");
  await client.query("ALTER TABLE anew ADD COLUMN more int");
  await open.query("ROLLBACK");
  assert.equal(await jobEnded(client, jobId), true);
  const { rowCount } = await client.query(
    "SELECT FROM sys.jobs WHERE job_type = 'DROP' AND start_time > (SELECT start_time FROM sys.jobs WHERE job_id = $1)",
    [jobId],
  );
  assert.equal(rowCount, 0);
});

test("a large index survives an alteration in the middle of its build", async () => {
  const client = await running.connect();
  const other = await running.connect();
  await fillLarge(running, client, "large");
  const jobId = await submitJob(client, "CREATE INDEX ASYNC large_filler ON large (filler)");
  await within("ALTER TABLE is answered", () => other.query("ALTER TABLE large ADD COLUMN more int"));
  assert.equal(await jobEnded(client, jobId), true);
  const { rows } = await client.query(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'large_filler'::regclass",
  );
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test("tables that clients change are analyzed by themselves, as jobs", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE counted (id int PRIMARY KEY)");
  await client.query("INSERT INTO counted SELECT generate_series(1, 500)");
  await within("an ANALYZE job is shown", async () => {
    const text = "SELECT job_id FROM sys.jobs WHERE job_type = 'ANALYZE' AND object_id = 'counted'::regclass";
    for (;;) {
      const { rows } = await client.query<{ job_id: string }>(text);
      if (rows[0] !== undefined) {
        assert.equal(await jobEnded(client, rows[0].job_id), true);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
});
