import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Pool } from "pg";
import {
  baselineMigrations,
  migrateUp,
  type MigrateUpOptions,
  migrationStatus,
  planUp,
  repairMigrations,
} from "../src/index.ts";
import { type Fixture, startFixture } from "./fixture.ts";
import { migrationsIn, writeMigrations } from "./migrate-folder.ts";

describe("migrations on a cluster", () => {
  let fixture: Fixture;
  let pool: Pool;
  before(async () => {
    fixture = await startFixture();
    pool = fixture.pool();
  });
  after(() => fixture.stop());

  /** A ledger of its own for each test. */
  async function optionsFor(
    files: Readonly<Record<string, string>>,
  ): Promise<MigrateUpOptions & { schema: string }> {
    const schema = "ledger";
    // A database has ten schemas at most.
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.query(`CREATE SCHEMA ${schema}`);
    return { folder: migrationsIn(fixture.folder, files), schema, waitMs: 0 };
  }

  async function rows(sql: string): Promise<unknown[]> {
    return (await pool.query<object>(sql)).rows;
  }

  test("files run in the order of their numbers, one DDL statement a transaction, and once", async () => {
    const options = await optionsFor({
      "10_fill.sql": "INSERT INTO town VALUES (1, 'Bath'); INSERT INTO town VALUES (2, 'York');",
      "9_town.sql":
        "CREATE TABLE town (id int PRIMARY KEY, name text); CREATE INDEX ON town USING btree (name);",
    });
    assert.deepEqual((await migrateUp(pool, options)).applied, ["9_town", "10_fill"]);
    assert.deepEqual((await migrateUp(pool, options)).applied, []);
    assert.deepEqual(await rows("SELECT count(*)::int AS towns FROM town"), [{ towns: 2 }]);
    assert.deepEqual(
      await rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'town_name_idx'::regclass"),
      [{ indisvalid: true }],
    );
  });

  test("a column with a default and NOT NULL is added, filled in batches and checked", async () => {
    const options = await optionsFor({ "1_a.sql": "CREATE TABLE a (id int PRIMARY KEY)" });
    await migrateUp(pool, options);
    for (const from of [0, 2_000])
      await pool.query(`INSERT INTO a SELECT generate_series(${from + 1}, ${from + 2_000})`);
    writeMigrations(options.folder, {
      "2_b.sql": "ALTER TABLE a ADD COLUMN b int NOT NULL DEFAULT 7, ADD COLUMN c text;",
    });
    await migrateUp(pool, options);
    assert.deepEqual(await rows("SELECT b, count(*)::int AS rows FROM a GROUP BY b"), [
      { b: 7, rows: 4_000 },
    ]);
    assert.deepEqual(await rows("SELECT convalidated FROM pg_constraint WHERE conname = 'a_b_not_null'"), [
      { convalidated: true },
    ]);
    await assert.rejects(pool.query("INSERT INTO a (id, b) VALUES (0, NULL)"), { code: "23514" });
  });

  test("UPDATE, DELETE and INSERT … SELECT of more rows than a transaction takes run in batches", async () => {
    const options = await optionsFor({
      "1_m.sql":
        "CREATE TABLE m (k text, id int, n int DEFAULT 0, PRIMARY KEY (k, id)); CREATE TABLE m2 (id int PRIMARY KEY, n int);",
    });
    await migrateUp(pool, options);
    for (const k of ["a", "b"])
      await pool.query(`INSERT INTO m (k, id) SELECT '${k}', generate_series(1, 2500)`);
    writeMigrations(options.folder, {
      "2_m.sql": `UPDATE m AS x SET n = n + 1 -- every row once
        WHERE x.id > 0;
        INSERT INTO m2 SELECT id, n FROM m WHERE k = 'a' ON CONFLICT DO NOTHING;
        DELETE FROM m WHERE k = 'b';`,
    });
    await migrateUp(pool, { ...options, rowsPerTransaction: 400 });
    assert.deepEqual(await rows("SELECT k, n, count(*)::int AS rows FROM m GROUP BY k, n"), [
      { k: "a", n: 1, rows: 2_500 },
    ]);
    assert.deepEqual(await rows("SELECT count(*)::int AS rows, sum(n)::int AS sum FROM m2"), [
      { rows: 2_500, sum: 2_500 },
    ]);
  });

  test("what stands between BEGIN and COMMIT commits together or not at all", async () => {
    const options = await optionsFor({
      "1_p.sql": "CREATE TABLE p (id int PRIMARY KEY);",
      "2_p.sql": "BEGIN; INSERT INTO p VALUES (1); INSERT INTO p VALUES (1); COMMIT;",
    });
    await assert.rejects(migrateUp(pool, options), {
      reason: "step",
      message: /2_p, step 1 \(line 1\): duplicate key/,
    });
    assert.deepEqual(await rows("SELECT FROM p"), []);
  });

  test("a failed step is recorded; the corrected file goes on behind the steps that were done", async () => {
    const options = await optionsFor({
      "1_f.sql": "CREATE TABLE f (id int PRIMARY KEY); INSERT INTO f VALUES (1); CREATE TABLE f (id int);",
    });
    await assert.rejects(migrateUp(pool, options), { reason: "step", message: /step 3 .*already exists/ });
    const [failed] = (await migrationStatus(pool, options)).migrations;
    assert.equal(failed?.state, "failed");
    assert.deepEqual(
      failed?.entry?.steps.map(({ status }) => status),
      ["done", "done", "failed"],
    );
    await assert.rejects(
      migrateUp(pool, options),
      { reason: "step" },
      "nobody has made that table in this step",
    );
    writeMigrations(options.folder, {
      "1_f.sql": "CREATE TABLE f (id int PRIMARY KEY); INSERT INTO f VALUES (2); CREATE TABLE f2 (id int);",
    });
    await assert.rejects(migrateUp(pool, options), { reason: "history", message: /edited in step 2/ });
    writeMigrations(options.folder, {
      "1_f.sql": "CREATE TABLE f (id int PRIMARY KEY); INSERT INTO f VALUES (1); CREATE TABLE f2 (id int);",
    });
    await migrateUp(pool, options);
    assert.deepEqual(await rows("SELECT id FROM f"), [{ id: 1 }]);
  });

  test("a unique index whose rows are not unique fails the step, leaves no index, and is built when they are", async () => {
    const options = await optionsFor({
      "1_u.sql": "CREATE TABLE u (id int PRIMARY KEY, n int); INSERT INTO u VALUES (1, 1), (2, 1);",
      "2_u.sql": "ALTER TABLE u ADD CONSTRAINT u_n UNIQUE (n);",
    });
    await assert.rejects(migrateUp(pool, options), { reason: "step", message: /index "u_n" is not valid/ });
    assert.deepEqual(await rows("SELECT to_regclass('u_n') AS index"), [{ index: null }]);
    await pool.query("UPDATE u SET n = id");
    await migrateUp(pool, options);
    await assert.rejects(pool.query("INSERT INTO u VALUES (3, 1)"), { code: "23505" });
  });

  test("an edited, a missing and a late file are errors that say what to do; repair puts the ledger right", async () => {
    const options = await optionsFor({
      "1_e.sql": "CREATE TABLE e (id int)",
      "3_e.sql": "CREATE TABLE e3 (id int)",
    });
    await migrateUp(pool, options);
    writeMigrations(options.folder, { "1_e.sql": "CREATE TABLE e (id int) -- of the first days" });
    await assert.rejects(migrateUp(pool, options), {
      reason: "history",
      message: /1_e was edited/,
      remedy: /--accept 1_e/,
    });
    await repairMigrations(pool, options, { accept: "1_e" });
    assert.deepEqual((await migrateUp(pool, options)).applied, []);
    writeMigrations(options.folder, { "2_e.sql": "CREATE TABLE e2 (id int)" });
    await assert.rejects(migrateUp(pool, options), { reason: "history", remedy: /--out-of-order/ });
    assert.deepEqual((await migrateUp(pool, { ...options, outOfOrder: true })).applied, ["2_e"]);
    await repairMigrations(pool, options, { forget: "2_e" });
    await assert.rejects(repairMigrations(pool, options, { forget: "2_e" }), { reason: "history" });
    await repairMigrations(pool, options, { markApplied: "2_e" });
    assert.deepEqual(
      (await migrationStatus(pool, options)).migrations.map(({ state }) => state),
      ["applied", "applied", "applied"],
    );
  });

  test("baseline enters what a database had before its ledger", async () => {
    await pool.query("CREATE TABLE old (id int)");
    const options = await optionsFor({
      "1_old.sql": "CREATE TABLE old (id int)",
      "2_new.sql": "CREATE TABLE new (id int)",
    });
    assert.deepEqual(await baselineMigrations(pool, { ...options, to: "1_old" }), ["1_old"]);
    assert.deepEqual((await migrateUp(pool, options)).applied, ["2_new"]);
  });

  test("nothing is run, and no ledger made, while something cannot be planned", async () => {
    const options = await optionsFor({
      "1_q.sql": "CREATE TABLE q (id int);",
      "2_q.sql":
        "\nCREATE TYPE mood AS ENUM ('sad');\nCREATE TRIGGER x BEFORE INSERT ON q EXECUTE FUNCTION f();",
    });
    await assert.rejects(migrateUp(pool, options), { reason: "plan", message: /2_q\.sql:2: .*1 more/ });
    const { problems } = await planUp(pool, options);
    assert.deepEqual(
      problems.map(({ line }) => line),
      [2, 3],
    );
    assert.deepEqual(await rows("SELECT to_regclass('q') AS q"), [{ q: null }]);
    assert.deepEqual(await rows(`SELECT to_regclass('${options.schema}.dsql_migration') AS ledger`), [
      { ledger: null },
    ]);
  });

  test("a schema that is not there, and a role that may not use the ledger, are told what to do", async () => {
    const options = await optionsFor({ "1_r.sql": "CREATE TABLE r (id int)" });
    await assert.rejects(migrateUp(pool, { ...options, schema: "nowhere" }), {
      reason: "ledger",
      remedy: /CREATE SCHEMA "nowhere"/,
    });
    await migrateUp(pool, options);
    await pool.query("CREATE ROLE reader LOGIN");
    await pool.query(`AWS IAM GRANT reader TO '${fixture.cluster.identities.administrator.principalArn}'`);
    const reader = fixture.pool({ user: "reader" });
    await assert.rejects(migrationStatus(reader, options), { reason: "ledger", remedy: /owns the tables/ });
    await pool.query("GRANT USAGE ON SCHEMA ledger TO reader");
    for (const table of ["dsql_migration", "dsql_migration_step"])
      await pool.query(`GRANT SELECT ON ledger.${table} TO reader`);
    assert.equal((await migrationStatus(reader, options)).migrations[0]?.state, "applied");
    await assert.rejects(migrateUp(reader, options), { reason: "ledger", message: /permission denied/ });
  });

  test("two runs at the same time apply each migration once", async () => {
    const files: Record<string, string> = {};
    for (let number = 1; number <= 4; number++)
      files[`${number}_c.sql`] =
        `CREATE TABLE c${number} (id int PRIMARY KEY); INSERT INTO c${number} VALUES (1);`;
    const options = { ...(await optionsFor(files)), waitMs: 30_000 };
    const results = await Promise.all([migrateUp(pool, options), migrateUp(fixture.pool(), options)]);
    assert.equal(results.flatMap(({ applied }) => applied).length, 4);
  });

  test("an aborted run ends between two steps, and the next one goes on", async () => {
    const options = await optionsFor({ "1_s.sql": "CREATE TABLE s1 (id int); CREATE TABLE s2 (id int);" });
    const controller = new AbortController();
    const onEvent: MigrateUpOptions["onEvent"] = (event) => {
      if (event.type === "step" && event.number === 2) controller.abort();
    };
    await assert.rejects(migrateUp(pool, { ...options, signal: controller.signal, onEvent }), {
      reason: "interrupted",
    });
    assert.deepEqual(await rows("SELECT to_regclass('s2') AS s2"), [{ s2: null }]);
    assert.deepEqual((await migrateUp(pool, options)).applied, ["1_s"]);
  });
});
