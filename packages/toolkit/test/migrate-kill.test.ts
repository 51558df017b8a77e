import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Pool, QueryResult, QueryResultRow } from "pg";
import { migrateUp, migrationStatus, retryConflicts } from "../src/index.ts";
import { breakLease } from "../src/migrate/lease.ts";
import { childEnvironment, define, type Fixture, startFixture } from "./fixture.ts";
import { migrationsIn } from "./migrate-folder.ts";

/** DDL of several kinds, an index, a constraint, rows, batches that are not idempotent, both recipes, names that change. */
const migration = `
  CREATE TABLE item (id int PRIMARY KEY, n int, note text);
  INSERT INTO item SELECT i, 0, 'x' FROM generate_series(1, 2500) AS i;
  CREATE INDEX ON item (n);
  UPDATE item SET n = n + 1;
  ALTER TABLE item ADD COLUMN state text NOT NULL DEFAULT 'new';
  DROP INDEX item_n_idx;
  ALTER TABLE item ALTER COLUMN n TYPE bigint;
  ALTER TABLE item ADD CONSTRAINT item_note UNIQUE (id, note);
  ALTER TABLE item RENAME COLUMN note TO remark;
  CREATE VIEW new_item AS SELECT id FROM item WHERE state = 'new';
  DELETE FROM item WHERE id > 2000;
`;

describe("a run that is killed", () => {
  let fixture: Fixture;
  let pool: Pool;
  before(async () => {
    fixture = await startFixture();
    pool = fixture.pool();
  });
  after(() => fixture.stop());

  for (const moment of ["before", "sent", "answered"] as const) {
    const when = {
      before: "before each step",
      sent: "while each step runs",
      answered: "after each step has run",
    };
    test(`${when[moment]} is continued by the next, and nothing is done twice`, async (t) => {
      t.after(async () => {
        const tables = ["item", "dsql_migration", "dsql_migration_step", "dsql_migration_lease"];
        await define(
          pool,
          "DROP VIEW IF EXISTS new_item",
          ...tables.map((table) => `DROP TABLE IF EXISTS ${table}`),
        );
      });
      const folder = migrationsIn(fixture.folder, { [`1_${moment}.sql`]: migration });
      await killAtEveryStep(folder, moment);
      await migrateUp(pool, { folder });
      const [state] = (await migrationStatus(pool, { folder })).migrations.filter(
        ({ file }) => file !== undefined,
      );
      assert.equal(state?.state, "applied");
      await expectMigrated();
    });
  }

  test("while a table is copied is continued by the next, and the copy is exact", async () => {
    await define(
      pool,
      "CREATE TABLE copied (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, n int NOT NULL, name text UNIQUE)",
      "CREATE TABLE referring (id int PRIMARY KEY, copied bigint REFERENCES copied)",
      "CREATE INDEX ASYNC copied_n ON copied (n)",
      "GRANT SELECT ON copied TO PUBLIC",
    );
    await define(pool, "INSERT INTO copied (n, name) SELECT i, 'n' || i FROM generate_series(1, 2500) AS i");
    const folder = migrationsIn(fixture.folder, {
      "1_copy.sql": "ALTER TABLE copied ALTER COLUMN n TYPE bigint;",
    });
    await killAtEveryStep(folder, "sent");
    const { rows } = await query<object>(
      "SELECT count(*)::int AS rows, sum(n)::int AS sum, max(pg_typeof(n)::text) AS type FROM copied",
    );
    assert.deepEqual(rows, [{ rows: 2_500, sum: (2_500 * 2_501) / 2, type: "bigint" }]);
    const left = await query("SELECT relname FROM pg_class WHERE relname ~ '_(next|old)'");
    assert.deepEqual(left.rows, []);
    const references = await query(
      "SELECT confrelid::regclass::text AS to, convalidated FROM pg_constraint WHERE conrelid = 'referring'::regclass AND contype = 'f'",
    );
    assert.deepEqual(references.rows, [{ to: "copied", convalidated: true }]);
  });

  /** Until a run comes to its end: how many steps there are shows itself only while they run. */
  async function killAtEveryStep(folder: string, moment: string): Promise<void> {
    const stepsMax = 100;
    for (let step = 1; step <= stepsMax; step++) {
      if ((await killedAt(folder, moment, step)) === null) return;
      // Nobody waits here until the dead one's lease is over: it is long enough for a slow machine to keep it.
      await breakLease(pool, "public");
    }
    assert.fail(`there are more than ${stepsMax} steps`);
  }

  async function killedAt(folder: string, moment: string, step: number): Promise<NodeJS.Signals | null> {
    const { cluster } = fixture;
    const file = fileURLToPath(new URL("./migrate-child.js", import.meta.url));
    const child = spawn(process.execPath, [file, folder, moment, String(step)], {
      stdio: ["ignore", "ignore", "inherit"],
      env: childEnvironment(cluster),
    });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    assert.ok(signal === "SIGKILL" || code === 0, `step ${step}: ended with ${code}`);
    return signal;
  }

  /** Again where the end of an index build is news to the session. */
  function query<Row extends QueryResultRow>(sql: string): Promise<QueryResult<Row>> {
    return retryConflicts(() => pool.query<Row>(sql));
  }

  async function expectMigrated(): Promise<void> {
    const { rows } = await query<object>(
      "SELECT n, state, remark, pg_typeof(n)::text AS type, count(*)::int AS rows FROM item GROUP BY n, state, remark",
    );
    assert.deepEqual(rows, [{ n: "1", state: "new", remark: "x", type: "bigint", rows: 2_000 }]);
    const constraints = await query<{ conname: string; convalidated: boolean }>(
      "SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'item'::regclass ORDER BY conname",
    );
    assert.deepEqual(
      constraints.rows.map(({ conname, convalidated }) => [conname, convalidated]),
      [
        ["item_note", true],
        ["item_pkey", true],
        ["item_state_not_null", true],
      ],
    );
    const indexes = await query("SELECT FROM pg_index WHERE indrelid = 'item'::regclass AND NOT indisvalid");
    assert.equal(indexes.rows.length, 0);
    assert.equal((await query("SELECT FROM new_item")).rows.length, 2_000);
    const columns = await query(
      "SELECT FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 AND NOT attisdropped",
    );
    assert.equal(columns.rows.length, 4);
  }
});
