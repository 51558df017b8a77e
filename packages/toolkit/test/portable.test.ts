/** Export and import between two clusters: what comes over, of which moment, and how a run that was cut off goes on. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Pool } from "pg";
import { bulkLoad, exportDatabase, importDatabase, type ImportProgress } from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";

let source: Fixture;
let target: Fixture;
let sourcePool: Pool;
let targetPool: Pool;

before(async () => {
  [source, target] = await Promise.all([startFixture(), startFixture()]);
  sourcePool = source.pool();
  targetPool = target.pool();
  await define(sourcePool, ...everything);
  // A build that ends during a test would have an export begin anew.
  const { rows } = await sourcePool.query<{ job_id: string }>("SELECT job_id FROM sys.jobs");
  for (const { job_id } of rows) await define(sourcePool, `CALL sys.wait_for_job('${job_id}')`);
});
after(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

/** One of each kind of object, and values that are easily spoilt on their way. */
const everything = [
  "CREATE ROLE app WITH LOGIN",
  "CREATE ROLE readers",
  "CREATE ROLE keeper",
  "GRANT readers TO app",
  "AWS IAM GRANT app TO 'arn:aws:iam::123456789012:role/app'",
  "CREATE SCHEMA shop",
  "CREATE DOMAIN shop.price AS numeric(10,2) DEFAULT 0 NOT NULL CONSTRAINT positive CHECK (VALUE >= 0)",
  "CREATE SEQUENCE shop.n AS bigint INCREMENT BY 5 MINVALUE 10 START 10 CACHE 1",
  'CREATE SEQUENCE shop."Odd seq" CACHE 65536 CYCLE',
  "CREATE FUNCTION shop.f(a int, b text DEFAULT 'it''s') RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a + 1 $$",
  `CREATE TABLE shop."Order" (
     id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "n°" bigint NOT NULL DEFAULT nextval('shop.n'), p shop.price,
     name varchar(20), twice int GENERATED ALWAYS AS (qty * 2) STORED, qty int CONSTRAINT q CHECK (qty > 0),
     at timestamptz DEFAULT now(), j jsonb, b bytea, d double precision, i interval,
     CONSTRAINT uq UNIQUE NULLS NOT DISTINCT (name, qty))`,
  `CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1 START 100) PRIMARY KEY,
     o uuid REFERENCES shop."Order"(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, x numeric, y date)`,
  "CREATE TABLE without_key (a int, t text)",
  "CREATE TABLE empty_one (a int PRIMARY KEY)",
  "CREATE TABLE shop.kept (a int PRIMARY KEY)",
  'CREATE VIEW shop.v WITH (security_barrier) AS SELECT o.id, shop.f(qty) AS f FROM shop."Order" o',
  "CREATE FUNCTION items() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM item; END",
  "ALTER TABLE without_key ADD CONSTRAINT late CHECK (a > 5) NOT VALID",
  "ALTER TABLE empty_one ALTER COLUMN a SET DEFAULT items()::int",
  "CREATE STATISTICS st (dependencies) ON a, t FROM without_key",
  "COMMENT ON TABLE item IS 'it''s'",
  "COMMENT ON COLUMN item.x IS 'column'",
  "COMMENT ON FUNCTION shop.f IS 'function'",
  "COMMENT ON SCHEMA shop IS 'schema'",
  "COMMENT ON VIEW shop.v IS 'view'",
  "COMMENT ON ROLE app IS 'role'",
  "COMMENT ON CONSTRAINT late ON without_key IS 'constraint'",
  "GRANT USAGE, CREATE ON SCHEMA shop TO app, keeper",
  'GRANT SELECT, UPDATE (qty) ON shop."Order" TO app WITH GRANT OPTION',
  "GRANT ALL ON item TO readers",
  "GRANT SELECT ON without_key TO PUBLIC",
  "GRANT USAGE ON SEQUENCE shop.n TO app",
  "REVOKE EXECUTE ON FUNCTION shop.f FROM PUBLIC",
  "GRANT EXECUTE ON FUNCTION shop.f TO app",
  "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO readers",
  "GRANT SELECT ON shop.kept TO admin, app",
  "GRANT keeper TO admin",
  "ALTER TABLE shop.kept OWNER TO keeper",
  "CREATE INDEX ASYNC item_o ON item (o) INCLUDE (y) WHERE x > 1",
  'CREATE INDEX ASYNC ON shop."Order" (lower(name))',
  "CREATE UNIQUE INDEX ASYNC without_key_a ON without_key (a)",
  `INSERT INTO shop."Order" (p, name, qty, j, b, d, i) VALUES
     (3, E'a\\tb\\\\c\\nd', 4, '{"a": 1}', '\\x00ff', 0.1, '1 mon 2 days'), (1, NULL, 5, NULL, '', 'NaN', NULL), (2, '\\N', 6, NULL, NULL, 1e300, '-1 day')`,
  "INSERT INTO item (o, x, y) SELECT id, 2.5, '2020-01-01' FROM shop.\"Order\"",
  "INSERT INTO without_key SELECT number, '--' FROM generate_series(6, 2505) AS number",
];

let folders = 0;
function newFolder(): string {
  return join(source.folder, `export-${++folders}`);
}

function filesOf(folder: string): Record<string, string> {
  const names = ["roles.sql", "schema.sql", "after-data.sql"];
  const scripts = names.map((name) => [name, readFileSync(join(folder, name), "utf8")]);
  const rows = readdirSync(join(folder, "data")).map((name) => [
    name,
    // In any order: without a key there is none.
    gunzipSync(readFileSync(join(folder, "data", name)))
      .toString()
      .split("\n")
      .sort()
      .join("\n"),
  ]);
  return Object.fromEntries([...scripts, ...rows]) as Record<string, string>;
}

async function count(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  return Number(rows[0]?.count);
}

test("everything comes over: an export of the imported cluster is the same, file for file", async () => {
  const folder = newFolder();
  const manifest = await exportDatabase(sourcePool, { folder });
  assert.equal(manifest.tables.length, 5);
  const phases = new Set<string>();
  const onProgress = ({ phase }: ImportProgress): void => void phases.add(phase);
  const report = await importDatabase(targetPool, { folder, onProgress });
  assert.deepEqual([report.rows, report.kept, report.wasResumed], [2506, [], false]);
  assert.deepEqual([...phases], ["roles", "schema", "rows", "after rows"]);

  const again = newFolder();
  await exportDatabase(targetPool, { folder: again });
  const files = filesOf(folder);
  assert.deepEqual(filesOf(again), files);
  // That both are the same says nothing of what is in neither.
  const schema = files["schema.sql"] ?? "";
  assert.match(schema, /CREATE VIEW shop\.v \(id, f\) WITH \(security_barrier=true\) AS/);
  assert.ok(schema.indexOf("CREATE TABLE public.item") < schema.indexOf("CREATE FUNCTION public.items()"));
  assert.ok(
    schema.indexOf("CREATE FUNCTION public.items()") < schema.indexOf("CREATE TABLE public.empty_one"),
  );
  for (const said of [
    "CREATE UNIQUE INDEX ASYNC without_key_a ON public.without_key (a);",
    "ALTER TABLE ASYNC public.item VALIDATE CONSTRAINT item_o_fkey;",
    "ALTER TABLE public.item ALTER COLUMN id SET GENERATED ALWAYS;",
    "REVOKE ALL ON FUNCTION shop.f(integer,text) FROM PUBLIC;",
    'GRANT UPDATE (qty) ON TABLE shop."Order" TO app WITH GRANT OPTION;',
    "ALTER TABLE shop.kept OWNER TO keeper;",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO readers;",
    "COMMENT ON CONSTRAINT late ON public.without_key IS 'constraint';",
  ])
    assert.ok(files["after-data.sql"]?.includes(said), said);

  const { rows } = await targetPool.query(
    "SELECT name, encode(b, 'hex') AS b, d FROM shop.\"Order\" WHERE p <> 1 ORDER BY p DESC",
  );
  assert.deepEqual(rows, [
    { name: "a\tb\\c\nd", b: "00ff", d: 0.1 },
    { name: "\\N", b: null, d: 1e300 },
  ]);
  const next = await targetPool.query("INSERT INTO item (x) VALUES (1) RETURNING id");
  assert.deepEqual(next.rows, [{ id: "103" }]);
  const marks = await targetPool.query("SELECT to_regclass('dsql_import') AS marks");
  assert.deepEqual(marks.rows, [{ marks: null }]);
});

test("roles that are there stay as they are and are told; IAM mappings may be left out", async (t) => {
  const other = await startFixture();
  t.after(() => other.stop());
  const pool = other.pool();
  await define(pool, "CREATE ROLE app WITH LOGIN");
  const folder = newFolder();
  await exportDatabase(sourcePool, { folder, schemaOnly: true });
  const { kept } = await importDatabase(pool, { folder, withoutIam: true });
  assert.deepEqual(kept, ["CREATE ROLE app WITH LOGIN"]);
  assert.deepEqual((await pool.query("SELECT * FROM sys.iam_pg_role_mappings")).rows, []);
});

test("what is there already is named, and nothing is done", async () => {
  const folder = newFolder();
  await exportDatabase(sourcePool, { folder, schemaOnly: true });
  await assert.rejects(importDatabase(targetPool, { folder }), {
    name: "UsageError",
    message: /^of this export there are already: schema shop, .* and \d+ more\. An import overwrites nothing/,
  });
});

/** A pool whose connections call `between` after their first statement on the catalog. */
function interrupting(pool: Pool, between: () => Promise<void>): Pool {
  let isDone = false;
  const connect = async () => {
    const client = await pool.connect();
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    client.query = ((...parameters: unknown[]) => {
      const [text] = parameters;
      const answer = query(...parameters);
      if (isDone || typeof text !== "string" || !text.includes("pg_class")) return answer;
      isDone = true;
      return (answer as Promise<unknown>).then(async (result) => {
        await between();
        return result;
      });
    }) as typeof client.query;
    return client;
  };
  return { connect } as unknown as Pool;
}

test("an export has the rows of one moment; without a snapshot it has those of each table's", async () => {
  const insert = async (): Promise<void> => {
    await define(sourcePool, "INSERT INTO without_key SELECT max(a) + 1, 'later' FROM without_key");
  };
  const rowsBefore = await count(sourcePool, "without_key");
  const rowsOf = async (isConsistent: boolean): Promise<number | undefined> => {
    const pool = interrupting(sourcePool, insert);
    const { tables } = await exportDatabase(pool, { folder: newFolder(), isConsistent });
    return tables.find(({ table }) => table === "without_key")?.rows;
  };
  assert.equal(await rowsOf(true), rowsBefore);
  assert.equal(await rowsOf(false), rowsBefore + 2);
});

test("an export that is ended leaves nothing behind, and one that finds its folder writes nothing", async () => {
  const folder = newFolder();
  const ending = new AbortController();
  const ended = exportDatabase(sourcePool, {
    folder,
    signal: ending.signal,
    onProgress: () => {
      ending.abort();
    },
  });
  await assert.rejects(ended, { name: "AbortError" });
  assert.ok(!existsSync(folder));
  assert.deepEqual(
    readdirSync(source.folder).filter((name) => name.includes("partial")),
    [],
  );
  await assert.rejects(exportDatabase(sourcePool, { folder: source.folder }), /is there already/);
});

test("an import that was cut off goes on, with no row lost or doubled", async (t) => {
  const empty = await startFixture();
  t.after(() => empty.stop());
  const pool = empty.pool();
  const folder = newFolder();
  const { tables } = await exportDatabase(sourcePool, { folder });
  // The rows of a table without a key are committed, and the mark that says so is not.
  const query = pool.query.bind(pool) as (...parameters: unknown[]) => unknown;
  const file = tables.find(({ table }) => table === "without_key")?.file;
  pool.query = ((...parameters: unknown[]) => {
    const isMark = JSON.stringify(parameters[1] ?? []).includes(file ?? "?");
    return isMark ? Promise.reject(new Error("the machine is gone")) : query(...parameters);
  }) as typeof pool.query;
  await assert.rejects(importDatabase(pool, { folder }), /the machine is gone/);
  pool.query = query as typeof pool.query;

  const ending = new AbortController();
  const stopAfterRows = ({ phase }: ImportProgress): void => {
    if (phase === "after rows") ending.abort();
  };
  await assert.rejects(importDatabase(pool, { folder, signal: ending.signal, onProgress: stopAfterRows }));
  const report = await importDatabase(pool, { folder });
  assert.ok(report.wasResumed);
  assert.deepEqual(report.kept, [], "what the earlier calls made is nothing that was there before");
  const wanted = tables.find(({ table }) => table === "without_key")?.rows;
  assert.equal(await count(pool, "without_key"), wanted);
});

test("a folder that is no export, a newer one and a damaged one are told apart", async () => {
  await assert.rejects(
    importDatabase(targetPool, { folder: source.folder }),
    /is no export, or an incomplete one/,
  );
  const folder = newFolder();
  await exportDatabase(sourcePool, { folder, schemaOnly: true });
  const file = join(folder, "export.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...manifest, version: 2 }));
  await assert.rejects(
    importDatabase(targetPool, { folder }),
    /version 2 of the format, and version 1 is known here/,
  );

  await define(
    sourcePool,
    "CREATE SCHEMA alone",
    "CREATE TABLE alone.t (a int PRIMARY KEY)",
    "INSERT INTO alone.t VALUES (1), (2)",
  );
  const other = newFolder();
  const { tables, objects } = await exportDatabase(sourcePool, { folder: other });
  // Of that schema only, so that the target has none of it.
  writeFileSync(join(other, "schema.sql"), "CREATE SCHEMA alone; CREATE TABLE alone.t (a int PRIMARY KEY);");
  writeFileSync(join(other, "after-data.sql"), "");
  const alone = tables.filter(({ schema }) => schema === "alone").map((table) => ({ ...table, rows: 3 }));
  const changed = {
    ...manifest,
    objects: objects.filter(({ name }) => name.startsWith("alone")),
    tables: alone,
  };
  writeFileSync(join(other, "export.json"), JSON.stringify(changed));
  await assert.rejects(importDatabase(targetPool, { folder: other }), {
    name: "ImportError",
    message: /has 2 rows and should have 3/,
  });
});

test("a load that has a name loads its rows once, however often it is called for", async () => {
  await define(sourcePool, "CREATE TABLE named (a int)");
  const input = join(source.folder, "named.csv");
  writeFileSync(input, "a\n1\n2\n");
  const options = { input, table: "named", loadId: "6f1f7a52-6a3c-4c3a-9d8b-0d5f3a7b9c11" };
  await bulkLoad(sourcePool, options);
  const { rowsResumed } = await bulkLoad(sourcePool, options);
  assert.equal(rowsResumed, 2);
  assert.equal(await count(sourcePool, "named"), 2);
});
