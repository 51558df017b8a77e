/**
 * Nobody becomes superuser: what clients may define is never run with more rights than their own, and where a client has the
 * system do something, PostgreSQL itself refuses what needs a superuser.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { serviceLimits, silentLog } from "../../src/base/index.ts";
import { systemClock } from "../../src/base/clock.ts";
import { superuser, systemRole } from "../../src/storage/system-schema/index.ts";
import { acquireDataDir, createStorage } from "../../src/storage/index.ts";
import { Coordinator } from "../../src/transaction/index.ts";
import { Backend, type RightsBreach } from "../../src/backend/backend.ts";
import { request } from "../../src/backend/request.ts";
import { type RunningCluster, runCluster } from "../running-cluster.ts";
import { afterTest, query, queryAsSuperuser, startStorage, temporaryDataDir } from "../storage-helper.ts";

let running: RunningCluster;
let admin: pg.Client;
let mallory: pg.Client;
let alice: pg.Client;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  const arn = `arn:aws:iam::${running.cluster.account}:user/local-admin`;
  for (const role of ["mallory", "alice"]) {
    await again(admin, `CREATE ROLE ${role} WITH LOGIN`);
    await again(admin, `AWS IAM GRANT ${role} TO '${arn}'`);
    await again(admin, `CREATE SCHEMA ${role}`);
    await again(admin, `GRANT USAGE, CREATE ON SCHEMA ${role} TO ${role}, mallory`);
  }
  mallory = await running.connect({ user: "mallory" });
  alice = await running.connect({ user: "alice" });
});
after(() => running.stop());

/** A session hears once of a catalog change before its statement. */
async function again(client: pg.Client, text: string): Promise<pg.QueryResult> {
  return await client.query(text).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes("(OC001)")) return client.query(text);
    throw error;
  });
}

async function direct(text: string): Promise<unknown[]> {
  return await query(running.cluster.storageAddress, systemRole, text);
}

/** Beside the one that made the database, which pg_roles does not show. */
async function superusers(): Promise<unknown> {
  // PostgreSQL's own table: the view shows the service's `dbowner` as a superuser, which it is not here.
  const text = `SELECT rolname FROM pg_authid WHERE rolsuper AND rolname <> '${superuser}'`;
  const rows = (await direct(text)) as { rolname: string }[];
  return rows.map(({ rolname }) => rolname);
}

/** Does what only a superuser may, as whoever it is run as; harmless for its owner. */
const trap = (schema: string, name: string): readonly string[] => [
  `CREATE FUNCTION ${schema}.${name}_rises() RETURNS int LANGUAGE sql VOLATILE AS
   $$ UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = 'mallory'; SELECT 1 $$`,
  `CREATE FUNCTION ${schema}.${name}(k int) RETURNS int LANGUAGE sql IMMUTABLE AS
   $$ SELECT CASE WHEN current_user IN ('mallory', 'alice', 'admin') THEN k ELSE ${schema}.${name}_rises() END $$`,
];

describe("what a client has defined runs with that client's rights", () => {
  test("an index over a function, whose key two sessions insert", async () => {
    for (const text of trap("mallory", "f")) await again(mallory, text);
    await again(mallory, "CREATE TABLE mallory.t (k int, x text)");
    const { rows } = await again(mallory, "CREATE UNIQUE INDEX ASYNC t_by_f ON mallory.t (mallory.f(k), x)");
    await mallory.query(`CALL sys.wait_for_job('${(rows[0] as { job_id: string }).job_id}')`);
    const other = await running.connect({ user: "mallory" });
    await again(mallory, "SELECT FROM mallory.t");
    await again(other, "SELECT FROM mallory.t");
    await mallory.query("BEGIN");
    await mallory.query("SELECT count(*) FROM mallory.t");
    await other.query("INSERT INTO mallory.t VALUES (1, 'a, b')");
    await mallory.query("INSERT INTO mallory.t VALUES (1, 'a, b')");
    await assert.rejects(mallory.query("COMMIT"), { code: "40001" });
    await assert.rejects(mallory.query("INSERT INTO mallory.t VALUES (1, 'a, b')"), { code: "23505" });
    await assert.rejects(
      mallory.query("UPDATE mallory.t SET k = k + 1 WHERE mallory.f(k) = 1 RETURNING 1 / 0"),
    );
    assert.deepEqual(await superusers(), []);
  });

  test("a domain and a check in the rows that a FOR KEY SHARE remembers", async () => {
    for (const text of trap("mallory", "g")) await again(mallory, text);
    await again(mallory, "CREATE DOMAIN mallory.d AS int CHECK (mallory.g(VALUE) = VALUE)");
    await again(
      mallory,
      "CREATE TABLE mallory.shared (k mallory.d PRIMARY KEY, n int CHECK (mallory.g(n) = n))",
    );
    await again(mallory, "INSERT INTO mallory.shared VALUES (1, 1)");
    const other = await running.connect({ user: "mallory" });
    await again(other, "SELECT FROM mallory.shared");
    await mallory.query("BEGIN");
    await mallory.query("DELETE FROM mallory.shared WHERE k = 1");
    await other.query("BEGIN");
    await other.query("SELECT k FROM mallory.shared WHERE k = 1 FOR KEY SHARE");
    await other.query("COMMIT");
    await mallory.query("COMMIT").catch(() => mallory.query("ROLLBACK"));
    assert.deepEqual(await superusers(), []);
  });

  test("checks that a job validates, defaults, generated columns and views", async () => {
    for (const text of trap("mallory", "h")) await again(mallory, text);
    await again(
      mallory,
      `CREATE TABLE mallory.made (k int PRIMARY KEY, n int DEFAULT mallory.h(1),
         g int GENERATED ALWAYS AS (mallory.h(k)) STORED)`,
    );
    await again(mallory, "INSERT INTO mallory.made (k) VALUES (1)");
    await again(mallory, "CREATE VIEW mallory.v AS SELECT mallory.h(k) AS k FROM mallory.made");
    await again(mallory, "SELECT * FROM mallory.v");
    await again(mallory, "ALTER TABLE mallory.made ADD CONSTRAINT c CHECK (mallory.h(n) = n) NOT VALID");
    const { rows } = await again(mallory, "ALTER TABLE ASYNC mallory.made VALIDATE CONSTRAINT c");
    await mallory.query(`CALL sys.wait_for_job('${(rows[0] as { job_id: string }).job_id}')`);
    await again(mallory, "ANALYZE mallory.made");
    assert.deepEqual(await superusers(), []);
  });
});

describe("names of PostgreSQL's that a client has taken", () => {
  const taken: readonly string[] = [
    ...[
      ["lower(name)", "text"],
      ["lower(text)", "text"],
      ["unnest(text[])", "SETOF text"],
      ["concat_ws(text, text, text, tid)", "text"],
      ["pg_column_size(text)", "int"],
      ["octet_length(text)", "int"],
      ["current_setting(text)", "text"],
      ["to_regclass(text)", "regclass"],
      ["quote_ident(text)", "text"],
      ["pg_has_role(oid, text)", "bool"],
      ["format_type(oid, int)", "text"],
      ["pg_backend_pid()", "int"],
      ["pg_current_snapshot()", "pg_snapshot"],
      ["pg_current_xact_id_if_assigned()", "xid8"],
      ["json_build_object()", "json"],
      ["pg_get_indexdef(oid)", "text"],
    ].map(
      ([head, gives]) =>
        `CREATE FUNCTION public.${head} RETURNS ${gives} LANGUAGE sql VOLATILE AS
         $$ UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = 'admin'; SELECT (1 / 0)::text::${gives?.replace("SETOF ", "")} $$`,
    ),
    ...["pg_class", "pg_namespace", "pg_index", "pg_settings", "pg_roles", "pg_attribute"].map(
      (name) => `CREATE TABLE public.${name} (oid int PRIMARY KEY)`,
    ),
    ...["tid", "int8", "regclass"].map(
      (name) => `CREATE DOMAIN public.${name} AS varchar CHECK (VALUE = 'never')`,
    ),
  ];

  test("are used by no statement of the system's, whatever is found first", async (t) => {
    const made: string[] = [];
    for (const text of taken) {
      await again(admin, text).then(
        () => made.push(text),
        (error: unknown) => {
          if (!/^(?:0A000|42P13)$/.test((error as { code: string }).code)) throw error;
        },
      );
    }
    t.diagnostic(`${made.length} of ${taken.length} names can be taken`);
    assert.ok(made.length > taken.length / 2);
    const one = await running.connect();
    const two = await running.connect();
    for (const client of [one, two]) await client.query("SET search_path TO public, pg_catalog");
    await again(
      one,
      "CREATE TABLE named (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, k int UNIQUE, x varchar)",
    );
    await again(one, "ALTER TABLE named ADD COLUMN y int, ADD COLUMN big varchar");
    const { rows } = await again(one, "CREATE INDEX ASYNC ON named (x)");
    await again(one, `CALL sys.wait_for_job('${(rows[0] as { job_id: string }).job_id}')`);
    await again(two, "SELECT FROM named");
    await again(one, "INSERT INTO named (k, x) SELECT g, 'x' FROM generate_series(1, 4) AS g");
    await again(one, "ANALYZE named");
    await one.query("EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM named WHERE k = 1");
    await one.query("INSERT INTO named (k, big) VALUES ($1, $2)", [9, "y".repeat(100_000)]);
    await assert.rejects(one.query("INSERT INTO named (k) VALUES (1)"), { code: "23505" });
    await assert.rejects(one.query("UPDATE named SET k = 2 WHERE k = 1"), { code: "23505" });
    await one.query("BEGIN");
    await one.query("SELECT * FROM named WHERE k = 3 FOR UPDATE");
    await one.query("WITH l AS (SELECT k FROM named WHERE k = 4 FOR UPDATE) SELECT * FROM l");
    await one.query("COMMIT");
    // Parked, run again, then lost: its statements are answered by the shadow.
    await one.query("BEGIN");
    await one.query("UPDATE named SET y = 1 WHERE k = 1");
    await one.query("INSERT INTO named (k, x) VALUES (20, 'z') ON CONFLICT (k) DO UPDATE SET x = 'w'");
    await two.query("UPDATE named SET y = 2 WHERE k = 1");
    await one.query("SELECT * FROM named");
    await one.query("INSERT INTO named (k) VALUES (21)");
    await one.query("UPDATE named SET k = 22 WHERE k = 21");
    await one.query("INSERT INTO named (k) VALUES (20) ON CONFLICT (k) DO UPDATE SET y = 3");
    await one.query("WITH d AS (DELETE FROM named WHERE k = 22 RETURNING k) SELECT * FROM d");
    await assert.rejects(one.query("COMMIT"), { code: "40001", message: /OC000/ });
    await again(one, "DROP TABLE named");
    assert.deepEqual(await superusers(), []);
  });
});

describe("statements that ask for more", () => {
  for (const text of [
    "ALTER ROLE admin SUPERUSER",
    "ALTER ROLE mallory SUPERUSER",
    "CREATE ROLE boss SUPERUSER",
    "CREATE ROLE boss BYPASSRLS",
    "CREATE ROLE boss IN ROLE dsql_control",
    "CREATE ROLE boss ROLE dsql_system",
    "CREATE ROLE dsql_control",
    "GRANT dsql_system TO mallory",
    "GRANT dsql_control TO mallory",
    "GRANT dsql_control TO admin WITH ADMIN OPTION",
    "GRANT pg_execute_server_program TO admin",
    "GRANT pg_read_server_files TO mallory",
    "ALTER ROLE dsql_control SUPERUSER",
    "ALTER ROLE dsql_control PASSWORD 'known'",
    "ALTER ROLE dsql_control RENAME TO gone",
    "ALTER ROLE dsql_control SET search_path TO public",
    "ALTER ROLE dsql_system NOLOGIN",
    "DROP ROLE dsql_control",
    "SET ROLE dsql_system",
    "SET ROLE dsql_control",
    "SET SESSION AUTHORIZATION dsql_system",
    "SET SESSION AUTHORIZATION dsql_control",
    "SELECT set_config('role', 'dsql_control', false)",
    "SELECT set_config('session_authorization', 'dsql_system', false)",
    "UPDATE pg_authid SET rolsuper = true",
    "UPDATE pg_catalog.pg_authid SET rolsuper = true",
    "ALTER SYSTEM SET archive_command = 'id'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_dsql.give_password('admin', 'known')",
    "SELECT pg_dsql.iam_grant('dsql_control', 'arn:aws:iam::123456789012:role/r')",
    "AWS IAM GRANT dsql_control TO 'arn:aws:iam::123456789012:role/r'",
    "AWS IAM GRANT dsql_system TO 'arn:aws:iam::123456789012:role/r'",
    "REASSIGN OWNED BY dsql_system TO admin",
    "ALTER SCHEMA pg_dsql OWNER TO admin",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION pg_dsql.record_drop()",
    "CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE SCHEMA s AUTHORIZATION dsql_system",
  ]) {
    test(text, async () => {
      for (const client of [admin, mallory]) {
        await assert.rejects(again(client, text), (error: unknown) => {
          assert.ok(error instanceof pg.DatabaseError);
          return error.code !== "XX000";
        });
      }
      assert.deepEqual(await superusers(), []);
    });
  }

  test("functions that change who they are", async () => {
    for (const [name, body] of [
      ["resets", "RESET SESSION AUTHORIZATION; UPDATE pg_catalog.pg_authid SET rolsuper = true"],
      ["sets", "SET SESSION AUTHORIZATION dsql_system; UPDATE pg_catalog.pg_authid SET rolsuper = true"],
      ["takes", "SET ROLE dsql_control"],
      ["configures", "SELECT pg_catalog.set_config('session_authorization', 'dsql_system', false)"],
      ["writes", "UPDATE pg_catalog.pg_authid SET rolsuper = true"],
      ["reads", "SELECT pg_catalog.pg_read_file('/etc/passwd')"],
    ] as const) {
      for (const rights of ["INVOKER", "DEFINER"]) {
        const made = await again(
          mallory,
          `CREATE FUNCTION mallory.${name}_${rights}() RETURNS void LANGUAGE sql SECURITY ${rights} AS $$ ${body} $$`,
        ).catch((error: unknown) => {
          assert.ok(error instanceof pg.DatabaseError);
          return undefined;
        });
        if (made === undefined) continue;
        for (const client of [mallory, alice])
          await assert.rejects(client.query(`SELECT mallory.${name}_${rights}()`));
      }
    }
    assert.deepEqual(await superusers(), []);
    const { rows } = await mallory.query("SELECT session_user, current_user");
    assert.deepEqual(rows, [{ session_user: "mallory", current_user: "mallory" }]);
  });

  test("no catalog shows a client the system's own role", async () => {
    for (const text of [
      "SELECT rolname AS name FROM pg_roles",
      "SELECT usename AS name FROM pg_user",
      "SELECT usename AS name FROM pg_shadow",
      "SELECT groname AS name FROM pg_group",
      "SELECT pg_get_userbyid(member) AS name FROM pg_auth_members",
      "SELECT grantee AS name FROM information_schema.role_table_grants",
    ]) {
      const { rows } = await admin.query<{ name: string }>(text);
      const names = rows.map(({ name }) => name);
      assert.equal(names.includes(systemRole) || names.includes(superuser), false, text);
    }
  });
});

describe("PostgreSQL itself is the second wall", () => {
  test("nobody connects as the superuser", async () => {
    await assert.rejects(query(running.cluster.storageAddress, superuser, "SELECT 1"), { code: "28000" });
  });

  for (const text of [
    "UPDATE pg_authid SET rolsuper = true",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "ALTER SYSTEM SET archive_command = 'id'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/dsql-attack'",
    "CREATE TABLE pg_catalog.t (n int)",
    "CREATE TABLE public.t (n int)",
    "ALTER ROLE dsql_control SUPERUSER",
    "ALTER ROLE dsql_control BYPASSRLS",
    "CREATE ROLE boss",
    "SET SESSION AUTHORIZATION dsql_system",
    "SET ROLE dsql_system",
    "SET ROLE admin",
    "SELECT pg_dsql.give_password('dsql_system', 'known')",
    "DROP TABLE pg_dsql.job",
    "CREATE FUNCTION pg_dsql.f() RETURNS int LANGUAGE sql RETURN 1",
    "LOAD 'plpgsql'",
  ])
    test(`the system's own role: ${text}`, async () => {
      await assert.rejects(direct(text), (error: unknown) => (error as { code: string }).code === "42501");
    });

  test("no session is anybody else's than the system's role or a client's", async () => {
    const rows = (await direct(
      "SELECT DISTINCT usename FROM pg_stat_activity WHERE backend_type = 'client backend'",
    )) as { usename: string }[];
    assert.equal(
      rows.some(({ usename }) => usename === superuser),
      false,
    );
  });

  test("a backend that turns out to be a superuser's is lost and told of", async (t) => {
    const dataDir = await temporaryDataDir(t);
    const { address } = await startStorage(t, dataDir);
    await queryAsSuperuser(address, "SELECT 1"); // Lets it in.
    const breaches: unknown[] = [];
    const onBreach = ({ role, parameter, value }: RightsBreach): void => {
      breaches.push({ role, parameter, value });
    };
    await assert.rejects(Backend.connect({ address, user: superuser, onBreach }), { name: "BackendLost" });
    assert.deepEqual(breaches, [{ role: superuser, parameter: "is_superuser", value: "on" }]);
  });
});

describe("where PostgreSQL listens on TCP", () => {
  test("each role has a password of its own, and its session has never been another's", async (t) => {
    const dataDir = await temporaryDataDir(t);
    const lock = await acquireDataDir(dataDir);
    const log = silentLog;
    const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, log, listen: "tcp" });
    afterTest(t, async () => {
      await storage.stop();
      await lock.release();
    });
    await storage.start();
    const coordinator = new Coordinator({
      address: () => storage.address,
      systemRole: storage.systemRole,
      clock: systemClock,
      log,
      limits: serviceLimits,
    });
    afterTest(t, () => {
      coordinator.close();
    });
    await coordinator.start();
    const backend = await coordinator.openBackend("admin");
    const { rows } = await request(backend, "SELECT session_user, current_user");
    assert.deepEqual(rows, [["admin", "admin"]]);
    await request(backend, "RESET SESSION AUTHORIZATION");
    const after_ = await request(backend, "SELECT session_user, pg_catalog.current_setting('is_superuser')");
    assert.deepEqual(after_.rows, [["admin", "off"]]);
    backend.close();
    const { host, port, password } = storage.address as { host: string; port: number; password: string };
    for (const [user, guess] of [
      [superuser, password],
      [superuser, ""],
      ["admin", password],
      ["admin", ""],
      [systemRole, "guess"],
    ] as const) {
      const client = new pg.Client({ host, port, user, password: guess, database: "postgres" });
      client.on("error", () => undefined);
      await assert.rejects(client.connect(), { code: /^28/ }, `${user} ${guess}`);
    }
    await assert.rejects(coordinator.openBackend(superuser));
  });
});
