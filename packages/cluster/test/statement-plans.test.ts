/** How statements are sent differently from what the client wrote, judged by PostgreSQL's own catalog. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { superuser } from "../src/storage/system-schema/index.ts";
import { createSqlParser, type Statement } from "../src/sql/index.ts";
import { Backend } from "../src/transaction/backend/backend.ts";
import { request } from "../src/transaction/backend/request.ts";
import { Catalog } from "../src/transaction/catalog.ts";
import { PlanCache, type StatementPlan } from "../src/transaction/plan.ts";
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
  backend = await Backend.connect({ address: storageAddress, user: superuser, superuser });
  plans = new PlanCache(new Catalog(() => Promise.resolve(backend)));
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
  ["INSERT INTO entry (n) VALUES (1)", 'INSERT INTO entry (n) VALUES (1)\nRETURNING ("entry".*)::text'],
  [
    "INSERT INTO entry AS e (n) VALUES (1) RETURNING id -- all",
    'INSERT INTO entry AS e (n) VALUES (1) RETURNING id, ("e".*)::text -- all',
  ],
  [
    "INSERT INTO entry VALUES (DEFAULT, 1)",
    'INSERT INTO entry VALUES (DEFAULT, 1)\nRETURNING ("entry".*)::text',
  ],
  ["INSERT INTO entry (id, n) VALUES ('00000000-0000-0000-0000-000000000001', 1)", undefined],
  ["UPDATE entry SET n = n + 1", undefined],
  ["UPDATE entry SET n = random()::int", 'UPDATE entry SET n = random()::int\nRETURNING ("entry".*)::text'],
  ["DELETE FROM account WHERE balance < 0", undefined],
  ["INSERT INTO account VALUES (1)", undefined],
];

for (const [text, expected] of imaged) {
  test(`${expected === undefined ? "no images are" : "images of the rows are"} asked for: ${text}`, async () => {
    const { recording } = await planOf(text);
    assert.equal(recording?.text, expected);
    if (recording !== undefined) await request(backend, `EXPLAIN ${recording.text}`);
  });
}

const locked: readonly (readonly [string, string, readonly string[]])[] = [
  ["SELECT * FROM account FOR UPDATE", 'SELECT * , "account".ctid FROM account FOR UPDATE', ["account"]],
  [
    "SELECT a.id FROM account AS a FOR UPDATE NOWAIT",
    'SELECT a.id , "a".ctid FROM account AS a FOR UPDATE ',
    ["account"],
  ],
  [
    "SELECT 1 FROM account a, entry e WHERE a.balance = e.n FOR UPDATE OF e SKIP LOCKED",
    'SELECT 1 , "e".ctid FROM account a, entry e WHERE a.balance = e.n FOR UPDATE OF e ',
    ["entry"],
  ],
  [
    "SELECT * FROM (SELECT id FROM account FOR UPDATE) AS sub",
    "SELECT * FROM (SELECT id FROM account FOR UPDATE) AS sub",
    [],
  ],
];

for (const [text, expected, tables] of locked) {
  test(`the places of locked rows are asked for: ${text}`, async () => {
    const { locking } = await planOf(text);
    assert.equal(locking?.text, expected);
    assert.deepEqual(
      locking.tables.map(({ name }) => name),
      tables,
    );
    await request(backend, `EXPLAIN ${locking.text}`);
  });
}

const keys: readonly (readonly [string, boolean, boolean])[] = [
  ["INSERT INTO account VALUES (1)", false, true],
  ["DELETE FROM account", true, false],
  ["UPDATE account SET balance = 1", false, false],
  ["UPDATE account SET owner = 'ana'", true, true],
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
