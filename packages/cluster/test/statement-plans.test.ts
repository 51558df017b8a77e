/** How statements are sent differently from what the client wrote, judged by PostgreSQL's own catalog. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { errors } from "@dsql-local/spec";
import { serviceLimits } from "../src/base/index.ts";
import { createSqlParser, type Statement } from "../src/sql/index.ts";
import { Backend } from "../src/backend/backend.ts";
import { request } from "../src/backend/request.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import { PlanCache, type StatementPlan } from "../src/transaction/plan/plan.ts";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let backend: Backend;
let plans: PlanCache;

before(async () => {
  running = await runCluster();
  const admin = await running.connect();
  for (const text of [
    "CREATE TABLE account (id int PRIMARY KEY, owner text UNIQUE, balance int DEFAULT 0)",
    "CREATE TABLE entry (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int)",
    "CREATE VIEW rich AS SELECT * FROM account WHERE balance > 100",
    "CREATE FUNCTION pure() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'",
    "CREATE FUNCTION writing() RETURNS int LANGUAGE sql AS 'UPDATE account SET balance = 0 RETURNING 1'",
  ]) {
    await admin.query(text);
  }
  const { storageAddress } = running.cluster;
  backend = await Backend.connect({ address: storageAddress, user: "admin" });
  plans = new PlanCache(new Catalog({ request: (text, values) => request(backend, text, values) }), {
    limits: serviceLimits,
  });
});
after(async () => {
  backend.close();
  await running.stop();
});

function parsed(text: string): Statement {
  const statement = createSqlParser().parse(text).statements[0];
  assert.ok(statement !== undefined);
  return statement;
}

async function planOf(text: string): Promise<StatementPlan> {
  return await plans.for(parsed(text), ["pg_catalog", "public"]);
}

const imaged: readonly (readonly [string, string | undefined])[] = [
  [
    "INSERT INTO entry (n) VALUES (1)",
    'INSERT INTO entry (n) VALUES (1)\nRETURNING ("entry".*)::pg_catalog.text',
  ],
  [
    "INSERT INTO entry AS e (n) VALUES (1) RETURNING id -- all",
    'INSERT INTO entry AS e (n) VALUES (1) RETURNING id, ("e".*)::pg_catalog.text -- all',
  ],
  [
    "INSERT INTO entry VALUES (DEFAULT, 1)",
    'INSERT INTO entry VALUES (DEFAULT, 1)\nRETURNING ("entry".*)::pg_catalog.text',
  ],
  ["INSERT INTO entry (id, n) VALUES ('00000000-0000-0000-0000-000000000001', 1)", undefined],
  ["UPDATE entry SET n = n + 1", undefined],
  [
    "UPDATE entry SET n = random()::int",
    'UPDATE entry SET n = random()::int\nRETURNING ("entry".*)::pg_catalog.text',
  ],
  ["DELETE FROM account WHERE balance < 0", undefined],
  ["INSERT INTO account VALUES (1)", undefined],
];

for (const [text, expected] of imaged) {
  test(`${expected === undefined ? "no images are" : "images of the rows are"} asked for: ${text}`, async () => {
    const plan = await planOf(text);
    assert.equal(plan.recording === undefined ? undefined : plan.text, expected);
    if (plan.text !== undefined) await request(backend, `EXPLAIN ${plan.text}`);
  });
}

/** @param others - columns of unique keys beside the primary one */
const markOf = (alias: string, ...others: readonly string[]): string => {
  const columns = ["ctid", "xmin", '"id"', ...others.map((name) => `"${name}"`)];
  return `pg_catalog.json_build_array(${columns.map((name) => `${alias}.${name}`).join(", ")})::pg_catalog.text`;
};

const locked: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "SELECT * FROM account FOR UPDATE",
    `SELECT * , ${markOf('"account"', "owner")} FROM account FOR UPDATE`,
    ["account"],
  ],
  [
    "SELECT a.id FROM account AS a FOR UPDATE NOWAIT",
    `SELECT a.id , ${markOf('"a"', "owner")} FROM account AS a FOR UPDATE `,
    ["account"],
  ],
  [
    "SELECT 1 FROM account a, entry e WHERE a.balance = e.n FOR UPDATE OF e SKIP LOCKED",
    `SELECT 1 , ${markOf('"e"')} FROM account a, entry e WHERE a.balance = e.n FOR UPDATE OF e `,
    ["entry"],
  ],
  [
    "SELECT * FROM (SELECT id FROM account FOR UPDATE) AS sub",
    "SELECT * FROM (SELECT id FROM account FOR UPDATE) AS sub",
    [],
  ],
];

for (const [text, expected, tables] of locked) {
  test(`the marks of locked rows are asked for: ${text}`, async () => {
    const plan = await planOf(text);
    assert.equal(plan.text ?? text, expected);
    assert.deepEqual(
      plan.locking?.shown.map(({ name }) => name),
      tables,
    );
    await request(backend, `EXPLAIN ${expected}`);
  });
}

const keys: readonly (readonly [string, boolean, boolean])[] = [
  ["INSERT INTO account VALUES (1)", false, true],
  ["DELETE FROM account", true, false],
  ["UPDATE account SET balance = 1", false, false],
  ["UPDATE account SET owner = 'ana'", true, true],
  ["COPY account FROM STDIN", false, true],
  ["INSERT INTO account VALUES (1) ON CONFLICT (id) DO UPDATE SET balance = 1", false, true],
  ["INSERT INTO account VALUES (1) ON CONFLICT (id) DO UPDATE SET owner = 'ana'", true, true],
  ["SELECT 1", false, false],
];

for (const [text, freesKeys, takesKeys] of keys) {
  test(`${text} ${freesKeys ? "frees" : "frees no"} keys and ${takesKeys ? "takes some" : "takes none"}`, async () => {
    const plan = await planOf(text);
    assert.deepEqual([plan.freesKeys, plan.takesKeys], [freesKeys, takesKeys]);
  });
}

const functions: readonly (readonly [string, boolean])[] = [
  ["SELECT writing()", true],
  ["SELECT * FROM account WHERE id = public.writing()", true],
  ["SELECT set_config('timezone', 'UTC', false)", true],
  ["SELECT pure(), count(*), random() FROM account", false],
];

for (const [text, callsWritingFunction] of functions) {
  test(`${text} ${callsWritingFunction ? "may change something" : "changes nothing"}`, async () => {
    assert.equal((await planOf(text)).callsWritingFunction, callsWritingFunction);
  });
}

const byKey: readonly (readonly [string, string | undefined])[] = [
  ["SELECT * FROM account WHERE id = 1 FOR UPDATE", undefined],
  ["SELECT * FROM account AS a WHERE $1 = a.id AND balance > 5 FOR UPDATE", undefined],
  ["SELECT * FROM account WHERE balance > 5", undefined],
  ["SELECT * FROM account WHERE id > 1 FOR UPDATE", "lockingWithoutKey"],
  ["SELECT * FROM account WHERE id IN (1, 2) FOR UPDATE", "lockingWithoutKey"],
  ["SELECT * FROM account WHERE id = 1 OR balance = 1 FOR UPDATE", "lockingWithoutKey"],
  ["SELECT * FROM account WHERE id = balance FOR UPDATE", "lockingWithoutKey"],
  ["SELECT * FROM (SELECT * FROM account FOR UPDATE) AS a", "lockingWithoutKey"],
  [
    "SELECT 1 FROM account a JOIN entry e ON a.balance = e.n WHERE a.id = 1 FOR UPDATE",
    "lockingSeveralTables",
  ],
];

for (const [text, error] of byKey) {
  test(`until 2026-08-24 ${error === undefined ? "accepted" : "refused"}: ${text}`, async () => {
    const catalog = new Catalog({ request: (sql, values) => request(backend, sql, values) });
    const before = new PlanCache(catalog, { limits: serviceLimits, locksByKeyOnly: true });
    const plan = await before.for(parsed(text), ["pg_catalog", "public"]);
    assert.equal(plan.refusal, error === undefined ? undefined : errors[error as "lockingWithoutKey"]);
    assert.equal((await planOf(text)).refusal, undefined);
  });
}

const queues: readonly (readonly [string, readonly string[]])[] = [
  ["UPDATE account SET balance = 1 WHERE id = (SELECT id FROM account LIMIT 1 FOR UPDATE SKIP LOCKED)", []],
  ["DELETE FROM account a WHERE a.id IN (SELECT b.id FROM account b LIMIT 5 FOR UPDATE)", []],
  [
    "UPDATE account SET balance = 1 WHERE balance = 2 AND id = (SELECT id FROM account LIMIT 1 FOR UPDATE)",
    ["account"],
  ],
  ["UPDATE account SET balance = 1 WHERE id = (SELECT balance FROM account LIMIT 1 FOR UPDATE)", ["account"]],
  ["WITH l AS (SELECT * FROM account FOR UPDATE) INSERT INTO entry (n) SELECT id FROM l", ["account"]],
];

for (const [text, tables] of queues) {
  test(`${tables.length === 0 ? "all that is locked is written" : "locks are looked for"}: ${text}`, async () => {
    const plan = await planOf(text);
    assert.deepEqual(
      plan.locking?.hidden.map(({ name }) => name),
      tables,
    );
    await request(backend, `EXPLAIN ${plan.text ?? text}`);
  });
}

const measured: readonly (readonly [string, number])[] = [
  ["INSERT INTO entry (id, n) VALUES ('00000000-0000-0000-0000-000000000001', 1)", Infinity],
  ["INSERT INTO account VALUES (1, $1)", 1_981],
  ["INSERT INTO account VALUES (1, $1 || $1)", 0],
  ["INSERT INTO account SELECT 1, $1::text", 0],
  ["UPDATE account SET balance = 1", 0],
  ["DELETE FROM account", Infinity],
];

for (const [text, from] of measured) {
  test(`rows are measured from ${from} bytes on: ${text}`, async () => {
    const plan = await planOf(text);
    assert.equal(plan.rowSize?.measuredFrom, from);
    assert.equal(plan.measured === undefined, from === Infinity);
  });
}
