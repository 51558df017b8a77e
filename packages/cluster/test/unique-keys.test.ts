/**
 * Who holds a unique key: the client itself (23505, as PostgreSQL says it) or a transaction that has committed since the
 * snapshot (OC000 at COMMIT, or at a statement without a block), for every kind of key.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let admin: pg.Client;
let rival: pg.Client;

before(async () => {
  running = await runCluster();
  admin = await running.connect();
  rival = await running.connect();
});
after(() => running.stop());

interface KeyCase {
  readonly title: string;
  /** Creates table `t`, perhaps with more. */
  readonly make: readonly string[];
  /** Writes the key. */
  readonly write: string;
  /** Writes it by an UPDATE of the row that `other` has made. */
  readonly update: string;
  readonly other: string;
  readonly settings?: readonly string[];
  readonly detail: RegExp;
}

const cases: readonly KeyCase[] = [
  {
    title: "nulls that are not distinct, beside a uuid",
    make: ["CREATE TABLE t (id int PRIMARY KEY, a int, b uuid, UNIQUE NULLS NOT DISTINCT (a, b))"],
    write: "INSERT INTO t VALUES ((random() * 1e9)::int, 1, NULL)",
    other: "INSERT INTO t VALUES (-1, 2, NULL)",
    update: "UPDATE t SET a = 1 WHERE id = -1",
    detail: /^Key \(a, b\)=\(1, null\) already exists\.$/,
  },
  {
    title: "a text with commas and parentheses",
    make: ["CREATE TABLE t (a text, b text, PRIMARY KEY (a, b))"],
    write: "INSERT INTO t VALUES ('x, y)=(', ', ''')",
    other: "INSERT INTO t VALUES ('other', '')",
    update: "UPDATE t SET a = 'x, y)=(', b = ', ''' WHERE a = 'other'",
    detail: /^Key \(a, b\)=\(x, y\)=\(, , '\) already exists\.$/,
  },
  {
    title: "an expression",
    make: [
      "CREATE TABLE t (id int, name text)",
      "CREATE UNIQUE INDEX ASYNC by_name ON t (lower(name), (id % 7))",
    ],
    write: "INSERT INTO t VALUES (8, 'Ab, c')",
    other: "INSERT INTO t VALUES (2, 'other')",
    update: "UPDATE t SET name = 'AB, C', id = 1 WHERE id = 2",
    detail: /^Key \(lower\(name\), \(id % 7\)\)=\(ab, c, 1\) already exists\.$/,
  },
  {
    title: "a function of the client's own",
    make: [
      "CREATE OR REPLACE FUNCTION shade(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN $1 || ', shade'",
      "CREATE TABLE t (id int, name text)",
      "CREATE UNIQUE INDEX ASYNC by_shade ON t (shade(name))",
    ],
    write: "INSERT INTO t VALUES (8, 'dark')",
    other: "INSERT INTO t VALUES (2, 'other')",
    update: "UPDATE t SET name = 'dark' WHERE id = 2",
    detail: /^Key \(shade\(name\)\)=\(dark, shade\) already exists\.$/,
  },
  {
    title: "a part of the table",
    make: ["CREATE TABLE t (id int, name text)", "CREATE UNIQUE INDEX ASYNC active ON t (name) WHERE id > 0"],
    write: "INSERT INTO t VALUES (8, 'a')",
    other: "INSERT INTO t VALUES (-2, 'a')",
    update: "UPDATE t SET id = 2 WHERE id = -2",
    detail: /^Key \(name\)=\(a\) already exists\.$/,
  },
  {
    title: "a time whose text depends on a setting",
    make: ["CREATE TABLE t (at timestamptz, day date, PRIMARY KEY (at, day))"],
    settings: ["SET datestyle = 'SQL, DMY'", "SET timezone = 'Asia/Tokyo'"],
    write: "INSERT INTO t VALUES ('2024-02-01 00:00+00', '2024-03-01')",
    other: "INSERT INTO t VALUES ('2023-01-01 00:00+00', '2024-03-01')",
    update: "UPDATE t SET at = '2024-02-01 00:00+00' WHERE day = '2024-03-01'",
    detail: /^Key \(at, day\)=\(01\/02\/2024 09:00:00 JST, 01\/03\/2024\) already exists\.$/,
  },
  {
    title: "numbers and truth",
    make: ["CREATE TABLE t (n numeric, f float8, ok bool, PRIMARY KEY (n, f, ok))"],
    write: "INSERT INTO t VALUES (1.50, 0.1::float8 + 0.2, true)",
    other: "INSERT INTO t VALUES (2, 0, false)",
    update: "UPDATE t SET n = 1.5, f = 0.1::float8 + 0.2, ok = true WHERE n = 2",
    detail: /^Key \(n, f, ok\)=\(1\.50*, 0\.30000000000000004, t\) already exists\.$/,
  },
  {
    title: "characters padded with blanks",
    make: ["CREATE TABLE t (c char(5), v varchar(5), PRIMARY KEY (c, v))"],
    write: "INSERT INTO t VALUES ('a', 'a ')",
    other: "INSERT INTO t VALUES ('b', 'b')",
    update: "UPDATE t SET c = 'a  ', v = 'a ' WHERE c = 'b'",
    detail: /^Key \(c, v\)=\(a {4}, a \) already exists\.$/,
  },
];

const oc000 = { code: "40001", message: /\(OC000\)/ };

/** Two sessions of their own, so that no test stands in another's block, and table `t` anew. */
async function inNewTable({ make, settings = [] }: Pick<KeyCase, "make" | "settings">): Promise<void> {
  await Promise.all([admin.end(), rival.end()]);
  admin = await running.connect();
  rival = await running.connect();
  for (const text of ["DROP TABLE IF EXISTS t", ...make]) {
    const { rows } = await again(admin, text);
    const [job] = rows as { job_id?: string }[];
    if (job?.job_id !== undefined) await admin.query(`CALL sys.wait_for_job('${job.job_id}')`);
  }
  for (const client of [admin, rival]) {
    for (const text of settings) await client.query(text);
    await again(client, "DELETE FROM t WHERE false");
  }
}

/** A session hears once of a catalog change before its statement. */
async function again(client: pg.Client, text: string): Promise<pg.QueryResult> {
  return await client.query(text).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes("(OC001)")) return client.query(text);
    throw error;
  });
}

for (const one of cases) {
  describe(one.title, () => {
    const itself = { code: "23505", detail: one.detail };

    test("a duplicate is the client's own error, alone and in a block", async () => {
      await inNewTable(one);
      await admin.query(one.write);
      await assert.rejects(admin.query(one.write), itself);
      await admin.query("BEGIN");
      await assert.rejects(admin.query(one.write), itself);
      await admin.query("ROLLBACK");
      await admin.query(one.other);
      await assert.rejects(admin.query(one.update), itself);
      await admin.query("BEGIN");
      await assert.rejects(admin.query(one.update), itself);
      await admin.query("ROLLBACK");
    });

    test("so is one of a row that the block has written itself", async () => {
      await inNewTable(one);
      await admin.query("BEGIN");
      await admin.query(one.write);
      await assert.rejects(admin.query(one.write), itself);
      await admin.query("ROLLBACK");
    });

    test("a key committed since loses at COMMIT, by INSERT and by UPDATE", async () => {
      await inNewTable(one);
      await admin.query(one.other);
      for (const text of [one.write, one.update]) {
        await admin.query("BEGIN");
        await admin.query("SELECT count(*) FROM t");
        await rival.query(one.write);
        await admin.query(text);
        await assert.rejects(admin.query("COMMIT"), oc000, text);
        await admin.query("DELETE FROM t");
        await admin.query(one.other);
      }
    });

    test("in a block that has lost, a duplicate is one by the snapshot", async () => {
      await inNewTable({
        ...one,
        make: ["DROP TABLE IF EXISTS lost", "CREATE TABLE lost (id int PRIMARY KEY, n int)", ...one.make],
      });
      await again(admin, "INSERT INTO lost VALUES (1, 0)");
      await admin.query("BEGIN");
      await admin.query("SELECT count(*) FROM t");
      await rival.query("UPDATE lost SET n = n + 1");
      await admin.query("UPDATE lost SET n = n + 1");
      await admin.query(one.write);
      await assert.rejects(admin.query(one.write), { code: "23505" });
      await admin.query("ROLLBACK");
    });
  });
}

describe("who asks", () => {
  test("a role that may only write hears 23505 without a DETAIL, and loses where PostgreSQL could not say why", async () => {
    const arn = `arn:aws:iam::${running.cluster.account}:user/local-admin`;
    await inNewTable({ make: ["CREATE TABLE t (id int PRIMARY KEY, n int)"] });
    for (const text of [
      "CREATE ROLE writer WITH LOGIN",
      `AWS IAM GRANT writer TO '${arn}'`,
      "GRANT INSERT ON t TO writer",
    ])
      await again(admin, text);
    const writer = await running.connect({ user: "writer" });
    await again(writer, "INSERT INTO t VALUES (1, 1)");
    await assert.rejects(writer.query("INSERT INTO t VALUES (1, 2)"), { code: "23505", detail: undefined });
    await again(rival, "SELECT FROM t");
    await writer.query("BEGIN");
    await writer.query("SELECT 1");
    await rival.query("INSERT INTO t VALUES (2, 2)");
    await writer.query("INSERT INTO t VALUES (2, 1)");
    await assert.rejects(writer.query("COMMIT"), oc000);
  });
});

describe("keys that a statement cannot be asked for again", () => {
  test("a sequence that meets a row of the snapshot, and one committed since", async () => {
    await inNewTable({
      make: ["CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY (CACHE 1) PRIMARY KEY, n int)"],
    });
    await again(admin, "INSERT INTO t (id, n) VALUES (1, 0)");
    await assert.rejects(admin.query("INSERT INTO t (n) VALUES (1)"), {
      code: "23505",
      detail: "Key (id)=(1) already exists.",
    });
    await admin.query("BEGIN");
    await admin.query("SELECT count(*) FROM t");
    const { rows } = await rival.query<{ id: string }>("INSERT INTO t (n) VALUES (1) RETURNING id");
    const next = Number(rows[0]?.id) + 1;
    await rival.query(`INSERT INTO t (id, n) VALUES (${next}, 0) ON CONFLICT DO NOTHING`);
    await admin.query("INSERT INTO t (n) VALUES (2)");
    await assert.rejects(admin.query("COMMIT"), oc000);
  });

  test("a function that writes", async () => {
    await inNewTable({ make: ["CREATE TABLE t (id int PRIMARY KEY, n int)"] });
    await again(
      admin,
      "CREATE FUNCTION put(int) RETURNS void LANGUAGE sql AS 'INSERT INTO t VALUES ($1, 0)'",
    );
    await again(admin, "SELECT put(1)");
    await assert.rejects(admin.query("SELECT put(1)"), {
      code: "23505",
      detail: "Key (id)=(1) already exists.",
    });
    await assert.rejects(admin.query("SELECT put(2), put(2)"), { code: "23505" });
    await admin.query("BEGIN");
    await admin.query("SELECT count(*) FROM t");
    await rival.query("INSERT INTO t VALUES (5, 0)");
    await assert.rejects(
      admin.query("SELECT put(5)").then(() => admin.query("COMMIT")),
      oc000,
    );
    await admin.query("ROLLBACK");
  });

  test("two rows of one UPDATE", async () => {
    await inNewTable({ make: ["CREATE TABLE t (id int PRIMARY KEY, n int)"] });
    await again(admin, "INSERT INTO t VALUES (1, 0), (2, 0)");
    await assert.rejects(admin.query("UPDATE t SET id = 7"), {
      code: "23505",
      detail: "Key (id)=(7) already exists.",
    });
  });
});
