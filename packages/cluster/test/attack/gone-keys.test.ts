/** Attacks on keys that PostgreSQL has free in the present while an older snapshot still shows them as taken. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encodeFrontend } from "../../src/wire/index.ts";
import {
  copyData,
  copyDone,
  firstValues,
  type Message,
  type RawClient,
  type RunningCluster,
  runCluster,
  within,
} from "../running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
  const admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, part int NOT NULL, note text)");
  await admin.query("CREATE TABLE parent (id int PRIMARY KEY)");
  await admin.query("INSERT INTO parent SELECT n FROM generate_series(1, 3) AS n");
  await admin.query(
    "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent (id) ON DELETE CASCADE)",
  );
  await admin.query(
    `CREATE FUNCTION remove_account(k int) RETURNS bigint LANGUAGE sql VOLATILE AS
     'WITH gone AS (DELETE FROM account WHERE id = k RETURNING id) SELECT count(*) FROM gone'`,
  );
  await admin.query(
    `CREATE FUNCTION add_account(k int) RETURNS bigint LANGUAGE sql VOLATILE AS
     'INSERT INTO account VALUES (k, 1, ''function'') RETURNING id::bigint'`,
  );
});
after(() => running.stop());

/** How a transaction takes the key 1. */
const takes: readonly (readonly [string, (client: RawClient) => void])[] = [
  ["INSERT", query("INSERT INTO account VALUES (1, 1, 'new')")],
  ["INSERT … RETURNING", query("INSERT INTO account VALUES (1, 1, 'new') RETURNING id")],
  ["INSERT of several rows", query("INSERT INTO account VALUES (11, 1, 'x'), (1, 1, 'new'), (12, 1, 'y')")],
  ["INSERT … SELECT", query("INSERT INTO account SELECT 1, 1, 'new'")],
  ["ON CONFLICT DO NOTHING", query("INSERT INTO account VALUES (1, 1, 'new') ON CONFLICT DO NOTHING")],
  [
    "ON CONFLICT DO UPDATE",
    query("INSERT INTO account VALUES (1, 1, 'new') ON CONFLICT (id) DO UPDATE SET note = 'met'"),
  ],
  ["UPDATE of the key", query("UPDATE account SET id = 1 WHERE id = 2")],
  [
    "a data-modifying CTE",
    query("WITH one AS (INSERT INTO account VALUES (1, 1, 'new') RETURNING 1) SELECT * FROM one"),
  ],
  ["a function", query("SELECT add_account(1)")],
  [
    "COPY",
    (client) => {
      client.send(encodeFrontend.query("COPY account FROM STDIN"), copyData("1\t1\tnew\n"), copyDone);
    },
  ],
];

/** How another frees it. */
const frees = [
  "DELETE FROM account WHERE id = 1",
  "UPDATE account SET id = 1001 WHERE id = 1",
  "WITH gone AS (DELETE FROM account WHERE id = 1 RETURNING id) SELECT count(*) FROM gone",
  "SELECT remove_account(1)",
] as const;

function query(text: string): (client: RawClient) => void {
  return (client) => {
    client.send(encodeFrontend.query(text));
  };
}

const isError = (messages: readonly Message[]): boolean => messages.some(({ type }) => type === "E");

for (const [name, take] of takes) {
  test(`${name}: no transaction ever sees two rows of one key, and none such commits`, async () => {
    const admin = await running.connect();
    const [tom, xenia] = await Promise.all([running.raw(), running.raw()]);
    for (let round = 0; round < 8; round++) {
      const free = frees[round % frees.length] ?? frees[0];
      await admin.query("DELETE FROM account");
      await admin.query("INSERT INTO account VALUES (1, 1, 'old'), (2, 1, 'two')");
      await tom.query("BEGIN");
      await tom.query("SELECT count(*) FROM account");
      await xenia.query("BEGIN");
      await xenia.query(free);
      xenia.send(encodeFrontend.query("COMMIT"));
      take(tom);
      const [taken] = await within("both are answered", () =>
        Promise.all([tom.until("Z"), xenia.until("Z")]),
      );
      if (!isError(taken)) {
        const [seen] = firstValues(await tom.query("SELECT count(*) FROM account WHERE id = 1"));
        assert.equal(seen, "1", `${free}, round ${round}`);
      }
      const committed = !isError(await tom.query("COMMIT")) && !isError(taken);
      // The key was taken in its snapshot and freed by another since: it wrote the same row, and the later COMMIT loses.
      const left = (await admin.query<{ note: string }>("SELECT note FROM account WHERE id = 1")).rows;
      if (committed)
        assert.ok(
          left.every(({ note }) => note === "old" || name.startsWith("ON CONFLICT DO N")),
          free,
        );
      assert.ok(left.length <= 1);
    }
  });
}

test("a key freed by a cascade is taken in an older snapshot", async () => {
  const [admin, tom] = await Promise.all([running.connect(), running.connect()]);
  await admin.query("INSERT INTO child VALUES (1, 1)");
  await tom.query("BEGIN; SELECT FROM child");
  await admin.query("DELETE FROM parent WHERE id = 1");
  await assert.rejects(tom.query("INSERT INTO child VALUES (1, 2)"), { code: "23505" });
  await tom.query("ROLLBACK");
});

test("a role that may insert but not look is told of a conflict, never given two rows", async () => {
  const admin = await running.connect();
  await admin.query("CREATE TABLE inbox (id int PRIMARY KEY, note text)");
  await admin.query("CREATE ROLE sender WITH LOGIN");
  await admin.query("AWS IAM GRANT sender TO 'arn:aws:iam::123456789012:user/local-admin'");
  await admin.query("GRANT INSERT ON inbox TO sender");
  await admin.query("INSERT INTO inbox VALUES (1, 'old')");
  const tom = await running.connect({ user: "sender" });
  await tom.query("BEGIN; INSERT INTO inbox VALUES (2, 'new')");
  await admin.query("DELETE FROM inbox WHERE id = 1");
  await assert.rejects(
    async () => {
      await tom.query("INSERT INTO inbox VALUES (1, 'new')");
      await tom.query("COMMIT");
    },
    { code: "40001" },
  );
});

test("ON CONFLICT DO NOTHING in a data-modifying CTE that would insert when it is run again loses, and is no defect", async () => {
  const [admin, tom] = await Promise.all([running.connect(), running.connect()]);
  await admin.query("CREATE TABLE note (id int PRIMARY KEY, n int)");
  await admin.query("INSERT INTO note VALUES (1, 0), (2, 0)");
  await tom.query("BEGIN; UPDATE note SET n = 1 WHERE id = 2");
  const { rowCount } = await tom.query(
    "WITH one AS (UPDATE note SET n = 2 WHERE id = 3 RETURNING id) INSERT INTO note SELECT 1, 1 ON CONFLICT DO NOTHING",
  );
  assert.equal(rowCount, 0);
  await admin.query("DELETE FROM note WHERE id = 1");
  // Tom's transaction is parked, and has to be run again.
  await admin.query("BEGIN; UPDATE note SET n = 5 WHERE id = 2; ROLLBACK");
  assert.deepEqual((await tom.query("SELECT id, n FROM note ORDER BY id")).rows, [
    { id: 1, n: 0 },
    { id: 2, n: 1 },
  ]);
  await assert.rejects(tom.query("COMMIT"), { code: "40001" });
});
