import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let client: pg.Client;

before(async () => {
  running = await runCluster();
  client = await running.connect();
  for (const table of ["transactions", "many"]) {
    await client.query(
      `CREATE TABLE ${table} (
         id uuid PRIMARY KEY DEFAULT gen_random_uuid(), payer_id int NOT NULL, payee_id int NOT NULL,
         amount int NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`,
    );
    const { rows } = await client.query<{ job_id: string }>(
      `CREATE INDEX ASYNC idx_${table}_payer ON ${table} (payer_id, created_at)`,
    );
    await client.query(`CALL sys.wait_for_job('${rows[0]?.job_id ?? ""}')`);
  }
  // A session hears once that the catalog has changed.
  await client.query("SELECT FROM transactions, many").catch(() => undefined);
  await client.query(
    "INSERT INTO transactions (payer_id, payee_id, amount) SELECT 1, 2, n FROM generate_series(1, 6) AS n",
  );
  await client.query(
    "INSERT INTO many (payer_id, payee_id, amount) SELECT n, 2, n FROM generate_series(1, 2500) AS n",
  );
  await client.query("ANALYZE transactions");
  await client.query("ANALYZE many");
});

after(async () => {
  await running.stop();
});

async function plan(statement: string, values?: unknown[]): Promise<string[]> {
  const { rows } = await client.query<{ "QUERY PLAN": string }>({
    text: statement,
    ...(values && { values }),
  });
  return rows.map((row) => row["QUERY PLAN"]);
}

/** The lines without what differs from run to run. */
function settled(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line.replace(/time=\d+\.\d+\.\.\d+\.\d+/, "time=T").replace(/(Time): \d+\.\d+ ms/, "$1: T"),
  );
}

const latest = (table: string): string =>
  `SELECT id, payer_id, payee_id, amount, created_at FROM ${table} WHERE payer_id = 1 ORDER BY created_at DESC LIMIT 5`;

test("over 6 rows the talk's query is a full scan and a sort", async () => {
  assert.deepEqual(settled(await plan(`EXPLAIN ANALYZE ${latest("transactions")}`)), [
    "Limit  (cost=104.92..104.93 rows=5 width=36) (actual time=T rows=5 loops=1)",
    "  ->  Sort  (cost=104.92..104.93 rows=6 width=36) (actual time=T rows=5 loops=1)",
    "        Sort Key: created_at DESC",
    "        Sort Method: quicksort  Memory: 25kB",
    "        ->  Full Scan (btree-table) on transactions  (cost=100.76..104.84 rows=6 width=36) (actual time=T rows=6 loops=1)",
    "              -> Storage Scan on transactions (cost=100.76..104.84 rows=6 width=36) (actual rows=6 loops=1)",
    "                  Projections: id, payer_id, payee_id, amount, created_at",
    "                  Filters: (payer_id = 1)",
    "                  Rows Filtered: 0",
    "                  -> B-Tree Scan on transactions (cost=100.76..104.84 rows=6 width=36) (actual rows=6 loops=1)",
    "Planning Time: T",
    "Execution Time: T",
  ]);
});

test("over many rows the talk's query is an index scan backward with look-ups", async () => {
  const lines = settled(await plan(`EXPLAIN ANALYZE ${latest("many")}`));
  const cost = /\(cost=[^)]*\)/g;
  assert.match(lines[0] ?? "", /^Limit {2}\(cost=100\.\d\d\.\.208\.\d\d rows=1 /);
  assert.deepEqual(
    lines.map((line) => line.replaceAll(cost, "(C)")),
    [
      "Limit  (C) (actual time=T rows=1 loops=1)",
      "  ->  Index Scan Backward using idx_many_payer on many  (C) (actual time=T rows=1 loops=1)",
      "        Index Cond: (payer_id = 1)",
      "        -> Storage Scan on idx_many_payer (C) (actual rows=1 loops=1)",
      "            -> B-Tree Scan on idx_many_payer (C) (actual rows=1 loops=1)",
      "                Index Cond: (payer_id = 1)",
      "        -> Storage Lookup on many (C) (actual rows=1 loops=1)",
      "            Projections: id, payer_id, payee_id, amount, created_at",
      "            -> B-Tree Lookup on many (C) (actual rows=1 loops=1)",
      "Planning Time: T",
      "Execution Time: T",
    ],
  );
});

test("a primary key covers all columns, whatever the size of the table", async () => {
  for (const table of ["transactions", "many"]) {
    const id = "00000000-0000-0000-0000-000000000000";
    const lines = await plan(`EXPLAIN (COSTS OFF) SELECT amount FROM ${table} WHERE id = '${id}'`);
    assert.deepEqual(lines, [
      `Index Only Scan using ${table}_pkey on ${table}`,
      `  Index Cond: (id = '${id}'::uuid)`,
      `  -> Storage Scan on ${table}_pkey`,
      "      Projections: amount",
      `      -> B-Tree Scan on ${table}_pkey`,
      `          Index Cond: (id = '${id}'::uuid)`,
    ]);
  }
});

test("what storage cannot evaluate is filtered by the query processor", async () => {
  const lines = await plan(
    "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT amount FROM transactions WHERE abs(payee_id) = 7",
  );
  assert.deepEqual(lines, [
    "Index Only Scan using transactions_pkey on transactions (actual rows=0 loops=1)",
    "  Filter: (abs(payee_id) = 7)",
    "  Rows Removed by Filter: 6",
    "  -> Storage Scan on transactions_pkey (actual rows=6 loops=1)",
    "      Projections: payee_id, amount",
    "      -> B-Tree Scan on transactions_pkey (actual rows=6 loops=1)",
  ]);
});

test("joins, subplans and CTEs keep their place around the scans", async () => {
  const lines = await plan(`EXPLAIN (COSTS OFF)
    WITH c AS MATERIALIZED (SELECT payer_id FROM transactions WHERE amount > 2)
    SELECT count(*) FROM c JOIN transactions AS t USING (payer_id) WHERE t.amount = (SELECT max(amount) FROM transactions)`);
  const shape = lines.filter((line) => /->|^\S|CTE|InitPlan/.test(line)).map((line) => line.trim());
  assert.ok(shape.includes("InitPlan 2 (returns $1)"), lines.join("\n"));
  const cte = shape.indexOf("CTE c");
  assert.deepEqual(shape.slice(cte + 1, cte + 4), [
    "->  Full Scan (btree-table) on transactions",
    "-> Storage Scan on transactions",
    "-> B-Tree Scan on transactions",
  ]);
  const inner = shape.findIndex((line) => line === "->  Full Scan (btree-table) on transactions t");
  assert.equal(shape[inner + 1], "-> Storage Scan on transactions");
});

test("what is no scan of a table is shown as PostgreSQL shows it", async () => {
  for (const statement of [
    "EXPLAIN SELECT 1",
    "EXPLAIN (VERBOSE) SELECT n, count(*) FROM generate_series(1, 3) AS n GROUP BY n ORDER BY 2 DESC LIMIT 1",
    "EXPLAIN VALUES (1), (2)",
    "EXPLAIN (FORMAT YAML) SELECT 1",
    "EXPLAIN SELECT relname FROM pg_class WHERE oid = 1259",
  ]) {
    const own = (await running.storage(statement)) as { "QUERY PLAN": string }[];
    assert.deepEqual(
      await plan(statement),
      own.map((row) => row["QUERY PLAN"]),
      statement,
    );
  }
});

test("ANALYZE VERBOSE ends with the identifier and the DPU estimate, ANALYZE alone does not", async () => {
  const lines = await plan("EXPLAIN ANALYZE VERBOSE SELECT * FROM transactions WHERE amount = 3");
  const tail = lines.slice(lines.findIndex((line) => line.startsWith("Query Identifier")));
  assert.match(lines[0] ?? "", /^Full Scan \(btree-table\) on public\.transactions {2}\(cost/);
  const expected = [
    /^Query Identifier: [a-z1-9]{13}$/,
    /^Planning Time: /,
    /^Execution Time: /,
    /^Statement DPU Estimate:$/,
    /^ {2}Compute: 0\.0\d{4} DPU$/,
    /^ {2}Read: 0\.00119 DPU \(Transaction minimum: 0\.00375\)$/,
    /^ {2}Write: 0\.00000 DPU$/,
    /^ {2}Total: 0\.\d{5} DPU$/,
  ];
  assert.equal(tail.length, expected.length, tail.join("\n"));
  for (const [index, pattern] of expected.entries()) assert.match(tail[index] ?? "", pattern);
  const plain = await plan("EXPLAIN ANALYZE SELECT * FROM transactions WHERE amount = 3");
  assert.ok(!plain.some((line) => /DPU|Query Identifier/.test(line)));
});

test("a write is estimated with its index entries", async () => {
  await client.query("BEGIN");
  const write = async (statement: string): Promise<string | undefined> =>
    (await plan(`EXPLAIN (ANALYZE, VERBOSE) ${statement}`))
      .find((line) => line.startsWith("  Write: "))
      ?.trim();
  const insert = await write(
    "INSERT INTO transactions (payer_id, payee_id, amount) VALUES (1, 2, 3), (1, 2, 3), (1, 2, 3)",
  );
  assert.equal(insert, "Write: 0.03750 DPU (Transaction minimum: 0.05000)");
  const outside = await write("UPDATE transactions SET amount = 4 WHERE amount = 3 AND payee_id = 2");
  assert.equal(outside, "Write: 0.02500 DPU (Transaction minimum: 0.05000)");
  await client.query("ROLLBACK");
});

test("JSON has the same nodes and figures as the text", async () => {
  const [json] = (await plan(
    "EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) SELECT amount FROM transactions WHERE payer_id = 1",
  )) as unknown as [[{ Plan: Record<string, unknown>; [name: string]: unknown }]];
  const [{ Plan: root, ...rest }] = json;
  assert.equal(root["Node Type"], "Full Scan (btree-table)");
  assert.equal(root["Startup Cost"], 100.76);
  const [storage] = root["Plans"] as [Record<string, unknown>];
  assert.equal(storage["Node Type"], "Storage Scan");
  assert.deepEqual(storage["Projections"], ["amount"]);
  assert.equal(storage["Filters"], "(transactions.payer_id = 1)");
  assert.equal(storage["Rows Filtered"], 0);
  const [tree] = storage["Plans"] as [Record<string, unknown>];
  assert.deepEqual([tree["Node Type"], tree["Actual Rows"]], ["B-Tree Scan", 6]);
  assert.ok("Query Identifier" in rest && "Statement DPU Estimate" in rest);
});

test("parameters are planned with their values", async () => {
  const lines = await plan(
    "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM many WHERE payer_id = $1",
    [7],
  );
  assert.equal(lines[0], "Index Scan using idx_many_payer on many (actual rows=1 loops=1)");
  assert.equal(lines[1], "  Index Cond: (payer_id = 7)");
});

test("names that need quotes are told apart", async () => {
  await client.query("BEGIN");
  await client.query('CREATE TABLE "my table" (id int PRIMARY KEY, "a name" text)');
  const lines = await plan(
    `EXPLAIN (VERBOSE, COSTS OFF) SELECT "a name" FROM "my table" AS "my t" WHERE "a name" > 'b'`,
  );
  await client.query("ROLLBACK");
  assert.deepEqual(lines, [
    'Full Scan (btree-table) on public."my table" "my t"',
    '  Output: "a name"',
    '  -> Storage Scan on public."my table"',
    '      Projections: "a name"',
    `      Filters: ("my t"."a name" > 'b'::text)`,
    '      -> B-Tree Scan on public."my table"',
  ]);
});

test("a cursor's statement answers whole when fewer rows are asked for", async () => {
  const { rows, fields } = await client.query({
    text: "EXPLAIN SELECT * FROM transactions",
    rows: 1,
    name: "explained",
  } as pg.QueryConfig);
  assert.equal(fields[0]?.name, "QUERY PLAN");
  assert.equal(rows.length, 4);
});

test("errors are PostgreSQL's, with positions in the client's text", async () => {
  const fails = async (statement: string, error: object): Promise<void> => {
    await assert.rejects(client.query(statement), error, statement);
  };
  await fails("EXPLAIN SELECT nothing FROM many", { code: "42703", position: "16" });
  await fails("/* é */ EXPLAIN (ANALYZE, /* é */ VERBOSE) SELECT nothing FROM many", {
    code: "42703",
    position: "51",
  });
  await fails("EXPLAIN (FOO) SELECT 1 FROM many", {
    code: "42601",
    message: 'unrecognized EXPLAIN option "foo"',
  });
  await fails("EXPLAIN (TIMING) SELECT 1", {
    code: "22023",
    message: "EXPLAIN option TIMING requires ANALYZE",
  });
});

test("EXPLAIN ANALYZE of a write is a write, EXPLAIN alone is none", async () => {
  const count = async (): Promise<unknown> =>
    (await client.query<{ n: string }>("SELECT count(*) AS n FROM many WHERE payee_id = 99")).rows[0]?.n;
  await plan("EXPLAIN INSERT INTO many (payer_id, payee_id, amount) VALUES (0, 99, 0)");
  assert.equal(await count(), "0");
  await plan("EXPLAIN ANALYZE INSERT INTO many (payer_id, payee_id, amount) VALUES (0, 99, 0)");
  assert.equal(await count(), "1");
  await client.query("DELETE FROM many WHERE payee_id = 99");
});

test("rows that EXPLAIN ANALYZE changes count against the limit of a transaction, in every format", async () => {
  const insert = (format: string, rows: number): Promise<unknown> =>
    client.query(
      `EXPLAIN (ANALYZE, FORMAT ${format}) INSERT INTO many (payer_id, payee_id, amount)
       SELECT n, 99, 0 FROM generate_series(1, ${rows}) AS n`,
    );
  for (const format of ["TEXT", "JSON", "XML", "YAML"]) {
    await client.query("BEGIN");
    await insert(format, 2_000);
    await assert.rejects(insert(format, 1_001), { code: "54000" }, format);
    await client.query("ROLLBACK");
  }
});

test("a write by EXPLAIN ANALYZE is redone, and loses, like any other", async () => {
  const other = await running.connect();
  await other.query("SELECT FROM many").catch(() => undefined);
  await client.query("BEGIN");
  await plan("EXPLAIN ANALYZE UPDATE many SET amount = -1 WHERE payer_id = 10");
  await other.query("UPDATE many SET amount = -2 WHERE payer_id = 10");
  // The transaction has lost; until COMMIT its statements answer all the same.
  for (const statement of ["EXPLAIN SELECT * FROM many", "EXPLAIN ANALYZE UPDATE many SET amount = -5"]) {
    assert.ok((await plan(`${statement} WHERE payer_id = 10`)).length > 0, statement);
  }
  await assert.rejects(client.query("COMMIT"), { code: "40001", message: /\(OC000\)/ });
  await client.query("BEGIN");
  await plan("EXPLAIN ANALYZE UPDATE many SET amount = -3 WHERE payer_id = 11");
  await other.query("BEGIN");
  await other.query("UPDATE many SET amount = -4 WHERE payer_id = 11");
  await client.query("COMMIT");
  await assert.rejects(other.query("COMMIT"), { code: "40001" });
  const { rows } = await other.query("SELECT amount FROM many WHERE payer_id IN (10, 11) ORDER BY payer_id");
  assert.deepEqual(rows, [{ amount: -2 }, { amount: -3 }]);
});

test("SETTINGS names what the client has set, not the embedded PostgreSQL's configuration", async () => {
  const settings = async (): Promise<string[]> =>
    (await plan("EXPLAIN (SETTINGS) SELECT 1")).filter((line) => line.startsWith("Settings"));
  assert.deepEqual(await settings(), []);
  await client.query("SET enable_hashjoin = off");
  assert.deepEqual(await settings(), ["Settings: enable_hashjoin = 'off'"]);
  await client.query("RESET enable_hashjoin");
});

test("the server names the service's version", async () => {
  const value = async (statement: string): Promise<unknown> =>
    Object.entries((await client.query<object>(statement)).rows[0] ?? {})[0];
  assert.deepEqual(await value("SHOW server_version"), ["server_version", "16.15"]);
  assert.deepEqual(await value("SHOW SERVER_VERSION_NUM"), ["server_version_num", "160015"]);
  assert.deepEqual(await value("SHOW max_connections"), ["max_connections", "20"]);
  assert.deepEqual(await value("SELECT current_setting('server_version')"), ["current_setting", "16.15"]);
  assert.deepEqual(await value("SELECT current_setting('Server_Version_Num')::int"), [
    "current_setting",
    160_015,
  ]);
  assert.deepEqual(await value("SELECT current_setting('none.such', true)"), ["current_setting", null]);
  assert.deepEqual(await value("SELECT current_setting('TimeZone')"), ["current_setting", "UTC"]);
  await assert.rejects(client.query("SELECT current_setting('none_such')"), { code: "42704" });
  await assert.rejects(client.query("SHOW lc_collate"), {
    code: "42704",
    message: 'unrecognized configuration parameter "lc_collate"',
  });
});

test("a generic plan needs no values, and any other statement of a simple Query has no parameters", async () => {
  const [scan] = await plan(
    "EXPLAIN (GENERIC_PLAN, COSTS OFF) SELECT * FROM many WHERE id = $1 AND amount > $2",
  );
  assert.equal(scan, "Index Only Scan using many_pkey on many");
  for (const text of [
    "SELECT * FROM many WHERE id = $1",
    "EXPLAIN SELECT * FROM many WHERE amount = $1 AND id = $2",
  ])
    await assert.rejects(client.query(text), {
      code: "42P02",
      message: "there is no parameter $1",
      position: String(text.indexOf("$1") + 1),
    });
  assert.deepEqual((await client.query("SELECT $$1$$ AS one")).rows, [{ one: "1" }]);
});

test("in a failed block 25P02 comes before a parameter that is not there", async () => {
  await client.query("BEGIN");
  await assert.rejects(client.query("SELECT $1"), { code: "42P02" });
  await assert.rejects(client.query("SELECT $1"), { code: "25P02" });
  await client.query("ROLLBACK");
});

// A backend keeps the prepared statements of the sessions that it serves by turns.
test("EXPLAIN EXECUTE is refused as EXECUTE is", async () => {
  await assert.rejects(client.query("EXPLAIN EXECUTE d1"), {
    code: "0A000",
    message: "unsupported statement: Execute",
  });
});
