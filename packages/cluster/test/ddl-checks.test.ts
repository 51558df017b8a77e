/** DDL that only the catalog can judge: refused in the service's words, with nothing of it left behind. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { jobEnded, submitJob } from "./job-helper.ts";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let client: pg.Client;

before(async () => {
  running = await runCluster({
    limits: {
      schemasMax: 2,
      viewDefinitionBytesMax: 64 * 1024,
      indexesPerTableMax: 4,
      columnsPerTableMax: 12,
      statisticsPerTableMax: 2,
    },
  });
  client = await running.connect();
  await client.query(
    "CREATE TABLE account (id int PRIMARY KEY, owner text, number bigint NOT NULL, document jsonb, code int NOT NULL, bytes bytea)",
  );
  await client.query("CREATE TABLE settings (theme text)");
  await client.query("CREATE DOMAIN image AS bytea");
  await client.query("CREATE DOMAIN picture AS image");
});
after(() => running.stop());

/** Text, SQLSTATE and message of what is refused. */
const refusals: readonly (readonly [text: string, code: string, message: string | RegExp])[] = [
  ["ALTER TABLE account DROP COLUMN id", "0A000", "cannot drop primary key column id"],
  ["ALTER TABLE account ADD a int, DROP COLUMN id CASCADE", "0A000", "cannot drop primary key column id"],
  ["ALTER TABLE public.account DROP COLUMN IF EXISTS id", "0A000", "cannot drop primary key column id"],
  [
    "ALTER TABLE account DROP CONSTRAINT account_pkey",
    "0A000",
    "unsupported ALTER TABLE DROP CONSTRAINT statement",
  ],
  [
    "ALTER TABLE account DROP CONSTRAINT missing",
    "42704",
    /^constraint "missing" of relation "account" does/,
  ],
  ["ALTER TABLE missing DROP COLUMN id", "42P01", 'relation "missing" does not exist'],
  [
    "ALTER TABLE account ALTER code ADD GENERATED ALWAYS AS IDENTITY (CACHE 1)",
    "0A000",
    "datatype integer not supported, identity column type must be bigint",
  ],
  [
    "ALTER TABLE account ALTER code ADD GENERATED ALWAYS AS IDENTITY",
    "0A000",
    /^identity column is not supported without an explicit cache size/,
  ],
  ["CREATE TABLE t (a account)", "0A000", "datatype account not supported"],
  ["CREATE TABLE t (a information_schema.sql_identifier)", "0A000", "datatype name not supported"],
  ["CREATE TABLE t (a picture PRIMARY KEY)", "0A000", "datatype bytea is not supported in a key"],
  ["ALTER TABLE account ADD a settings", "0A000", "datatype settings not supported"],
  ["CREATE INDEX ASYNC ON account (document)", "0A000", "datatype jsonb is not supported in a key"],
  ["CREATE INDEX ASYNC ON account (bytes)", "0A000", "datatype bytea is not supported in a key"],
  ["CREATE INDEX ASYNC ON account ((document->'a'))", "0A000", "datatype jsonb is not supported in a key"],
  [
    "CREATE INDEX ASYNC ON account (((document->'a')::json))",
    "0A000",
    "datatype json is not supported in a key",
  ],
  [
    "CREATE INDEX ASYNC ON account ((string_to_array(owner, ',')))",
    "0A000",
    "datatype text[] is not supported in a key",
  ],
  [
    "CREATE INDEX ASYNC ON account ((to_tsvector('simple', owner)))",
    "0A000",
    "datatype tsvector is not supported in a key",
  ],
  [
    "CREATE INDEX ASYNC ON account ((random()))",
    "42P17",
    "functions in index expression must be marked IMMUTABLE",
  ],
  ["CREATE TABLE t (a int, b text GENERATED ALWAYS AS (now()::text) STORED)", "42P17", /not immutable/],
  ["ALTER TABLE ASYNC account VALIDATE CONSTRAINT missing", "42704", /^constraint "missing" of relation/],
  [
    "ALTER TABLE ASYNC account VALIDATE CONSTRAINT account_pkey",
    "42809",
    'constraint "account_pkey" of relation "account" is not a foreign key or check constraint',
  ],
  ["ALTER TABLE ASYNC missing VALIDATE CONSTRAINT c", "42P01", 'relation "missing" does not exist'],
  ["ALTER TABLE account ADD CONSTRAINT u UNIQUE USING INDEX missing", "42704", /"missing" does not exist/],
];

for (const [text, code, message] of refusals) {
  test(`refused: ${text}`, async () => {
    const neighbour = await running.connect();
    await assert.rejects(client.query(text), { code, message });
    await client.query("BEGIN");
    await assert.rejects(client.query(text), { code, message });
    await assert.rejects(client.query(text), { code: "25P02" });
    assert.equal((await client.query("COMMIT")).command, "ROLLBACK");
    for (const session of [client, neighbour]) {
      assert.equal((await session.query("SELECT FROM account")).rowCount, 0);
    }
    await neighbour.end();
  });
}

test("a dropped column takes its indexes along, and leaves the key", async () => {
  await client.query("CREATE TABLE narrow (id int, part int, rest text, PRIMARY KEY (id, part))");
  assert.equal(await jobEnded(client, await submitJob(client, "CREATE INDEX ASYNC ON narrow (rest)")), true);
  await client.query("ALTER TABLE narrow DROP COLUMN rest");
  const { rows } = await client.query("SELECT indexname FROM pg_indexes WHERE tablename = 'narrow'");
  assert.deepEqual(rows, [{ indexname: "narrow_pkey" }]);
  await assert.rejects(client.query("ALTER TABLE narrow DROP COLUMN part"), { code: "0A000" });
});

test("a unique constraint is made from a unique index once that is valid", async () => {
  await client.query("CREATE TABLE person (id int PRIMARY KEY, email text)");
  await client.query("INSERT INTO person VALUES (1, 'a'), (2, 'a')");
  const failed = await submitJob(client, "CREATE UNIQUE INDEX ASYNC person_email ON person (email)");
  assert.equal(await jobEnded(client, failed), false);
  const adopt = "ALTER TABLE person ADD CONSTRAINT person_email_key UNIQUE USING INDEX person_email";
  await assert.rejects(client.query(adopt), { code: "55000", message: 'index "person_email" is not valid' });
  await client.query("DROP INDEX person_email");
  await client.query("DELETE FROM person WHERE id = 2");
  const built = await submitJob(client, "CREATE UNIQUE INDEX ASYNC person_email ON person (email)");
  assert.equal(await jobEnded(client, built), true);
  await client.query(adopt);
  await assert.rejects(client.query("INSERT INTO person VALUES (3, 'a')"), {
    code: "23505",
    constraint: "person_email_key",
  });
});

test("triggers are switched without effect, also those of foreign keys", async () => {
  await client.query("CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES account)");
  for (const which of ["DISABLE TRIGGER ALL", "DISABLE TRIGGER USER", "ENABLE TRIGGER ALL"]) {
    assert.equal((await client.query(`ALTER TABLE child ${which}`)).command, "ALTER");
    await assert.rejects(client.query("INSERT INTO child VALUES (1, 99)"), { code: "23503" });
  }
});

test("VALIDATE is a job: it completes, or fails and leaves the constraint for new rows only", async () => {
  await client.query("CREATE TABLE measured (id int PRIMARY KEY, n int)");
  await client.query("INSERT INTO measured VALUES (1, -1)");
  await client.query("ALTER TABLE measured ADD CONSTRAINT positive CHECK (n > 0) NOT VALID");
  const validate = "ALTER TABLE ASYNC measured VALIDATE CONSTRAINT positive";
  const isValid = async (): Promise<unknown> =>
    (await client.query("SELECT convalidated FROM pg_constraint WHERE conname = 'positive'")).rows;
  const failed = await submitJob(client, validate);
  assert.equal(await jobEnded(client, failed), false);
  const { rows } = await client.query(
    "SELECT status, details, job_type, class_id, object_id = (SELECT oid FROM pg_constraint WHERE conname = 'positive') AS is_constraint, object_name FROM sys.jobs WHERE job_id = $1",
    [failed],
  );
  assert.deepEqual(rows, [
    {
      status: "failed",
      details: 'check constraint "positive" is violated by some row',
      job_type: "VALIDATE_CONSTRAINT",
      class_id: 2606,
      is_constraint: true,
      object_name: "public.measured",
    },
  ]);
  assert.deepEqual(await isValid(), [{ convalidated: false }]);
  await assert.rejects(client.query("INSERT INTO measured VALUES (2, -2)"), { code: "23514" });
  await client.query("UPDATE measured SET n = 1");
  assert.equal(await jobEnded(client, await submitJob(client, validate)), true);
  assert.deepEqual(await isValid(), [{ convalidated: true }]);
});

test("VALIDATE of a foreign key finds the row without a parent", async () => {
  await client.query("CREATE TABLE orphan (id int PRIMARY KEY, parent int)");
  await client.query("INSERT INTO orphan VALUES (1, 99)");
  await client.query(
    "ALTER TABLE orphan ADD CONSTRAINT has_parent FOREIGN KEY (parent) REFERENCES account NOT VALID",
  );
  const jobId = await submitJob(client, "ALTER TABLE ASYNC orphan VALIDATE CONSTRAINT has_parent");
  assert.equal(await jobEnded(client, jobId), false);
  const { rows } = await client.query("SELECT details FROM sys.jobs WHERE job_id = $1", [jobId]);
  assert.deepEqual(rows, [
    { details: 'insert or update on table "orphan" violates foreign key constraint "has_parent"' },
  ]);
});

test("VALIDATE leaves no job where the block is rolled back, or the table may be missing", async () => {
  await client.query("CREATE TABLE open_end (id int PRIMARY KEY)");
  await client.query("ALTER TABLE open_end ADD CONSTRAINT c CHECK (id > 0) NOT VALID");
  await client.query("BEGIN");
  const jobId = await submitJob(client, "ALTER TABLE ASYNC open_end VALIDATE CONSTRAINT c");
  assert.match(jobId, /^[a-z2-7]{26}$/);
  await client.query("ROLLBACK");
  assert.equal((await client.query("SELECT FROM sys.jobs WHERE job_id = $1", [jobId])).rowCount, 0);
  const skipped = await client.query("ALTER TABLE ASYNC IF EXISTS missing VALIDATE CONSTRAINT c");
  assert.deepEqual([skipped.command, skipped.rows], ["ALTER", []]);
});

test("an index without ASYNC is built on an empty table when its setting is off", async () => {
  await client.query("CREATE TABLE empty (id int PRIMARY KEY, n int, document jsonb)");
  const create = "CREATE INDEX empty_n ON empty (n)";
  const unsupported = { code: "0A000", message: "unsupported mode. please use CREATE INDEX ASYNC." };
  await assert.rejects(client.query(create), unsupported);
  await client.query("SET disable_sync_create_index = off");
  await assert.rejects(client.query("CREATE INDEX ON empty (n DESC)"), {
    message: /sort order not supported/,
  });
  await assert.rejects(client.query("CREATE INDEX ON empty (document)"), {
    message: /not supported in a key/,
  });
  const { rows, command } = await client.query(create);
  assert.deepEqual([rows, command], [[], "CREATE"]);
  assert.equal(
    (await client.query({ name: "sync", text: "CREATE INDEX empty_id_n ON empty (id, n)" })).command,
    "CREATE",
  );
  await client.query("INSERT INTO empty VALUES (1, 1)");
  await assert.rejects(client.query("CREATE INDEX ON empty (n)"), unsupported);
  await client.query("RESET disable_sync_create_index");
  await client.query("DELETE FROM empty");
  await assert.rejects(client.query("CREATE INDEX ON empty (n)"), unsupported);
});

test("the setting is shown, rolled back, local to a block, and taken at the start of a session", async () => {
  const session = await running.connect({ options: "-c disable_sync_create_index=false" });
  const shown = async (): Promise<unknown> => (await session.query("SHOW disable_sync_create_index")).rows;
  assert.deepEqual(await shown(), [{ disable_sync_create_index: "off" }]);
  await session.query("BEGIN");
  await session.query("SET LOCAL disable_sync_create_index TO on");
  assert.deepEqual(await shown(), [{ disable_sync_create_index: "on" }]);
  await session.query("COMMIT");
  assert.deepEqual(await shown(), [{ disable_sync_create_index: "off" }]);
  await assert.rejects(session.query("SET disable_sync_create_index TO maybe"), {
    code: "22023",
    message: 'parameter "disable_sync_create_index" requires a Boolean value',
  });
  await session.query("RESET ALL");
  assert.deepEqual(await shown(), [{ disable_sync_create_index: "off" }]);
  await session.query("SET disable_sync_create_index TO DEFAULT");
  assert.deepEqual((await client.query("SHOW dsql.enable_batched_nestloop")).rows, [
    { "dsql.enable_batched_nestloop": "on" },
  ]);
});

test("ANALYZE without a name looks at the role's own tables and says nothing of others", async () => {
  const notices: unknown[] = [];
  const session = await running.connect();
  session.on("notice", (notice) => notices.push(notice.message));
  assert.equal((await session.query("ANALYZE")).command, "ANALYZE");
  assert.equal((await session.query("ANALYZE VERBOSE account -- one")).command, "ANALYZE");
  assert.ok(
    notices.every((notice) => !/permission denied/.test(String(notice))),
    notices.join("\n"),
  );
});

test("schemas are counted before IF NOT EXISTS is looked at", async () => {
  await client.query("CREATE SCHEMA one");
  await client.query("CREATE SCHEMA two CREATE TABLE t (a int)");
  const tooMany = { code: "54000", message: "more than 10 schemas not allowed", detail: /: 2 schemas/ };
  await assert.rejects(client.query("CREATE SCHEMA three"), tooMany);
  await assert.rejects(client.query("CREATE SCHEMA IF NOT EXISTS one"), tooMany);
  await client.query("DROP SCHEMA two CASCADE");
  await client.query("CREATE SCHEMA IF NOT EXISTS one");
});

test("columns are counted, whichever statement adds them", async () => {
  const columns = Array.from({ length: 12 }, (_, place) => `c${place} int`);
  await client.query(`CREATE TABLE wide (${columns.join(", ")})`);
  const tooMany = { code: "54011", message: "tables can have at most 255 columns", detail: /: 12 columns/ };
  await assert.rejects(client.query("ALTER TABLE wide ADD COLUMN more int"), tooMany);
  await assert.rejects(client.query("CREATE TABLE wider (LIKE wide, more int)"), tooMany);
  await assert.rejects(client.query("CREATE TABLE wider (LIKE wide, id int PRIMARY KEY)"), {
    code: "54011",
    message: "cannot use more than 256 columns in an index",
  });
  await client.query("ALTER TABLE wide DROP COLUMN c0");
  await client.query("ALTER TABLE wide ADD COLUMN more int");
});

test("indexes are counted with the key's and those that failed", async () => {
  await client.query("CREATE TABLE indexed (id int PRIMARY KEY, n int UNIQUE, m int)");
  await client.query("INSERT INTO indexed VALUES (1, 1, 7), (2, 2, 7)");
  assert.equal(
    await jobEnded(client, await submitJob(client, "CREATE UNIQUE INDEX ASYNC ON indexed (m)")),
    false,
  );
  assert.equal(await jobEnded(client, await submitJob(client, "CREATE INDEX ASYNC ON indexed (m)")), true);
  const tooMany = {
    code: "54000",
    message: "more than 24 indexes per table are not allowed",
    detail: /: 4 /,
  };
  await assert.rejects(client.query("CREATE INDEX ASYNC ON indexed (n, m)"), tooMany);
  await assert.rejects(
    client.query(
      "CREATE TABLE many (a int PRIMARY KEY, b int UNIQUE, c int UNIQUE, d int UNIQUE, e int UNIQUE)",
    ),
    tooMany,
  );
});

test("extended statistics are counted by table", async () => {
  await client.query("CREATE TABLE described (a int, b int, c int)");
  await client.query("CREATE STATISTICS one_ab ON a, b FROM described");
  await client.query("CREATE STATISTICS two_bc ON b, c FROM described");
  await assert.rejects(client.query("CREATE STATISTICS three_ac ON a, c FROM described"), {
    code: "54000",
    message: "more than 5 extended statistics per table are not allowed",
  });
});

test("a view's definition is bounded by its internal form", async () => {
  const items = Array.from({ length: 1_000 }, (_, place) => `${place} AS c${place}`).join(", ");
  await assert.rejects(client.query(`CREATE VIEW vast AS SELECT ${items}`), {
    code: "54000",
    message: "view definition too large",
  });
  assert.equal((await client.query("SELECT FROM pg_views WHERE viewname = 'vast'")).rowCount, 0);
});

test("tables, views and sequences are counted, and what exists already is none more", async () => {
  const small = await runCluster({ limits: { tablesMax: 2, viewsMax: 1, sequencesMax: 1 } });
  try {
    const one = await small.connect();
    await one.query("CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1))");
    await one.query("CREATE TABLE b (id int)");
    const message = (what: string): object => ({
      code: "54000",
      message: new RegExp(`^creating more than \\d+ ${what}`),
    });
    await assert.rejects(one.query("CREATE TABLE c (id int)"), message("tables not allowed$"));
    await one.query("CREATE TABLE IF NOT EXISTS b (id int)");
    await assert.rejects(one.query("CREATE SEQUENCE s CACHE 1"), message("sequences is not allowed$"));
    await one.query("CREATE VIEW v AS SELECT 1 AS a");
    await one.query("CREATE OR REPLACE VIEW v AS SELECT 2 AS a");
    await assert.rejects(one.query("CREATE VIEW w AS SELECT 1 AS a"), message("views not allowed$"));
  } finally {
    await small.stop();
  }
});

test("with pg_temp first in the search path nothing is created but by a qualified name", async () => {
  const session = await running.connect();
  await session.query("SET search_path TO pg_temp, public");
  for (const [text, kind] of [
    ["CREATE TABLE hidden (id int)", "table"],
    ["CREATE VIEW hidden AS SELECT 1 AS id", "view"],
    ["CREATE SEQUENCE hidden CACHE 1", "sequence"],
    ["CREATE FUNCTION hidden() RETURNS int LANGUAGE sql RETURN 1", "function"],
    ["CREATE DOMAIN hidden AS text", "domain"],
  ] as const) {
    const message = `TEMPORARY or TEMP ${kind} not supported for CREATE ${kind.toUpperCase()}`;
    await assert.rejects(session.query(text), { code: "0A000", message });
  }
  await session.query("CREATE TABLE public.shown (id int)");
  await session.query("SET search_path TO public, pg_temp");
  await session.query("DROP TABLE shown");
});

test("a block begun READ ONLY submits no job and maps no role", async () => {
  const session = await running.connect();
  await session.query("CREATE ROLE reader WITH LOGIN");
  await session.query("ALTER TABLE settings ADD CONSTRAINT named CHECK (theme <> '') NOT VALID");
  for (const [text, command] of [
    ["CREATE INDEX ASYNC ON settings (theme)", "CREATE INDEX"],
    ["ALTER TABLE ASYNC settings VALIDATE CONSTRAINT named", "ALTER TABLE"],
    ["AWS IAM GRANT reader TO 'arn:aws:iam::123456789012:role/reader'", "AWS IAM GRANT"],
    ["AWS IAM REVOKE reader FROM 'arn:aws:iam::123456789012:role/reader'", "AWS IAM REVOKE"],
  ] as const) {
    await session.query("BEGIN READ ONLY");
    const message = `cannot execute ${command} in a read-only transaction`;
    await assert.rejects(session.query(text), { code: "25006", message });
    await session.query("ROLLBACK");
  }
});
