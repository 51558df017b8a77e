import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Pool } from "pg";
import { migrateUp, type MigrateUpOptions, migrationStatus, retryConflicts } from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";
import { migrationsIn, writeMigrations } from "./migrate-folder.ts";

describe("another type for a column", () => {
  let fixture: Fixture;
  let pool: Pool;
  before(async () => {
    fixture = await startFixture();
    pool = fixture.pool();
  });
  after(() => fixture.stop());

  /** A ledger of its own for each test. */
  async function optionsFor(sql: string): Promise<MigrateUpOptions> {
    await pool.query("DROP SCHEMA IF EXISTS ledger CASCADE");
    await pool.query("CREATE SCHEMA ledger");
    return { folder: migrationsIn(fixture.folder, { "1_type.sql": sql }), schema: "ledger", waitMs: 0 };
  }

  /** Again if a job's end has just changed the schema. */
  const rows = async (sql: string): Promise<unknown[]> =>
    await retryConflicts(async () => (await pool.query<object>(sql)).rows);

  /** What a table is made of, by names and definitions. */
  async function shapeOf(table: string): Promise<unknown> {
    const [columns, constraints, indexes, grants, comments, statistics] = [
      `SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
         pg_get_expr(adbin, adrelid), attacl::text[] FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      `SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE '${table}'::regclass IN (conrelid, confrelid) ORDER BY conname`,
      `SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indrelid = '${table}'::regclass ORDER BY 1`,
      `SELECT relacl::text[], pg_get_userbyid(relowner) FROM pg_class WHERE oid = '${table}'::regclass`,
      `SELECT objsubid, description FROM pg_description WHERE objoid = '${table}'::regclass ORDER BY 1`,
      `SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = '${table}'::regclass`,
    ];
    const parts = { columns, constraints, indexes, grants, comments, statistics };
    const shape: Record<string, unknown> = {};
    for (const [name, sql] of Object.entries(parts)) shape[name] = await rows(sql ?? "");
    return shape;
  }

  test("of a column that stands by itself is a second column, and the table stays", async () => {
    await define(pool, "CREATE TABLE alone (id int PRIMARY KEY, n int, m int NOT NULL)");
    await define(pool, "INSERT INTO alone SELECT i, i, i FROM generate_series(1, 2500) AS i");
    const oid = await rows("SELECT 'alone'::regclass::oid::int AS oid");
    await migrateUp(pool, await optionsFor("ALTER TABLE alone ALTER COLUMN n TYPE bigint"));
    assert.deepEqual(await rows("SELECT 'alone'::regclass::oid::int AS oid"), oid);
    assert.deepEqual(
      await rows("SELECT pg_typeof(n)::text AS type, sum(n)::int AS sum FROM alone GROUP BY 1"),
      [{ type: "bigint", sum: (2_500 * 2_501) / 2 }],
    );
  });

  test("of any other is a copy of the table that differs in nothing else", async () => {
    await define(
      pool,
      "CREATE ROLE clerk",
      "CREATE TABLE shop (id int PRIMARY KEY)",
      `CREATE TABLE "Sale" (
         no bigint GENERATED ALWAYS AS IDENTITY (CACHE 1), shop int REFERENCES shop ON DELETE CASCADE,
         cents int NOT NULL DEFAULT 3 CHECK (cents > 0), code varchar(20) UNIQUE, details jsonb,
         twice int GENERATED ALWAYS AS (cents * 2) STORED, PRIMARY KEY (no))`,
      'CREATE TABLE line (id int PRIMARY KEY, sale bigint REFERENCES "Sale")',
      'CREATE INDEX ASYNC sale_cents ON "Sale" (cents NULLS FIRST) INCLUDE (shop) WHERE cents > 1',
      `CREATE INDEX ASYNC sale_kind ON "Sale" ((details ->> 'kind'))`,
      'GRANT SELECT, INSERT ON "Sale" TO clerk',
      'GRANT UPDATE (cents) ON "Sale" TO clerk',
      `COMMENT ON TABLE "Sale" IS 'what was sold'`,
      `COMMENT ON COLUMN "Sale".cents IS 'of a pound''s hundred'`,
      'CREATE STATISTICS sale_statistics (dependencies) ON shop, cents FROM "Sale"',
      'ALTER TABLE "Sale" ADD CONSTRAINT later CHECK (cents <> 7) NOT VALID',
    );
    await define(
      pool,
      "INSERT INTO shop VALUES (1)",
      `INSERT INTO "Sale" (shop, cents, code, details) SELECT 1, i, 'c' || i, '{"kind": "x"}' FROM generate_series(8, 2500) AS i`,
      `INSERT INTO line VALUES (1, 5)`,
    );
    const before = await shapeOf('"Sale"');
    const contents = 'SELECT no, shop, cents, code, details, twice FROM "Sale" ORDER BY no';
    const rowsBefore = await rows(contents);
    await migrateUp(pool, {
      ...(await optionsFor('ALTER TABLE "Sale" ALTER COLUMN code TYPE varchar(40)')),
      rowsPerTransaction: 600,
    });
    assert.deepEqual(
      await shapeOf('"Sale"'),
      JSON.parse(JSON.stringify(before).replaceAll("character varying(20)", "character varying(40)")),
    );
    assert.deepEqual(await rows(contents), rowsBefore);
    assert.deepEqual(await rows('INSERT INTO "Sale" DEFAULT VALUES RETURNING no::int'), [
      { no: rowsBefore.length + 1 },
    ]);
    assert.deepEqual(await rows("SELECT relname FROM pg_class WHERE relname ~ '(next|old)'"), []);
  });

  test("of the primary key, and by an expression, is a copy too", async () => {
    await define(
      pool,
      "CREATE TABLE k (id int PRIMARY KEY, at text)",
      "INSERT INTO k VALUES (1, '5'), (2, NULL)",
    );
    await migrateUp(
      pool,
      await optionsFor("ALTER TABLE k ALTER id TYPE uuid USING lpad(k.id::text, 32, '0')::uuid"),
    );
    await migrateUp(
      pool,
      await optionsFor("ALTER TABLE k ALTER COLUMN at TYPE timestamptz USING to_timestamp(at::int)"),
    );
    assert.deepEqual(await rows("SELECT id, extract(epoch FROM at)::int AS at FROM k ORDER BY id"), [
      { id: "00000000-0000-0000-0000-000000000001", at: 5 },
      { id: "00000000-0000-0000-0000-000000000002", at: null },
    ]);
  });

  test("does not lose what is written while the rows are copied", async () => {
    await define(pool, "CREATE TABLE busy (id int PRIMARY KEY, n int NOT NULL, name text UNIQUE)");
    await define(pool, "INSERT INTO busy SELECT i, i, 'n' || i FROM generate_series(1, 1000) AS i");
    const options = await optionsFor("ALTER TABLE busy ALTER COLUMN n TYPE numeric(10, 2)");
    const controller = new AbortController();
    await assert.rejects(
      migrateUp(pool, {
        ...options,
        rowsPerTransaction: 100,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === "rows" && event.rows >= 500) controller.abort();
        },
      }),
      { reason: "interrupted" },
    );
    await rows("DELETE FROM busy WHERE id = 1");
    await rows("UPDATE busy SET n = -n, name = 'n1' WHERE id = 2");
    await rows("INSERT INTO busy VALUES (1001, 7, 'new')");
    await migrateUp(pool, options);
    assert.deepEqual(await rows("SELECT id, n, name FROM busy WHERE id < 4 OR id > 999 ORDER BY id"), [
      { id: 2, n: "-2.00", name: "n1" },
      { id: 3, n: "3.00", name: "n3" },
      { id: 1_000, n: "1000.00", name: "n1000" },
      { id: 1_001, n: "7.00", name: "new" },
    ]);
    assert.deepEqual(await rows("SELECT count(*)::int AS rows FROM busy"), [{ rows: 1_000 }]);
  });

  test("is refused, with its name, while something holds on to the column that cannot be carried along", async () => {
    await define(
      pool,
      "CREATE TABLE held (id int PRIMARY KEY, n int NOT NULL)",
      "CREATE TABLE holder (held int CONSTRAINT holds REFERENCES held)",
      "CREATE VIEW few AS SELECT n FROM held",
    );
    const options = await optionsFor("ALTER TABLE held ALTER COLUMN id TYPE bigint");
    await assert.rejects(migrateUp(pool, options), {
      reason: "step",
      message: /cannot be changed while there is view few, foreign key holds of holder/,
      remedy: /Drop what is named before it/,
    });
    writeMigrations(options.folder, {
      "1_type.sql": `
        DROP VIEW few;
        ALTER TABLE holder DROP CONSTRAINT holds;
        ALTER TABLE held ALTER COLUMN id TYPE bigint;
        ALTER TABLE holder ALTER COLUMN held TYPE bigint;
        ALTER TABLE holder ADD CONSTRAINT holds FOREIGN KEY (held) REFERENCES held;
        CREATE VIEW few AS SELECT n FROM held;`,
    });
    await migrateUp(pool, options);
    assert.deepEqual(
      await rows(
        "SELECT pg_typeof(id)::text AS type FROM held UNION ALL SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 'holder'::regclass AND attname = 'held'",
      ),
      [{ type: "bigint" }],
    );
  });

  test("that its rows do not have leaves the table as it is, and goes on once they have", async () => {
    await define(
      pool,
      "CREATE TABLE wrong (id int PRIMARY KEY, n text NOT NULL)",
      "INSERT INTO wrong VALUES (1, '1'), (2, 'x')",
    );
    const options = await optionsFor("ALTER TABLE wrong ALTER COLUMN n TYPE int");
    await assert.rejects(migrateUp(pool, options), { reason: "step", message: /invalid input syntax/ });
    assert.deepEqual(await rows("SELECT n FROM wrong"), [{ n: "1" }, { n: "x" }]);
    const [failed] = (await migrationStatus(pool, options)).migrations;
    assert.equal(failed?.state, "failed");
    await rows("UPDATE wrong SET n = '2' WHERE id = 2");
    writeMigrations(options.folder, {
      "1_type.sql": "ALTER TABLE wrong ALTER COLUMN n TYPE int; -- at last",
    });
    await migrateUp(pool, options);
    assert.deepEqual(await rows("SELECT sum(n)::int AS sum FROM wrong"), [{ sum: 3 }]);
  });

  test("that makes rows equal fails before the exchange and says how to go back", async () => {
    await define(
      pool,
      "CREATE TABLE twins (id int PRIMARY KEY, n numeric UNIQUE)",
      "INSERT INTO twins VALUES (1, 1.1), (2, 1.2)",
    );
    const options = await optionsFor("ALTER TABLE twins ALTER COLUMN n TYPE int");
    await assert.rejects(migrateUp(pool, options), {
      reason: "step",
      message: /index .*twins_n_key_next.* is not valid/,
      remedy: /ALTER TABLE "public"\."twins_old" RENAME TO "twins"/,
    });
    await rows("UPDATE twins_old SET n = 2 WHERE id = 2");
    await rows("UPDATE twins_next SET n = 2 WHERE id = 2");
    await migrateUp(pool, options);
    assert.deepEqual(await rows("SELECT n FROM twins ORDER BY id"), [{ n: 1 }, { n: 2 }]);
  });
});
