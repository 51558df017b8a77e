/** Storage from the outside: started on a new and on an old directory, used, stopped. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chown, mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { silentLog } from "../src/base/index.ts";
import {
  StorageError,
  acquireDataDir,
  createStorage,
  readLock,
  removeDataDir,
} from "../src/storage/index.ts";
import {
  isAlive,
  query,
  queryAsSuperuser,
  startStorage,
  startStorageProcess,
  stopStorage,
  temporaryDataDir,
} from "./storage-helper.ts";

test("a new data directory gets a database in which admin makes tables, schemas and roles", async (t) => {
  const { address } = await startStorage(t, await temporaryDataDir(t));
  const rows = await query(
    address,
    "admin",
    "CREATE TABLE account (id int PRIMARY KEY)",
    "INSERT INTO account VALUES (1)",
    "CREATE SCHEMA ledger",
    "CREATE ROLE myapp LOGIN",
    "GRANT SELECT ON account TO myapp",
    "SELECT current_schema, current_setting('transaction_isolation') AS isolation, current_setting('TimeZone') AS zone, version()",
  );
  assert.deepEqual(rows, [
    { current_schema: "public", isolation: "repeatable read", zone: "UTC", version: "PostgreSQL 16" },
  ]);
  assert.deepEqual(await query(address, "myapp", "SELECT id FROM account"), [{ id: 1 }]);
});

test("a role that admin made can create nothing in public and no schema, and reach no other session", async (t) => {
  const { address } = await startStorage(t, await temporaryDataDir(t));
  await query(address, "admin", "CREATE ROLE myapp LOGIN");
  for (const statement of [
    "CREATE TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_terminate_backend(1)",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    "SELECT lo_create(0)",
    "SELECT pg_read_file('/etc/passwd')",
    "DO $$ BEGIN END $$",
    "SELECT * FROM pg_dsql.job",
    "SET SESSION AUTHORIZATION dsql_system",
  ]) {
    await assert.rejects(query(address, "myapp", statement), { code: "42501" }, statement);
  }
});

test("admin is no superuser", async (t) => {
  const { address } = await startStorage(t, await temporaryDataDir(t));
  const roles = await queryAsSuperuser(address, "SELECT rolname FROM pg_authid WHERE rolsuper");
  assert.deepEqual(roles, [{ rolname: "dsql_system" }]);
  await assert.rejects(query(address, "admin", "ALTER ROLE admin SUPERUSER"), { code: "42501" });
  await assert.rejects(query(address, "admin", "COPY (SELECT 1) TO PROGRAM 'true'"), { code: "42501" });
});

test("schema sys shows jobs and IAM mappings to every role", async (t) => {
  const { address } = await startStorage(t, await temporaryDataDir(t));
  await queryAsSuperuser(
    address,
    "CREATE ROLE myapp LOGIN",
    `INSERT INTO pg_dsql.job (job_id, status, job_type, class_id, object_id, object_name, start_time)
     VALUES ('00000000-0000-0000-0000-000000000001', 'submitted', 'INDEX_BUILD', 1259, 16400, 'public.t', now())`,
    `INSERT INTO pg_dsql.iam_mapping (arn, role_oid, grantor_oid)
     VALUES ('arn:aws:iam::123456789012:role/r', 'myapp'::regrole, 'admin'::regrole)`,
  );
  const jobs = await query(address, "myapp", "SELECT job_id, status, details, object_name FROM sys.jobs");
  assert.deepEqual(jobs, [
    { job_id: "aaaaaaaaaaaaaaaaaaaaaaaaae", status: "submitted", details: null, object_name: "public.t" },
  ]);
  const expected = [
    { arn: "arn:aws:iam::123456789012:role/r", pg_role_name: "myapp", grantor_pg_role_name: "admin" },
  ];
  const columns = "SELECT arn, pg_role_name, grantor_pg_role_name FROM";
  assert.deepEqual(await query(address, "myapp", `${columns} sys.iam_pg_role_mappings`), expected);
  const function_ = "aws_dsql.list_iam_principal_database_role_authorizations()";
  assert.deepEqual(await query(address, "myapp", `${columns} ${function_}`), expected);
  // A view of several tables: whoever asks, it takes no changes.
  await assert.rejects(query(address, "myapp", "DELETE FROM sys.jobs"), { code: "55000" });
});

test("a job id and its UUID are two forms of one value, and anything else is refused", async (t) => {
  const { address } = await startStorage(t, await temporaryDataDir(t));
  const rows = await query(
    address,
    "admin",
    `SELECT bool_and(sys.base32_str_to_uuid(sys.uuid_to_base32_str(id)) = id) AS same, min(length(sys.uuid_to_base32_str(id))) AS length
     FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 200)) AS ids`,
  );
  assert.deepEqual(rows, [{ same: true, length: 26 }]);
  for (const wrong of ["", "no id", "aaaaaaaaaaaaaaaaaaaaaaaaab", "AAAAAAAAAAAAAAAAAAAAAAAAAE"]) {
    const refusal = { code: "22P02", message: "Unable to convert text to UUID" };
    await assert.rejects(query(address, "admin", `SELECT sys.base32_str_to_uuid('${wrong}')`), refusal);
  }
});

test("sys.wait_for_job is a procedure", async (t) => {
  const { address } = await startStorage(t, await temporaryDataDir(t));
  const refusal = { code: "42809", message: "sys.wait_for_job(unknown) is a procedure" };
  await assert.rejects(query(address, "admin", "SELECT sys.wait_for_job('x')"), refusal);
});

test("an old data directory starts with what was committed", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const first = await startStorage(t, dataDir);
  await query(first.address, "admin", "CREATE TABLE account (id int)", "INSERT INTO account VALUES (7)");
  await stopStorage(first, dataDir);
  const second = await startStorage(t, dataDir);
  assert.deepEqual(await query(second.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
});

test("an immediate stop loses nothing that was committed", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const storage = await startStorage(t, dataDir);
  await query(storage.address, "admin", "CREATE TABLE account (id int)", "INSERT INTO account VALUES (7)");
  await storage.stop({ immediate: true });
  await storage.start();
  assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
});

test("a stop leaves no process and no socket folder, and is reported as expected", async (t) => {
  const storage = await startStorage(t, await temporaryDataDir(t));
  const { postmaster, guardian } = storage.processes;
  const { address } = storage;
  const exits: unknown[] = [];
  storage.onExit((exit) => exits.push(exit));
  await storage.stop();
  assert.deepEqual(exits, [{ expected: true, reason: "PostgreSQL ended with exit code 0" }]);
  assert.ok(!isAlive(postmaster ?? 0) && !isAlive(guardian ?? 0));
  if ("path" in address) await assert.rejects(stat(join(address.path, "..")), { code: "ENOENT" });
});

test("a stop during a start ends what the start had begun", async (t) => {
  const dataDir = await temporaryDataDir(t);
  await acquireDataDir(dataDir);
  const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, log: silentLog });
  const started = storage.start().catch(() => undefined);
  await storage.stop();
  await started;
  assert.deepEqual(storage.processes, { postmaster: undefined, guardian: undefined });
});

test("a second start of one data directory hears which process holds it", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const lock = await acquireDataDir(dataDir);
  await lock.publish({ port: 5432, region: "us-east-1" });
  assert.equal((await readLock(dataDir))?.port, 5432);
  await assert.rejects(acquireDataDir(dataDir), (error: StorageError) => {
    assert.match(error.problem, new RegExp(`^Process ${process.pid}, port 5432 has been using .* since 20`));
    return error instanceof StorageError;
  });
  await lock.release();
  assert.equal(await readLock(dataDir), undefined);
  await (await acquireDataDir(dataDir)).release();
});

test("fsync is off unless asked for, and pages are written whole either way", async (t) => {
  const settings =
    "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS commit";
  const dataDir = await temporaryDataDir(t);
  const fast = await startStorage(t, dataDir);
  assert.deepEqual(await query(fast.address, "admin", settings), [
    { fsync: "off", pages: "on", commit: "on" },
  ]);
  await stopStorage(fast, dataDir);
  const durable = await startStorage(t, dataDir, { fsync: true });
  assert.deepEqual(await query(durable.address, "admin", settings), [
    { fsync: "on", pages: "on", commit: "on" },
  ]);
});

test("a system schema whose marker is lost is recognised, and one of a newer version is left alone", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const storage = await startStorage(t, dataDir);
  await storage.stop();
  const marker = join(dataDir, "postgres", "dsql_system_schema");
  await writeFile(marker, "");
  await storage.start();
  await queryAsSuperuser(storage.address, "INSERT INTO pg_dsql.schema_version (version) VALUES (1000)");
  await storage.stop();
  await writeFile(marker, "");
  await assert.rejects(storage.start(), { name: "StorageError", problem: /newer version/ });
});

test("data of a version that cannot be brought up to date is left alone, and the error says what to do", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const storage = await startStorage(t, dataDir);
  await queryAsSuperuser(
    storage.address,
    "DELETE FROM pg_dsql.schema_version",
    "INSERT INTO pg_dsql.schema_version (version) VALUES (1)",
  );
  await storage.stop();
  await writeFile(join(dataDir, "postgres", "dsql_system_schema"), "1\n");
  await assert.rejects(storage.start(), {
    name: "StorageError",
    problem: /early version/,
    remedy: /another data directory/,
  });
});

test("two starts of new data directories at once do not disturb each other", async (t) => {
  const [left, right] = await Promise.all([
    startStorage(t, await temporaryDataDir(t)),
    startStorage(t, await temporaryDataDir(t)),
  ]);
  await Promise.all([
    query(left.address, "admin", "CREATE TABLE a (i int)"),
    query(right.address, "admin", "CREATE TABLE a (i int)"),
  ]);
});

const asRoot = { skip: process.getuid?.() === 0 ? false : "only root can become another user" };

test(
  "started by root, PostgreSQL runs as an unprivileged user and its files are closed to others",
  asRoot,
  async (t) => {
    const dataDir = await temporaryDataDir(t);
    const { address } = await startStorage(t, dataDir);
    const files = await stat(join(dataDir, "postgres"));
    assert.notEqual(files.uid, 0);
    assert.equal(files.mode & 0o777, 0o700);
    if ("path" in address) assert.equal((await stat(dirname(address.path))).mode & 0o777, 0o700);
  },
);

test("a directory that another user made is opened by root as that user", asRoot, async (t) => {
  const dataDir = await temporaryDataDir(t);
  await mkdir(dataDir);
  await chown(dataDir, 65534, 65534);
  const theirs = await startStorageProcess(t, dataDir, { uid: 65534, gid: 65534 });
  await query(theirs.address, "admin", "CREATE TABLE account (id int)", "INSERT INTO account VALUES (7)");
  const gone = once(theirs.child, "exit");
  theirs.child.kill("SIGKILL");
  await gone; // A signal is only on its way when kill() returns.
  const { address } = await startStorage(t, dataDir);
  assert.deepEqual(await query(address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
  assert.equal((await stat(join(dataDir, "postgres"))).uid, 65534);
});

test(
  "root's data below a folder that is closed to others is kept elsewhere, and removed with it",
  asRoot,
  async (t) => {
    const closed = await temporaryDataDir(t);
    await mkdir(closed, { mode: 0o700 });
    await chown(closed, 65533, 65533);
    const dataDir = join(closed, "data");
    const storage = await startStorage(t, dataDir);
    const files = await realpath(join(dataDir, "postgres"));
    assert.ok(!files.startsWith(closed), files);
    await storage.stop();
    await storage.start();
    await storage.stop();
    await removeDataDir(dataDir);
    await assert.rejects(stat(files), { code: "ENOENT" });
  },
);

test("root's data in a temporary folder of root's stays there", asRoot, async (t) => {
  const closed = await temporaryDataDir(t);
  await mkdir(closed, { mode: 0o700 });
  await startStorage(t, join(closed, "data"));
  assert.equal(await realpath(join(closed, "data", "postgres")), join(closed, "data", "postgres"));
  assert.equal((await stat(closed)).mode & 0o007, 0);
});
