/** What introspection sees: PostgreSQL's catalogs as the service shows them, and nothing of the cluster's own. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { hiddenSchemas, shownCatalogs } from "../src/base/index.ts";
import { superuser, systemRole } from "../src/storage/system-schema/index.ts";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let admin: pg.Client;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  for (const text of [
    'CREATE TABLE account (id bigint PRIMARY KEY, owner varchar(30) NOT NULL, "Balance" numeric(12,2), UNIQUE (owner))',
    "CREATE TABLE entry (account_id bigint REFERENCES account (id), no int, note text, PRIMARY KEY (account_id, no) INCLUDE (note))",
    "CREATE TABLE keyless (id int)",
    'CREATE VIEW rich AS SELECT * FROM account WHERE "Balance" > 1000',
  ])
    await admin.query(text);
});
after(() => running.stop());

async function rows(text: string): Promise<unknown[][]> {
  return (await admin.query<unknown[]>({ text, rowMode: "array" })).rows;
}

describe("nothing of the cluster's own", () => {
  const ours = [superuser, systemRole, ...hiddenSchemas];

  /** Relations that introspection reads; every row of each is looked through as text. */
  async function introspectable(): Promise<string[]> {
    const found = await rows(
      `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
         AND has_table_privilege(c.oid, 'SELECT')`,
    );
    return found.map(([name]) => String(name));
  }

  // What they hold of ours is a number or the text of a function, and no name of a relation, schema or role.
  const bodies = new Set(["pg_catalog.pg_rewrite"]);

  test("no row of any catalog or system view names a schema or the superuser", async () => {
    // A doomed transaction leaves a temporary schema behind.
    await running.storage("CREATE TEMPORARY TABLE shadow (id int)");
    for (const relation of await introspectable()) {
      if (bodies.has(relation)) continue;
      // Bodies of functions, and this very statement.
      const cut = " - 'prosrc' - 'prosqlbody' - 'query'";
      // The service has a role whose name begins as our schemas do.
      const text = `replace((to_jsonb(r)${cut})::text, '"pg_dsql_diagnostic"', '""')`;
      const found = await admin.query<{ row: string }>(
        `SELECT ${text} AS row FROM ${relation} AS r
         WHERE ${text} ~ '${ours.join("|")}|pg_temp_|\\mshadow\\M' LIMIT 1`,
      );
      assert.deepEqual(found.rows, [], relation);
    }
  });

  test("schemas and databases are those of the service", async () => {
    assert.deepEqual(await rows("SELECT nspname FROM pg_namespace ORDER BY 1"), [
      ["information_schema"],
      ["pg_catalog"],
      ["pg_toast"],
      ["public"],
      ["sys"],
    ]);
    assert.deepEqual(
      await rows(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name !~ '^pg_' ORDER BY 1",
      ),
      [["information_schema"], ["public"], ["sys"]],
    );
    assert.deepEqual(await rows("SELECT datname FROM pg_database"), [["postgres"]]);
    assert.deepEqual(await rows("SELECT DISTINCT table_schema FROM information_schema.tables ORDER BY 1"), [
      ["information_schema"],
      ["pg_catalog"],
      ["public"],
      ["sys"],
    ]);
  });

  test("a session sees no other one, and no statement that another has prepared", async () => {
    const other = await running.connect();
    await other.query({ name: "of another", text: "SELECT 1" });
    await other.query("BEGIN");
    await other.query("SELECT * FROM account");
    for (const view of ["pg_stat_activity", "pg_stat_ssl"])
      assert.deepEqual(await rows(`SELECT count(*)::int FROM ${view}`), [[1]], view);
    assert.deepEqual(await rows("SELECT query FROM pg_stat_activity"), [
      ["SELECT query FROM pg_stat_activity"],
    ]);
    for (const view of ["pg_prepared_statements", "pg_cursors", "pg_stat_user_indexes"])
      assert.deepEqual(await rows(`SELECT * FROM ${view}`), [], view);
    await other.query("ROLLBACK");
  });

  test("its schemas cannot be read by name", async () => {
    await assert.rejects(admin.query("SELECT * FROM pg_dsql.job"), { code: "42P01" });
    await assert.rejects(admin.query("SELECT pg_dsql.iam_revoke('a', 'b')"), { code: "3F000" });
  });
});

describe("definitions", () => {
  test("every role reads them", async () => {
    await admin.query("CREATE ROLE reader WITH LOGIN");
    await admin.query("AWS IAM GRANT reader TO 'arn:aws:iam::123456789012:user/local-admin'");
    const reader = await running.connect({ user: "reader" });
    const { rows: found } = await reader.query<{ index: string; key: string; view: string }>(
      `SELECT pg_get_indexdef('account_pkey'::regclass) AS index, pg_get_viewdef('rich'::regclass) AS view,
              (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'account_pkey') AS key`,
    );
    await reader.end();
    assert.match(found[0]?.index ?? "", /USING btree_index \(id\) INCLUDE/);
    assert.match(found[0]?.key ?? "", /^PRIMARY KEY \(id\) INCLUDE/);
    assert.match(found[0]?.view ?? "", /FROM account/);
  });

  test("an index is of btree_index, and a primary key's includes every other column", async () => {
    assert.deepEqual(
      await rows("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
      [
        [
          "account_owner_key",
          "CREATE UNIQUE INDEX account_owner_key ON public.account USING btree_index (owner)",
        ],
        [
          "account_pkey",
          'CREATE UNIQUE INDEX account_pkey ON public.account USING btree_index (id) INCLUDE (owner, "Balance")',
        ],
        [
          "entry_pkey",
          "CREATE UNIQUE INDEX entry_pkey ON public.entry USING btree_index (account_id, no) INCLUDE (note)",
        ],
      ],
    );
  });

  test("a constraint's definition shows the same for primary keys only", async () => {
    assert.deepEqual(
      await rows(
        "SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1",
      ),
      [
        ["account_owner_key", "UNIQUE (owner)", "UNIQUE (owner)"],
        ...[["account_pkey", 'PRIMARY KEY (id) INCLUDE (owner, "Balance")']].map(([name, text]) => [
          name,
          text,
          text,
        ]),
        [
          "entry_account_id_fkey",
          "FOREIGN KEY (account_id) REFERENCES account(id)",
          "FOREIGN KEY (account_id) REFERENCES account(id)",
        ],
        ...[["entry_pkey", "PRIMARY KEY (account_id, no) INCLUDE (note)"]].map(([name, text]) => [
          name,
          text,
          text,
        ]),
      ],
    );
  });

  test("pg_index, pg_class and pg_attribute agree on the columns of a primary key's index", async () => {
    assert.deepEqual(
      await rows(
        `SELECT i.indnatts, i.indnkeyatts, i.indkey::text, c.relnatts, m.amname
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
         WHERE c.relname = 'account_pkey'`,
      ),
      [[3, 1, "1 2 3", 3, "btree_index"]],
    );
    assert.deepEqual(
      await rows(
        `SELECT attnum, attname, format_type(atttypid, atttypmod), pg_get_indexdef(attrelid, attnum, true)
         FROM pg_attribute WHERE attrelid = 'account_pkey'::regclass ORDER BY attnum`,
      ),
      [
        [1, "id", "bigint", "id"],
        [2, "owner", "character varying(30)", "owner"],
        [3, "Balance", "numeric(12,2)", '"Balance"'],
      ],
    );
    assert.deepEqual(await rows("SELECT amname, amtype FROM pg_am ORDER BY 1"), [
      ["btree_index", "i"],
      ["btree_table", "t"],
    ]);
  });

  test("text-like columns are compressed with lz4", async () => {
    assert.deepEqual(
      await rows(
        "SELECT attname, attcompression FROM pg_attribute WHERE attrelid = 'account'::regclass AND attnum > 0 ORDER BY attnum",
      ),
      [
        ["id", ""],
        ["owner", "l"],
        ["Balance", "l"],
      ],
    );
  });

  test("the system's views read as PostgreSQL's", async () => {
    const [[definition]] = (await rows("SELECT pg_get_viewdef('pg_tables'::regclass)")) as [[string]];
    assert.match(definition, /FROM \(\(pg_class c/);
  });

  test("a client's own view is given back as it was made", async () => {
    const [[definition]] = (await rows("SELECT definition FROM pg_views WHERE viewname = 'rich'")) as [
      [string],
    ];
    assert.match(definition, /FROM account\s+WHERE/);
  });
});

describe("identity", () => {
  test("every way of asking for the version gives the service's", async () => {
    for (const text of [
      "SHOW server_version",
      "SELECT current_setting('server_version')",
      "SELECT setting FROM pg_settings WHERE name = 'server_version'",
    ])
      assert.deepEqual(await rows(text), [["16.15"]], text);
    const all = await admin.query<{ name: string; setting: string; description: string }>("SHOW ALL");
    assert.equal(all.command, "SHOW");
    const shown = new Map(all.rows.map(({ name, setting }) => [name, setting]));
    assert.equal(shown.get("server_version_num"), "160015");
    assert.equal(shown.get("max_connections"), "20");
    assert.equal(shown.get("checkpoint_timeout"), "15min");
    assert.deepEqual(await rows("SELECT version()"), [["PostgreSQL 16"]]);
  });

  test("admin owns what the system owns, and has the oid of the service's documentation", async () => {
    assert.deepEqual(await rows("SELECT oid::int FROM pg_roles WHERE rolname = 'admin'"), [[15579]]);
    assert.deepEqual(
      await rows("SELECT pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace WHERE nspname = 'public'"),
      [["admin", "{=U/admin,admin=UC/admin}"]],
    );
  });
});

test("the connection is encrypted, and says so", async () => {
  assert.deepEqual(await rows("SELECT ssl, version FROM pg_stat_ssl"), [[true, "TLSv1.3"]]);
});

test("admin reads the system views that are documented as usable", async () => {
  for (const view of ["pg_shadow", "pg_backend_memory_contexts", "pg_shmem_allocations"]) {
    const [[count]] = (await rows(`SELECT count(*)::int FROM ${view}`)) as [[number]];
    assert.ok(count > 0, view);
  }
});

test("simple is the only text search configuration, however another is named", async () => {
  assert.deepEqual(await rows("SELECT cfgname, 'simple'::regconfig::text FROM pg_ts_config"), [
    ["simple", "simple"],
  ]);
  assert.deepEqual(await rows("SELECT dictname FROM pg_ts_dict"), [["simple"]]);
  for (const text of ["SELECT 'english'::regconfig", "SELECT to_tsvector(('eng' || 'lish')::regconfig, 'a')"])
    await assert.rejects(admin.query(text), {
      code: "42704",
      message: 'text search configuration "english" does not exist',
    });
});

// pg_dump ends at an owner that has no name.
test("whoever owns an object is a role that clients see", async () => {
  const owners = (await rows(
    `SELECT a.attrelid::regclass::text, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::regnamespace AND a.atttypid = 'oid'::regtype
       AND a.attname ~ '(owner|^datdba)$' AND has_table_privilege(c.oid, 'SELECT')`,
  )) as [string, string][];
  assert.ok(owners.length > 15, `${owners.length} catalogs have owners`);
  for (const [catalog, column] of owners) {
    const nameless = `SELECT count(*)::int FROM ${catalog} AS t WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = t.${column})`;
    assert.deepEqual(await rows(nameless), [[0]], catalog);
  }
});

// pg_dump writes down what differs.
test("what is granted in a new database is on record as what it begins with", async () => {
  for (const [catalog, acl] of [
    ["pg_class", "relacl"],
    ["pg_language", "lanacl"],
    ["pg_namespace", "nspacl"],
    ["pg_proc", "proacl"],
  ]) {
    const changed = `SELECT t.oid::int FROM ${catalog} AS t
      LEFT JOIN pg_init_privs AS i ON i.objoid = t.oid AND i.classoid = '${catalog}'::regclass AND i.objsubid = 0
      WHERE t.oid < 16384 AND t.${acl} IS DISTINCT FROM i.initprivs`;
    assert.deepEqual(await rows(changed), [], catalog);
  }
});

test("every catalog that is shown through a view has PostgreSQL's columns, system columns on demand", async () => {
  for (const name of shownCatalogs) {
    const expected = (await running.storage(
      `SELECT string_agg(attname, ' ' ORDER BY attnum) AS names FROM pg_attribute WHERE attrelid = 'pg_catalog.${name}'::regclass AND attnum > 0`,
    )) as [{ names: string }];
    const { fields } = await admin.query(`SELECT * FROM ${name} LIMIT 0`);
    assert.equal(fields.map((field) => field.name).join(" "), expected[0].names, name);
    await admin.query(`SELECT tableoid::regclass, xmin, ctid FROM pg_catalog.${name}`);
  }
});

test("an error's position is in the client's text", async () => {
  for (const text of [
    "SELECT relname FROM pg_class WHERE nosuch",
    "SELECT 'ä' FROM pg_catalog.pg_class c JOIN pg_index i ON i.nosuch = c.oid",
  ]) {
    const position = text.search(/(i\.)?nosuch/) + 1;
    await assert.rejects(admin.query(text), { code: "42703", position: String(position) }, text);
  }
});

test("the columns of a primary key's index follow its table through every change", async () => {
  const included = async (): Promise<unknown[][]> =>
    await rows(
      `SELECT string_agg(a.attname, ' ' ORDER BY a.attnum), i.indkey::text, i.indnatts, c.relnatts
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE i.indrelid = to_regclass('changing') AND i.indisprimary GROUP BY i.indkey::text, i.indnatts, c.relnatts`,
    );
  await admin.query("CREATE TABLE changing (a text, id int PRIMARY KEY, b int NOT NULL DEFAULT 1)");
  assert.deepEqual(await included(), [["id a b", "2 1 3", 3, 3]]);
  await admin.query("ALTER TABLE changing ADD COLUMN c uuid");
  assert.deepEqual(await included(), [["id a b c", "2 1 3 4", 4, 4]]);
  await admin.query("ALTER TABLE changing RENAME COLUMN b TO d");
  assert.deepEqual(await included(), [["id a d c", "2 1 3 4", 4, 4]]);
  await admin.query("BEGIN; ALTER TABLE changing DROP COLUMN a");
  assert.deepEqual(await included(), [["id d c", "2 3 4", 3, 3]]);
  await admin.query("ROLLBACK");
  assert.deepEqual(await included(), [["id a d c", "2 1 3 4", 4, 4]]);
  await admin.query("ALTER TABLE changing RENAME TO changed");
  await admin.query("ALTER TABLE changed DROP COLUMN c");
  await admin.query("ALTER TABLE changed RENAME TO changing");
  assert.deepEqual(await included(), [["id a d", "2 1 3", 3, 3]]);
  await admin.query("DROP TABLE changing");
  assert.deepEqual(await included(), []);
  const left = await running.storage(
    "SELECT count(*)::int AS count FROM pg_dsql.included_attribute AS i LEFT JOIN pg_class AS c ON c.oid = i.attrelid WHERE c.oid IS NULL",
  );
  assert.deepEqual(left, [{ count: 0 }]);
});
