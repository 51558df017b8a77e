/** Foreign keys of a transaction that has lost, and of one whose snapshot is older than what PostgreSQL looks up. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let admin: pg.Client;
let ana: pg.Client;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  ana = await running.connect();
  const tables = [
    "race (id int PRIMARY KEY, n int)",
    "parent (id int, part text, note text, PRIMARY KEY (id, part))",
    "child (id int PRIMARY KEY, parent int, part text, FOREIGN KEY (parent, part) REFERENCES parent)",
    "boss (id int PRIMARY KEY, over int REFERENCES boss (id))",
    "top (id int PRIMARY KEY)",
    "mid (id int PRIMARY KEY, top int REFERENCES top (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "low (id int PRIMARY KEY, mid int DEFAULT 0 REFERENCES mid (id) ON DELETE SET NULL)",
    "other (id int PRIMARY KEY, top int DEFAULT 1 REFERENCES top (id) ON DELETE SET DEFAULT)",
    "late (id int PRIMARY KEY, top int REFERENCES top (id) DEFERRABLE INITIALLY DEFERRED)",
  ];
  for (const table of tables) await admin.query(`CREATE TABLE ${table}`);
});
after(() => running.stop());

beforeEach(async () => {
  await ana.query("ROLLBACK");
  for (const table of ["late", "other", "low", "mid", "top", "boss", "child", "parent", "race"]) {
    await admin.query(`DELETE FROM ${table}`);
  }
  await admin.query("INSERT INTO race VALUES (1, 0)");
  await admin.query("INSERT INTO parent VALUES (1, 'a, b', 'x'), (2, 'c', 'y'), (3, 'd', 'z')");
  await admin.query("INSERT INTO child VALUES (1, 1, 'a, b'), (2, 2, 'c'), (3, NULL, 'c')");
  await admin.query("INSERT INTO boss VALUES (1, NULL), (2, 1)");
  await admin.query("INSERT INTO top VALUES (1), (2), (3)");
  await admin.query("INSERT INTO mid VALUES (1, 1), (2, 2), (3, 2)");
  await admin.query("INSERT INTO low VALUES (1, 1), (2, 2), (3, 3)");
  await admin.query("INSERT INTO other VALUES (1, 3)");
});

/** Has Ana's transaction lose. */
async function lose(): Promise<void> {
  await ana.query("BEGIN; UPDATE race SET n = 1 WHERE id = 1");
  await admin.query("UPDATE race SET n = 2 WHERE id = 1");
  await ana.query("UPDATE race SET n = 3 WHERE id = 1");
}

const refused: readonly (readonly [statement: string, message: RegExp, detail: string])[] = [
  [
    "DELETE FROM parent WHERE id = 1",
    /^update or delete on table "parent" violates foreign key constraint "child_parent_part_fkey" on table "child"$/,
    'Key (id, part)=(1, a, b) is still referenced from table "child".',
  ],
  [
    "UPDATE parent SET id = 9 WHERE id = 2",
    /^update or delete on table "parent"/,
    'Key (id, part)=(2, c) is still referenced from table "child".',
  ],
  [
    "INSERT INTO child VALUES (9, 9, 'z')",
    /^insert or update on table "child" violates foreign key constraint "child_parent_part_fkey"$/,
    'Key (parent, part)=(9, z) is not present in table "parent".',
  ],
  [
    "INSERT INTO child VALUES (1, 9, 'z') ON CONFLICT (id) DO UPDATE SET parent = 9",
    /^insert or update on table "child"/,
    'Key (parent, part)=(9, a, b) is not present in table "parent".',
  ],
  [
    "UPDATE child SET part = 'c' WHERE id = 1",
    /^insert or update on table "child"/,
    'Key (parent, part)=(1, c) is not present in table "parent".',
  ],
  [
    "DELETE FROM boss WHERE id = 1",
    /^update or delete on table "boss"/,
    'Key (id)=(1) is still referenced from table "boss".',
  ],
  [
    "WITH gone AS (DELETE FROM parent WHERE id = 1 RETURNING id) SELECT count(*) FROM gone",
    /foreign key constraint "child_parent_part_fkey"/,
    'Key (id, part)=(1, a, b) is still referenced from table "child".',
  ],
];

for (const [statement, message, detail] of refused) {
  test(`refused in a transaction that has lost as in any other: ${statement}`, async () => {
    await lose();
    if (statement.startsWith("WITH")) await assert.rejects(ana.query(statement), { code: "23503", message });
    else await assert.rejects(ana.query(statement), { code: "23503", message, detail });
    await ana.query("ROLLBACK");
    await ana.query("BEGIN");
    // PostgreSQL itself has the same words.
    if (statement.startsWith("WITH")) await assert.rejects(ana.query(statement), { code: "23503", message });
    else await assert.rejects(ana.query(statement), { code: "23503", message, detail });
  });
}

const taken = [
  "DELETE FROM child WHERE parent = 1; DELETE FROM parent WHERE id = 1",
  "DELETE FROM parent WHERE id = 3",
  "UPDATE parent SET note = 'n'",
  "UPDATE parent SET id = 9 WHERE id = 3",
  "INSERT INTO child VALUES (9, NULL, 'nowhere')",
  "INSERT INTO parent VALUES (8, 'h', 'i'); INSERT INTO child VALUES (8, 8, 'h')",
  "DELETE FROM boss",
  "INSERT INTO late VALUES (1, 99)",
];

for (const statement of taken) {
  test(`taken in a transaction that has lost: ${statement}`, async () => {
    await lose();
    await ana.query(statement);
    await assert.rejects(ana.query("COMMIT"), { code: "40001" });
  });
}

async function rowsOf(table: string): Promise<string> {
  const { rows } = await ana.query<Record<string, number | null>>(`SELECT * FROM ${table} ORDER BY id`);
  return rows.map((row) => Object.values(row).join(":")).join(" ");
}

test("cascades are followed in a transaction that has lost", async () => {
  await lose();
  await ana.query("DELETE FROM top WHERE id = 2");
  assert.equal(await rowsOf("mid"), "1:1");
  assert.equal(await rowsOf("low"), "1:1 2: 3:");
  await ana.query("UPDATE top SET id = 10 WHERE id = 1");
  assert.equal(await rowsOf("mid"), "1:10");
  await ana.query("INSERT INTO top VALUES (1); DELETE FROM top WHERE id = 3");
  assert.equal(await rowsOf("other"), "1:1");
  await ana.query("DELETE FROM top WHERE id = 10");
  assert.equal(await rowsOf("mid"), "");
  await assert.rejects(ana.query("COMMIT"), { code: "40001" });
});

test("what had cascaded before it lost is still so", async () => {
  await ana.query("BEGIN; UPDATE race SET n = 1 WHERE id = 1; DELETE FROM top WHERE id = 2");
  await admin.query("UPDATE race SET n = 2 WHERE id = 1");
  assert.equal(await rowsOf("low"), "1:1 2: 3:");
});

test("a row that references in the snapshot is in the way, also where another has removed it since", async () => {
  for (const release of ["DELETE FROM child WHERE id = 1", "UPDATE child SET parent = NULL WHERE id = 1"]) {
    await ana.query("BEGIN; SELECT FROM child");
    await admin.query(release);
    await assert.rejects(ana.query("DELETE FROM parent WHERE id = 1"), { code: "23503" }, release);
    await ana.query("ROLLBACK");
    await admin.query("DELETE FROM child WHERE id = 1");
    await admin.query("INSERT INTO child VALUES (1, 1, 'a, b')");
  }
});

test("a cascade reaches what the snapshot shows, also where another has removed it since", async () => {
  await ana.query("BEGIN; SELECT FROM mid");
  await admin.query("DELETE FROM mid WHERE id = 1");
  await ana.query("DELETE FROM top WHERE id = 1");
  assert.equal(await rowsOf("mid"), "2:2 3:2");
  await assert.rejects(ana.query("COMMIT"), { code: "40001" });
});

test("a parent that came after the snapshot is none, and one that went since still is", async () => {
  await ana.query("BEGIN; SELECT FROM parent");
  await admin.query("INSERT INTO parent VALUES (7, 'g', 'h'); DELETE FROM parent WHERE id = 3");
  await ana.query("INSERT INTO child VALUES (10, 3, 'd')");
  await assert.rejects(ana.query("INSERT INTO child VALUES (11, 7, 'g')"), { code: "23503" });
});

test("a statement in a transaction that has lost stops at the limit of rows", async () => {
  await admin.query("CREATE TABLE wide (id int PRIMARY KEY, text text)");
  for (let from = 1; from <= 6_000; from += 2_000) {
    await admin.query(
      `INSERT INTO wide SELECT n, repeat('x', 1000) FROM generate_series(${from}, ${from + 1_999}) AS n`,
    );
  }
  for (const statement of [
    "UPDATE wide SET text = text || 'y' RETURNING *",
    "DELETE FROM wide",
    "INSERT INTO wide SELECT id + 100000, text FROM wide",
  ]) {
    await lose();
    await assert.rejects(ana.query(statement), { code: "54000" }, statement);
    await ana.query("ROLLBACK");
  }
});

test("INSERT … SELECT from its own table, in a transaction that has lost, reads that table", async () => {
  await lose();
  assert.equal((await ana.query("INSERT INTO top SELECT id + 10 FROM top")).rowCount, 3);
  assert.equal(await rowsOf("top"), "1 2 3 11 12 13");
});

const alteredSince = [
  ["UPDATE child SET part = part WHERE id = 3", "UPDATE child SET parent = NULL WHERE id = 1"],
  ["DELETE FROM child WHERE id = 1", "DELETE FROM parent WHERE id = 1"],
  ["DELETE FROM mid WHERE id = 3", "DELETE FROM top WHERE id = 1"],
] as const;

for (const [round, [touch, statement]] of alteredSince.entries()) {
  test(`a table that has been altered since is told of as such, whatever the shadow makes of it: ${statement}`, async () => {
    await ana.query("SELECT FROM child, mid").catch(() => undefined); // Hears what the test before has changed.
    await lose();
    await ana.query(touch);
    for (const table of ["child", "mid"])
      await admin.query(`ALTER TABLE ${table} ADD COLUMN note${round} text`);
    // Where the columns do not matter it is answered.
    const answer = await ana.query(statement).then(
      () => "answered",
      ({ code }: { code: string }) => code,
    );
    assert.match(answer, /^(?:answered|40001)$/);
    if (answer === "answered") await assert.rejects(ana.query("COMMIT"), { code: "40001" });
  });
}
