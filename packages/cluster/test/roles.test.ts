/** Database roles, who may do what with them, and the IAM principals that may connect as them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let admin: pg.Client;
let arn: string;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  arn = `arn:aws:iam::${running.cluster.account}:user/local-admin`;
});
after(() => running.stop());

/** Runs statements one after the other; each hears at most once of a catalog change before it (OC001). */
async function run(client: pg.Client, ...texts: string[]): Promise<pg.QueryResult> {
  let result: pg.QueryResult | undefined;
  for (const text of texts) {
    result = await client.query(text).catch((error: unknown) => {
      if (error instanceof Error && error.message.includes("(OC001)")) return client.query(text);
      throw error;
    });
  }
  return result as pg.QueryResult;
}

/** A role that this account may connect as, connected. */
async function connectAs(role: string): Promise<pg.Client> {
  await run(admin, `CREATE ROLE ${role} WITH LOGIN`, `AWS IAM GRANT ${role} TO '${arn}'`);
  return await running.connect({ user: role });
}

describe("AWS IAM GRANT and REVOKE", () => {
  test("say in the service's words what is wrong", async () => {
    await run(
      admin,
      "CREATE ROLE no_login",
      "CREATE ROLE mapped WITH LOGIN",
      `AWS IAM GRANT mapped TO '${arn}'`,
    );
    for (const [text, code, message] of [
      [`AWS IAM GRANT nobody TO '${arn}'`, "42704", 'role "nobody" does not exist'],
      [`AWS IAM GRANT no_login TO '${arn}'`, "42501", "role no_login must have the LOGIN attribute"],
      [`AWS IAM GRANT admin TO '${arn}'`, "0A000", "Role admin not supported"],
      [`AWS IAM GRANT pg_monitor TO '${arn}'`, "0A000", "Role pg_monitor not supported"],
      ["AWS IAM GRANT mapped TO 'role/app'", "22023", "IAM role must look like an IAM ARN"],
      [
        "AWS IAM GRANT mapped TO 'arn:aws:sts::123456789012:assumed-role/app/session'",
        "22023",
        "IAM role must look like an IAM ARN",
      ],
      [`AWS IAM GRANT mapped TO '${arn}'`, "42710", `IAM role ${arn} is already mapped to role mapped`],
      [`AWS IAM REVOKE no_login FROM '${arn}'`, "42704", `IAM role ${arn} is not mapped to role no_login`],
      [`AWS IAM REVOKE nobody FROM '${arn}'`, "42704", 'role "nobody" does not exist'],
    ] as const)
      await assert.rejects(run(admin, text), { code, message }, text);
  });

  test("roles, users, paths and other partitions are taken; both views list them", async () => {
    const principals = [
      "arn:aws:iam::111122223333:role/service/app",
      "arn:aws:iam::111122223333:user/ana@example.com",
      "arn:aws-cn:iam::111122223333:role/app",
    ];
    await run(admin, 'CREATE ROLE "Listed" WITH LOGIN');
    for (const principal of principals) await run(admin, `AWS IAM GRANT "Listed" TO '${principal}'`);
    const columns =
      "arn, pg_role_name, grantor_pg_role_oid::int, grantor_pg_role_name, iam_oid >= 16384 AND pg_role_oid >= 16384 AS client_oids";
    for (const source of [
      "sys.iam_pg_role_mappings",
      "aws_dsql.list_iam_principal_database_role_authorizations()",
    ]) {
      const { rows } = await run(
        admin,
        `SELECT ${columns} FROM ${source} WHERE pg_role_name = 'Listed' ORDER BY iam_oid`,
      );
      assert.deepEqual(
        rows,
        principals.map((principal) => ({
          arn: principal,
          pg_role_name: "Listed",
          grantor_pg_role_oid: 15579,
          grantor_pg_role_name: "admin",
          client_oids: true,
        })),
      );
    }
  });

  test("a mapping is there with its COMMIT, and not after a ROLLBACK", async () => {
    await run(admin, "CREATE ROLE later WITH LOGIN");
    await run(admin, "BEGIN", `AWS IAM GRANT later TO '${arn}'`, "ROLLBACK");
    await assert.rejects(running.connect({ user: "later" }), { code: "08006" });
    await run(admin, "BEGIN", `AWS IAM GRANT later TO '${arn}'`, "COMMIT");
    const later = await running.connect({ user: "later" });
    await run(admin, `AWS IAM REVOKE later FROM '${arn}'`);
    await run(later, "SELECT 1"); // Only connecting is checked.
    await assert.rejects(running.connect({ user: "later" }), {
      code: "08006",
      message: "unable to accept connection, access denied",
    });
  });

  test("a mapped role is not dropped before its mappings are revoked", async () => {
    await run(admin, "CREATE ROLE kept WITH LOGIN", `AWS IAM GRANT kept TO '${arn}'`);
    await assert.rejects(run(admin, "DROP ROLE IF EXISTS nobody, kept"), {
      code: "2BP01",
      message: "role kept cannot be dropped because some objects depend on it",
    });
    await run(admin, `AWS IAM REVOKE kept FROM '${arn}'`, "DROP ROLE kept");
  });
});

describe("roles", () => {
  test("forms that the service has are taken, the others refused", async () => {
    await run(
      admin,
      "CREATE ROLE plain",
      "ALTER ROLE plain WITH LOGIN",
      "ALTER USER plain NOLOGIN",
      "ALTER GROUP plain RENAME TO simple",
      "CREATE ROLE member",
      "GRANT simple TO member",
      "REVOKE simple FROM member",
      "DROP USER simple",
      "DROP GROUP member",
    );
    for (const text of [
      "CREATE ROLE x PASSWORD 'secret'",
      "CREATE ROLE x SUPERUSER",
      "CREATE ROLE x CREATEDB",
      "CREATE ROLE x VALID UNTIL 'infinity'",
      "CREATE USER x",
      "ALTER ROLE admin SET search_path TO s",
      "SET ROLE admin",
      "REASSIGN OWNED BY admin TO admin",
    ])
      await assert.rejects(run(admin, text), { code: "0A000" }, text);
    await run(admin, "CREATE ROLE twice");
    await assert.rejects(run(admin, "CREATE ROLE twice"), {
      code: "42710",
      message: 'role "twice" already exists',
    });
  });

  test("a role made anew under a dropped or renamed one's name is not given its backends", async () => {
    const first = await connectAs("phoenix");
    await run(first, "SELECT 1");
    await run(admin, `AWS IAM REVOKE phoenix FROM '${arn}'`, "DROP ROLE phoenix");
    await run(admin, "CREATE TABLE for_phoenix (id int PRIMARY KEY)");
    const second = await connectAs("phoenix");
    await run(admin, "GRANT SELECT ON for_phoenix TO phoenix");
    await run(second, "SELECT * FROM for_phoenix");
    await run(admin, "ALTER ROLE phoenix RENAME TO ash");
    const third = await connectAs("phoenix");
    await assert.rejects(run(third, "SELECT * FROM for_phoenix"), { code: "42501" });
    const renamed = await running.connect({ user: "ash" });
    await run(renamed, "SELECT * FROM for_phoenix");
  });

  test("admin is no superuser", async () => {
    const { rows } = await run(
      admin,
      "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user",
    );
    assert.deepEqual(rows, [{ rolsuper: false, rolcreatedb: false }]);
    for (const text of [
      "SELECT * FROM pg_authid",
      "DROP SCHEMA public",
      "ALTER ROLE admin NOLOGIN",
      "GRANT pg_read_all_data TO admin",
      "CREATE TABLE sys.mine (id int)",
      "UPDATE pg_settings SET setting = '1' WHERE name = 'statement_timeout'",
    ])
      await assert.rejects(run(admin, text), { code: "42501" }, text);
  });

  test("privileges on system entities are not given away, those on tables in public are", async () => {
    await run(admin, "CREATE ROLE grantee", "CREATE TABLE given (id int PRIMARY KEY, v text)");
    for (const text of [
      "GRANT USAGE ON SCHEMA public TO grantee",
      "GRANT CREATE ON SCHEMA public TO grantee",
      "REVOKE USAGE ON SCHEMA sys FROM PUBLIC",
      "GRANT SELECT ON given, sys.jobs TO grantee",
      "REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC",
      "GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_lock(bigint) TO grantee",
      "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sys FROM PUBLIC",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA sys GRANT SELECT ON TABLES TO grantee",
    ])
      await assert.rejects(run(admin, text), {
        code: "0A000",
        message: "feature not supported on system entity",
      });
    await assert.rejects(run(admin, "GRANT CONNECT ON DATABASE postgres TO grantee"), {
      code: "0A000",
      message: "unsupported object type in GRANT",
    });
    await run(
      admin,
      "GRANT SELECT, INSERT (id) ON given TO grantee",
      "GRANT SELECT ON ALL TABLES IN SCHEMA public TO grantee",
      "REVOKE ALL ON given FROM grantee",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO grantee",
    );
  });
});

describe("a role that is not admin", () => {
  let app: pg.Client;
  before(async () => {
    app = await connectAs("app");
    await run(
      admin,
      "CREATE TABLE account (id int PRIMARY KEY, balance int)",
      "GRANT SELECT ON account TO app",
      "CREATE SCHEMA own",
      "GRANT USAGE, CREATE ON SCHEMA own TO app",
      "CREATE ROLE other",
    );
  });

  test("reads what it was given and nothing else", async () => {
    await run(app, "SELECT * FROM account");
    await run(admin, "CREATE TABLE secret (id int PRIMARY KEY)");
    for (const [text, message] of [
      ["SELECT * FROM secret", "permission denied for table secret"],
      ["INSERT INTO account VALUES (1, 1)", "permission denied for table account"],
      ["UPDATE account SET balance = 0", "permission denied for table account"],
      ["DELETE FROM account", "permission denied for table account"],
      ["SELECT * FROM account FOR UPDATE", "permission denied for table account"],
      ["COPY account FROM STDIN", "permission denied for table account"],
    ] as const)
      await assert.rejects(run(app, text), { code: "42501", message }, text);
  });

  test("creates in a schema that it was given, not in public and no schema", async () => {
    await run(
      app,
      "CREATE TABLE own.note (id int PRIMARY KEY, text text)",
      "INSERT INTO own.note VALUES (1, 'x')",
    );
    for (const [text, message] of [
      ["CREATE TABLE note (id int)", "permission denied for schema public"],
      ["CREATE VIEW v AS SELECT 1", "permission denied for schema public"],
      ["CREATE SCHEMA mine", "permission denied for database postgres"],
      ["CREATE TABLE sys.note (id int)", "permission denied for schema sys"],
    ] as const)
      await assert.rejects(run(app, text), { code: "42501", message }, text);
  });

  test("changes neither tables of others nor roles nor mappings", async () => {
    for (const [text, message] of [
      ["ALTER TABLE account ADD COLUMN x int", "must be owner of table account"],
      ["DROP TABLE account", "must be owner of table account"],
      ["CREATE INDEX ASYNC ON account (balance)", "must be owner of table account"],
      ["CREATE ROLE mine", "permission denied to create role"],
      ["DROP ROLE other", "permission denied to drop role"],
      ["ALTER ROLE other LOGIN", "permission denied to alter role"],
      ["GRANT other TO app", 'permission denied to grant role "other"'],
      [`AWS IAM GRANT app TO '${arn}'`, "permission denied to grant IAM trust with role app"],
      [`AWS IAM REVOKE app FROM '${arn}'`, "permission denied to grant IAM trust with role app"],
    ] as const)
      await assert.rejects(run(app, text), { code: "42501", message }, text);
  });

  test("a refusal aborts its block and nothing else", async () => {
    await run(app, "BEGIN");
    await assert.rejects(run(app, "DELETE FROM account"), { code: "42501" });
    await assert.rejects(run(app, "SELECT 1"), { code: "25P02" });
    assert.equal((await run(app, "COMMIT")).command, "ROLLBACK");
    await run(app, "SELECT * FROM account");
    await run(admin, "SELECT * FROM account");
  });

  test("a role given to it lends its privileges", async () => {
    await run(
      admin,
      "CREATE TABLE shared (id int PRIMARY KEY)",
      "GRANT SELECT ON shared TO other",
      "GRANT other TO app",
    );
    await run(app, "SELECT * FROM shared");
    await run(admin, "REVOKE other FROM app");
    await assert.rejects(run(app, "SELECT * FROM shared"), { code: "42501" });
  });

  test("SET LOCAL ROLE takes on a role for the rest of the block", async () => {
    await run(admin, "GRANT other TO app");
    await run(app, "BEGIN", "SET LOCAL ROLE other");
    assert.deepEqual((await run(app, "SELECT current_user, session_user")).rows, [
      { current_user: "other", session_user: "app" },
    ]);
    await run(app, "COMMIT");
    assert.deepEqual((await run(app, "SELECT current_user")).rows, [{ current_user: "app" }]);
  });
});
