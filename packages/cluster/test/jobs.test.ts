/** Asynchronous indexes from the statement to the end of their jobs, across failures and restarts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { removeDataDir } from "../src/storage/index.ts";
import {
  fillLarge,
  jobEnded as ended,
  jobOf as job,
  type JobRow,
  submitJob as submit,
} from "./job-helper.ts";
import { newDataDir, type RunningCluster, runCluster, within } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
});
after(() => running.stop());

async function isValid(one: RunningCluster, index: string): Promise<boolean> {
  const rows = await one.storage(
    `SELECT FROM pg_index WHERE indexrelid = to_regclass('public.${index}') AND indisvalid`,
  );
  return rows.length > 0;
}

test("a job completes, its index is valid, and who waits for it hears so", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE plain (id int PRIMARY KEY, n int)");
  await client.query("INSERT INTO plain SELECT g, g FROM generate_series(1, 1000) AS g");
  const id = await submit(client, "CREATE INDEX ASYNC plain_n ON plain (n)");
  assert.match(id, /^[a-z2-7]{26}$/);
  assert.equal(await ended(client, id), true);
  // The service names the object only until it is there.
  const { status, object_name: name } = (await job(client, id)) ?? {};
  assert.deepEqual([status, name, await isValid(running, "plain_n")], ["completed", null, true]);
  assert.deepEqual((await client.query("CALL sys.wait_for_job($1)", [id])).rows, [{ succeeded: true }]);
});

test("a unique index over duplicates fails and says why", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE doubled (id int PRIMARY KEY, n int)");
  await client.query("INSERT INTO doubled VALUES (1, 7), (2, 7)");
  const id = await submit(client, "CREATE UNIQUE INDEX ASYNC doubled_n ON doubled (n)");
  assert.equal(await ended(client, id), false);
  assert.deepEqual(await job(client, id).then((one) => [one?.status, one?.details]), [
    "failed",
    "found duplicate key(s) while validating index uniqueness",
  ]);
});

test("what cannot be is refused at the statement and leaves no job", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE strict (id int PRIMARY KEY, n int)");
  const builds = "SELECT FROM sys.jobs WHERE job_type = 'INDEX_BUILD'";
  const before = (await client.query(builds)).rowCount;
  const refusals: readonly (readonly [string, string])[] = [
    ["CREATE INDEX ASYNC ON missing (n)", "42P01"],
    ["CREATE INDEX ASYNC ON strict (missing)", "42703"],
    ["CREATE INDEX ASYNC strict_pkey ON strict (n)", "42P07"],
  ];
  for (const [text, code] of refusals) await assert.rejects(client.query(text), { code }, text);
  assert.equal(
    (await client.query("CREATE INDEX ASYNC IF NOT EXISTS strict_pkey ON strict (n)")).rowCount ?? 0,
    0,
  );
  assert.equal((await client.query(builds)).rowCount, before);
});

test("an index without a name gets PostgreSQL's, numbered where it is taken", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE unnamed (id int PRIMARY KEY, n int)");
  for (const index of ["unnamed_n_idx", "unnamed_n_idx1"]) {
    const id = await submit(client, "CREATE INDEX ASYNC ON unnamed (n)");
    assert.equal(await ended(client, id), true);
    assert.equal(await isValid(running, index), true, index);
  }
});

test("ROLLBACK leaves no job and no index, COMMIT leaves both and the block's settings", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE blocked (id int PRIMARY KEY, n int)");
  await client.query("BEGIN");
  const gone = await submit(client, "CREATE INDEX ASYNC blocked_n ON blocked (n)");
  await client.query("ROLLBACK");
  assert.equal(await job(client, gone), undefined);
  await client.query("BEGIN");
  await client.query("SET search_path TO public, pg_catalog");
  const id = await submit(client, "CREATE INDEX ASYNC blocked_n ON blocked (n)");
  await client.query("COMMIT");
  assert.equal(await ended(client, id), true);
  assert.deepEqual((await client.query("SHOW search_path")).rows, [{ search_path: "public, pg_catalog" }]);
  assert.equal(await isValid(running, "blocked_n"), true);
});

test("an index is built beside blocks that stand open on its table", async () => {
  const client = await running.connect();
  const open = await running.connect();
  await client.query("CREATE TABLE busy (id int PRIMARY KEY, n int)");
  await client.query("INSERT INTO busy VALUES (1, 1)");
  const id = await within("the job is submitted beside an open writer", async () => {
    await open.query("BEGIN");
    await open.query("UPDATE busy SET n = 2 WHERE id = 1");
    return await submit(client, "CREATE INDEX ASYNC busy_n ON busy (n)");
  });
  await open.query("ROLLBACK");
  assert.equal(await ended(client, id), true);
});

test("waiting for a job that is none is refused or answered, and not inside a block", async () => {
  const client = await running.connect();
  await assert.rejects(client.query("CALL sys.wait_for_job('nonsense')"), { code: "22P02" });
  await assert.rejects(client.query("CALL sys.wait_for_job(NULL)"), { code: "22P02" });
  await assert.rejects(client.query("CALL sys.wait_for_job(lower('A'))"), { code: "22P02" });
  await assert.rejects(client.query("CALL sys.wait_for_job(1 + 1)"), { code: "42883" });
  await assert.rejects(client.query("CALL sys.wait_for_job('a' || nothing)"), {
    code: "42703",
    position: "30",
  });
  await assert.rejects(client.query("SELECT sys.wait_for_job('a')"), {
    code: "42809",
    message: "sys.wait_for_job(unknown) is a procedure",
  });
  assert.equal(await ended(client, "a".repeat(26)), false);
  const none = { rows: [{ succeeded: false }] };
  const computed = await client.query("CALL sys.wait_for_job(repeat('a', 25) || $1)", ["a"]);
  assert.deepEqual({ rows: computed.rows }, none);
  assert.deepEqual({ rows: (await client.query("CALL sys.wait_for_job(repeat('a', 26))")).rows }, none);
  await client.query("BEGIN");
  await assert.rejects(client.query(`CALL sys.wait_for_job('${"a".repeat(26)}')`), { code: "25001" });
  await client.query("ROLLBACK");
});

test("AWS IAM GRANT and REVOKE say what is wrong with them", async () => {
  const client = await running.connect();
  const arn = `arn:aws:iam::${running.cluster.account}:role/app`;
  await assert.rejects(client.query(`AWS IAM GRANT missing TO '${arn}'`), { code: "42704" });
  await client.query("CREATE ROLE app LOGIN");
  await assert.rejects(client.query("AWS IAM GRANT app TO 'nobody'"), { code: "22023" });
  await client.query(`AWS IAM GRANT app TO '${arn}'`);
  await client.query("BEGIN");
  await client.query(`AWS IAM REVOKE app FROM '${arn}'`);
  await client.query("ROLLBACK");
  const mapped = await client.query("SELECT FROM sys.iam_pg_role_mappings WHERE arn = $1", [arn]);
  assert.equal(mapped.rowCount, 1);
  await client.query(`AWS IAM REVOKE app FROM '${arn}'`);
  const left = await client.query("SELECT FROM sys.iam_pg_role_mappings WHERE arn = $1", [arn]);
  assert.equal(left.rowCount, 0);
});

test("a job goes on after PostgreSQL was killed under it", async () => {
  const client = await running.connect();
  await fillLarge(running, client, "crashed");
  const id = await submit(client, "CREATE INDEX ASYNC crashed_filler ON crashed (filler)");
  const postmaster = running.cluster.postmasterProcessId;
  assert.ok(postmaster !== undefined);
  process.kill(postmaster, "SIGKILL");
  await eventually("PostgreSQL is back", async () => {
    const again = new pg.Client(running.cluster.connection());
    again.on("error", () => undefined);
    try {
      await again.connect();
      await again.query("SELECT 1");
      // Backends of the killed one answer for a moment yet.
      return ![undefined, postmaster].includes(running.cluster.postmasterProcessId);
    } catch {
      return false;
    } finally {
      await again.end().catch(() => undefined);
    }
  });
  const other = await running.connect();
  assert.equal(await ended(other, id), true);
  assert.equal(await isValid(running, "crashed_filler"), true);
});

interface JobsAtTheKill {
  /** Their identifiers. */
  readonly unfinished: readonly string[];
  readonly ended: readonly JobRow[];
}

/** Starts a cluster in a process of its own and kills that once it has jobs in every state. */
async function killedWithJobs(dataDir: string): Promise<JobsAtTheKill> {
  const file = fileURLToPath(new URL("jobs-child.js", import.meta.url));
  const child = spawn(process.execPath, [file, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [printed] = (await within("the jobs are submitted", () =>
    Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error("it ended")))]),
  )) as [Buffer];
  child.kill("SIGKILL");
  await ended;
  return JSON.parse(printed.toString()) as JobsAtTheKill;
}

test("jobs outlive a kill of the cluster: begun ones start anew, waiting ones go on, ended ones stay", async () => {
  const dataDir = newDataDir();
  const { unfinished, ended: before } = await killedWithJobs(dataDir);
  assert.deepEqual(
    before.map(({ status }) => status),
    ["failed", "completed", "cancelled"],
  );
  const again = await runCluster({ dataDir });
  try {
    const client = await again.connect();
    for (const id of unfinished) assert.equal(await ended(client, id), true, id);
    for (const { job_id: id, status, details } of before) {
      const after = await job(client, id);
      assert.deepEqual([after?.status, after?.details], [status, details]);
    }
    for (const index of ["large_filler", "large_both"])
      assert.equal(await isValid(again, index), true, index);
    const { rows } = await client.query("SELECT convalidated FROM pg_constraint WHERE conname = 'positive'");
    assert.deepEqual(rows, [{ convalidated: true }]);
  } finally {
    await again.stop();
    await removeDataDir(dataDir);
  }
});

test("finished jobs go half an hour later, when another one runs", async () => {
  const client = await running.connect();
  await client.query("CREATE TABLE kept (id int PRIMARY KEY, n int)");
  const old = await submit(client, "CREATE INDEX ASYNC kept_n ON kept (n)");
  const young = await submit(client, "CREATE INDEX ASYNC kept_id_n ON kept (id, n)");
  for (const id of [old, young]) assert.equal(await ended(client, id), true);
  const age = (id: string, minutes: number): Promise<unknown> =>
    running.storage(
      `UPDATE pg_dsql.job SET update_time = now() - interval '${minutes} minutes' WHERE job_id = sys.base32_str_to_uuid('${id}')`,
    );
  await age(old, 31);
  await age(young, 29);
  assert.notEqual(await job(client, old), undefined);
  assert.equal(await ended(client, await submit(client, "CREATE INDEX ASYNC ON kept (n, id)")), true);
  assert.equal(await job(client, old), undefined);
  assert.equal((await job(client, young))?.status, "completed");
});

test("sys.jobs has the service's nine columns, and nobody writes it", async () => {
  const client = await running.connect();
  const { fields } = await client.query("SELECT * FROM sys.jobs LIMIT 0");
  const typeOids = { text: 25, oid: 26, timestamptz: 1184 };
  assert.deepEqual(
    fields.map(({ name, dataTypeID }) => [name, dataTypeID]),
    [
      ["job_id", typeOids.text],
      ["status", typeOids.text],
      ["details", typeOids.text],
      ["job_type", typeOids.text],
      ["class_id", typeOids.oid],
      ["object_id", typeOids.oid],
      ["object_name", typeOids.text],
      ["start_time", typeOids.timestamptz],
      ["update_time", typeOids.timestamptz],
    ],
  );
  await assert.rejects(client.query("DELETE FROM sys.jobs"), { code: "55000" });
});

test("a job that a stop cut off completes after the next start", async () => {
  const dataDir = newDataDir();
  const first = await runCluster({ dataDir });
  const client = await first.connect();
  await fillLarge(first, client, "stopped");
  const id = await submit(client, "CREATE INDEX ASYNC stopped_filler ON stopped (filler)");
  await first.cluster.stop({ immediate: true });
  await first.stop();
  const second = await runCluster({ dataDir });
  try {
    const again = await second.connect();
    assert.equal(await ended(again, id), true);
    assert.equal(await isValid(second, "stopped_filler"), true);
  } finally {
    await second.stop();
    await removeDataDir(dataDir);
  }
});
