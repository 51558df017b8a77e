/** The limits of section "Cluster quotas and database limits" of the User Guide, as a client meets them. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import type pg from "pg";
import { createCluster } from "../src/index.ts";
import { copyData, copyDone, type RunningCluster, runCluster } from "./running-cluster.ts";
import { encodeFrontend } from "../src/wire/index.ts";

let running: RunningCluster;
/** With limits that a few small rows reach. */
let small: RunningCluster;
let client: pg.Client;
let smallClient: pg.Client;

before(async () => {
  running = await runCluster();
  small = await runCluster({
    limits: {
      rowsPerTransactionMax: 10,
      bytesPerTransactionMax: 100_000,
      keyBytesMax: 100,
      declaredKeyBytesMax: 120,
      valueBytesMax: 20_000,
      rowBytesMax: 30_000,
      queryMemoryBytesMax: 1_048_576,
      messageBytesMax: 200_000,
    },
  });
  client = await running.connect();
  smallClient = await small.connect();
  await client.query("CREATE TABLE document (id int PRIMARY KEY, body text, other text)");
  await client.query("CREATE TABLE word (word text PRIMARY KEY, meaning bytea)");
  await smallClient.query("CREATE TABLE document (id int PRIMARY KEY, body text, other text)");
  await smallClient.query("CREATE TABLE word (word text PRIMARY KEY, kind int)");
});
after(async () => {
  await running.stop();
  await small.stop();
});

/** Letters that do not compress, so many bytes. */
function noise(bytes: number): string {
  return randomBytes(bytes).toString("base64").slice(0, bytes);
}

const rowLimit = { code: "54000", message: "transaction row limit exceeded" };
const sizeLimit = { code: "54000", message: "transaction size limit 10mb exceeded" };
const keySize = { code: "54000", message: "key size too large" };
const declaredKey = { code: "54000", message: "key size greater than 2000 bytes not supported" };

test("a limit that is not known or is raised is refused when the cluster is made", () => {
  const limits = { rowsPerTransactionMax: 5_000 };
  assert.throws(() => createCluster({ dataDir: "unused", limits }), RangeError);
  const oc001 = "everything" as "table";
  assert.throws(() => createCluster({ dataDir: "unused", oc001 }), RangeError);
});

test("3,000 changed rows pass and the 3,001st fails, over several statements too", async () => {
  await client.query("CREATE TABLE tally (n int)");
  await client.query("BEGIN");
  await client.query("INSERT INTO tally SELECT generate_series(1, 2999)");
  await client.query("UPDATE tally SET n = 0 WHERE n = 1");
  await assert.rejects(client.query("DELETE FROM tally WHERE n = 2"), rowLimit);
  await client.query("ROLLBACK");
  assert.equal((await client.query("INSERT INTO tally SELECT generate_series(1, 3000)")).rowCount, 3_000);
  await assert.rejects(client.query("INSERT INTO tally SELECT generate_series(1, 3001)"), rowLimit);
  assert.deepEqual((await client.query("SELECT count(*)::int AS n FROM tally")).rows, [{ n: 3_000 }]);
});

test("rows that COPY sends to the client are not changed ones", async () => {
  await smallClient.query("CREATE TABLE shown (n int)");
  await smallClient.query("INSERT INTO shown SELECT generate_series(1, 10)");
  await smallClient.query("INSERT INTO shown SELECT generate_series(11, 20)");
  await smallClient.query("BEGIN");
  assert.equal((await smallClient.query("COPY shown TO STDOUT")).rowCount, 20);
  await smallClient.query("INSERT INTO shown SELECT generate_series(21, 30)");
  await assert.rejects(
    smallClient.query("COPY (INSERT INTO shown VALUES (31) RETURNING n) TO STDOUT"),
    rowLimit,
  );
  await smallClient.query("ROLLBACK");
});

test("rows that foreign keys change along count", async () => {
  await smallClient.query("CREATE TABLE parent (id int PRIMARY KEY)");
  for (const [name, action] of [
    ["deleted", "ON DELETE CASCADE"],
    ["cleared", "ON DELETE SET NULL"],
    ["renamed", "ON UPDATE CASCADE ON DELETE CASCADE"],
  ] as const) {
    await smallClient.query(
      `CREATE TABLE ${name} (n int PRIMARY KEY, parent int REFERENCES parent ${action})`,
    );
    await smallClient.query("INSERT INTO parent VALUES (1)");
    for (const start of [1, 6]) {
      const rows = "SELECT n, 1 FROM generate_series($1::int, $1::int + 4) AS n";
      await smallClient.query(`INSERT INTO ${name} ${rows}`, [start]);
    }
    const change =
      name === "renamed" ? "UPDATE parent SET id = 2 WHERE id = 1" : "DELETE FROM parent WHERE id = 1";
    await assert.rejects(smallClient.query(change), rowLimit, name);
    await smallClient.query(`DELETE FROM ${name} WHERE n = 1`);
    await smallClient.query(change);
    await smallClient.query(`DROP TABLE ${name}`);
    await smallClient.query("DELETE FROM parent");
  }
});

test("rows that CTEs and functions change count", async () => {
  await smallClient.query("CREATE TABLE tally (n int)");
  const insert = "INSERT INTO tally SELECT generate_series(1, 6) RETURNING n";
  await assert.rejects(
    smallClient.query(`WITH a AS (${insert}), b AS (${insert}) SELECT count(*) FROM a, b`),
    rowLimit,
  );
  await smallClient.query(
    "CREATE FUNCTION fill(rows int) RETURNS bigint LANGUAGE sql AS 'WITH a AS (INSERT INTO tally SELECT generate_series(1, rows) RETURNING n) SELECT count(*) FROM a'",
  );
  await assert.rejects(smallClient.query("SELECT fill(11)"), rowLimit);
  await smallClient.query("BEGIN");
  await smallClient.query("SELECT fill(6)");
  await assert.rejects(smallClient.query("SELECT fill(6)"), rowLimit);
  await smallClient.query("ROLLBACK");
  await smallClient.query("SELECT fill(10)");
  assert.deepEqual((await smallClient.query("SELECT count(*)::int AS n FROM tally")).rows, [{ n: 10 }]);
});

test("10 MiB written are told at COMMIT, with the size", async () => {
  await client.query("BEGIN");
  const insert =
    "INSERT INTO document (id, body) SELECT n, $1::text FROM generate_series($2::int, $3::int) AS n";
  await client.query(insert, [noise(20_000), 1, 500]);
  await client.query(insert, [noise(20_000), 501, 525]);
  await assert.rejects(client.query("COMMIT"), {
    ...sizeLimit,
    detail: /^Current transaction size 10\.\d+mb > 10mb$/,
  });
  await client.query("BEGIN");
  await client.query(insert, [noise(20_000), 1, 500]);
  assert.equal((await client.query("COMMIT")).command, "COMMIT");
  // An UPDATE writes the whole row anew, whatever it sets.
  await client.query("BEGIN");
  await client.query("UPDATE document SET other = 'x'");
  await client.query("UPDATE document SET other = 'y' WHERE id < 50");
  await assert.rejects(client.query("COMMIT"), sizeLimit);
  await client.query("DELETE FROM document");
});

test("entries of secondary indexes count", async () => {
  await smallClient.query("CREATE TABLE plain (id int PRIMARY KEY, a text, b text)");
  await smallClient.query("CREATE TABLE indexed (id int PRIMARY KEY, a text, b text)");
  for (const column of ["a", "b"]) {
    const { rows } = await smallClient.query<{ job_id: string }>(`CREATE INDEX ASYNC ON indexed (${column})`);
    await smallClient.query("CALL sys.wait_for_job($1)", [rows[0]?.job_id]);
  }
  await smallClient.query("SELECT 1 FROM indexed").catch(() => undefined); // OC001: the index is new.
  const limited = await runCluster({ limits: { bytesPerTransactionMax: 4_000 } });
  try {
    const other = await limited.connect();
    await other.query("CREATE TABLE plain (id int PRIMARY KEY, a int, b int)");
    await other.query("CREATE TABLE indexed (id int PRIMARY KEY, a int UNIQUE, b int UNIQUE)");
    const insert = "SELECT n, n, n FROM generate_series(1, 10) AS n";
    await other.query(`INSERT INTO plain ${insert}`);
    await assert.rejects(other.query(`INSERT INTO indexed ${insert}`), sizeLimit);
  } finally {
    await limited.stop();
  }
});

test("data of many small statements adds up", async () => {
  await smallClient.query("BEGIN");
  for (let id = 1; id <= 9; id++) {
    await smallClient.query("INSERT INTO document VALUES ($1, $2, $3)", [id, noise(6_000), noise(5_500)]);
  }
  await assert.rejects(smallClient.query("COMMIT"), sizeLimit);
});

test("a key that is too large fails at the write, in the primary key and in a secondary index", async () => {
  const exact = noise(1_981);
  await client.query("INSERT INTO word VALUES ($1)", [exact]);
  await assert.rejects(client.query("INSERT INTO word VALUES ($1)", [noise(1_982)]), keySize);
  // PostgreSQL would compress it; the service counts bytes.
  await assert.rejects(client.query("INSERT INTO word SELECT repeat('x', 1982)"), keySize);
  await assert.rejects(client.query("UPDATE word SET word = word || 'xx'"), keySize);
  await assert.rejects(client.query("INSERT INTO word VALUES ($1)", [noise(9_000)]), keySize);
  await client.query("CREATE TABLE synonym (word text PRIMARY KEY, other text UNIQUE)");
  // 500 bytes of primary key leave 1,474.
  await client.query("INSERT INTO synonym VALUES ($1, $2)", [noise(500), noise(1_474)]);
  await assert.rejects(
    client.query("INSERT INTO synonym VALUES ($1, $2)", [noise(500), noise(1_475)]),
    keySize,
  );
});

test("a key in the data of COPY is measured, too", async () => {
  const raw = await small.raw();
  for (const [word, expected] of [
    ["w".repeat(100), "G"],
    ["w".repeat(101), "G"],
  ] as const) {
    raw.send(encodeFrontend.query("COPY word FROM STDIN"));
    assert.equal((await raw.next()).type, expected);
    raw.send(copyData(`${word}\t1\n`), copyDone);
    assert.equal(await raw.shape(), word.length > 100 ? "E54000 Z" : "C Z");
  }
});

test("declared keys wider than 2,000 bytes are refused by the DDL, narrower ones by the write", async () => {
  await client.query("CREATE TABLE wide (a varchar(2000) PRIMARY KEY)");
  await assert.rejects(client.query("INSERT INTO wide VALUES ($1)", [noise(2_000)]), keySize);
  await assert.rejects(client.query("CREATE TABLE wider (a varchar(2001) PRIMARY KEY)"), declaredKey);
  await assert.rejects(
    client.query("CREATE TABLE wider (a varchar(1999), b int, PRIMARY KEY (a, b))"),
    declaredKey,
  );
  await assert.rejects(client.query("CREATE TABLE wider (id int, a varchar(2001) UNIQUE)"), declaredKey);
  await client.query("CREATE TABLE wider (id int PRIMARY KEY, a varchar(2001), b varchar(2000))");
  await assert.rejects(client.query("CREATE INDEX ASYNC ON wider (a)"), declaredKey);
  await client.query("CREATE INDEX ASYNC ON wider (b)");
});

test("a value of 1 MiB passes, one byte more fails, and what compresses passes", async () => {
  const value = randomBytes(1_048_577);
  await client.query("INSERT INTO word VALUES ('fits', $1)", [value.subarray(1)]);
  await assert.rejects(client.query("INSERT INTO word VALUES ('fits not', $1)", [value]), {
    code: "54000",
    message: "datatype limit greater than 1048576 bytes not supported for bytea",
  });
  await assert.rejects(
    client.query("UPDATE document SET body = $1", [noise(10)]).then(() => {
      return client.query("INSERT INTO document (id, body) VALUES (-1, $1)", [noise(1_048_600)]);
    }),
    { code: "54000", message: /bytes not supported for text$/ },
  );
  await client.query("INSERT INTO document (id, body) SELECT -2, repeat('x', 20000000)");
  await client.query("DELETE FROM document WHERE id < 0");
});

test("what CTEs and functions write has the same limits on values, rows and the whole", async () => {
  const body = (bytes: number): string =>
    `(SELECT string_agg(sha512(random()::text::bytea), '') FROM generate_series(1, ${bytes / 64}))`;
  await client.query("CREATE TABLE blob (id int PRIMARY KEY, a bytea, b bytea, c bytea)");
  await client.query(
    `CREATE FUNCTION add_blob(id int) RETURNS int LANGUAGE sql AS $$
       INSERT INTO blob VALUES (id, ${body(1_048_640)}) RETURNING id $$`,
  );
  const valueLimit = { code: "54000", message: /^datatype limit greater than 1048576 bytes .* bytea$/ };
  await assert.rejects(client.query("SELECT add_blob(1)"), valueLimit);
  const put = (id: number, values: string): string =>
    `WITH added AS (INSERT INTO blob VALUES (${id}, ${values}) RETURNING id) SELECT id FROM added`;
  await assert.rejects(client.query(put(1, body(1_048_640))), valueLimit);
  const threeParts = [body(960_000), body(960_000), body(960_000)].join(", ");
  await assert.rejects(client.query(put(1, threeParts)), { message: "maximum row size exceeded" });
  await client.query("BEGIN");
  for (let id = 1; id <= 11; id++) await client.query(put(id, body(1_000_000)));
  await assert.rejects(client.query("COMMIT"), sizeLimit);
  await client.query("BEGIN");
  for (let id = 1; id <= 9; id++) await client.query(put(id, body(1_000_000)));
  assert.equal((await client.query("COMMIT")).command, "COMMIT");
});

test("a row of 2 MiB is too large", async () => {
  await client.query("CREATE TABLE page (id int PRIMARY KEY, a text, b text, c text)");
  const part = noise(700_000);
  await client.query("INSERT INTO page VALUES (1, $1, $2, 'x')", [part, part]);
  await assert.rejects(client.query("INSERT INTO page VALUES (2, $1, $2, $3)", [part, part, part]), {
    code: "54000",
    message: "maximum row size exceeded",
  });
  await assert.rejects(client.query("UPDATE page SET c = $1", [part]), { code: "54000" });
});

test("a query that needs more temporary space than allowed fails", async () => {
  const sort = "SELECT n, repeat('x', 200) AS text FROM generate_series(1, $1::int) AS n ORDER BY random()";
  await assert.rejects(smallClient.query(`SELECT count(text) FROM (${sort} OFFSET 0) AS sorted`, [50_000]), {
    code: "54000",
    message: "query requires more than allowed temp space of 131072 KB to execute",
  });
  const { rows } = await smallClient.query(
    `SELECT count(text)::int AS n FROM (${sort} OFFSET 0) AS sorted`,
    [1_000],
  );
  assert.deepEqual(rows, [{ n: 1_000 }]);
});

test("a message past the limit ends the connection without a word, and only that", async () => {
  const doomed = await small.raw();
  doomed.send(encodeFrontend.query(`SELECT '${"x".repeat(250_000)}'`));
  await doomed.closed();
  assert.deepEqual((await smallClient.query("SELECT 1 AS n")).rows, [{ n: 1 }]);
});

test("every refusal leaves the session usable, and aborts a block", async () => {
  await client.query("BEGIN");
  await assert.rejects(client.query("INSERT INTO word SELECT repeat('x', 1982)"), keySize);
  await assert.rejects(client.query("SELECT 1"), { code: "25P02" });
  assert.equal((await client.query("COMMIT")).command, "ROLLBACK");
  assert.deepEqual((await client.query("SELECT 1 AS n")).rows, [{ n: 1 }]);
});

test("a connection past its time is closed", async () => {
  const brief = await runCluster({ limits: { connectionSecondsMax: 4 } });
  try {
    const raw = await brief.raw();
    assert.equal(raw.isClosed, false);
    await raw.closed();
  } finally {
    await brief.stop();
  }
});

test("connections beyond their number, or faster than allowed, are refused", async () => {
  const few = await runCluster({ limits: { connectionsPerClusterMax: 2 } });
  try {
    await few.connect();
    await few.connect();
    await assert.rejects(few.connect(), { code: "53300" });
  } finally {
    await few.stop();
  }
  const slow = await runCluster({
    connectionRate: undefined,
    limits: { newConnectionsBurstMax: 2, newConnectionsPerSecond: 1 },
  });
  try {
    // To be taken, all of them would have to take a machine 18 seconds to open.
    const refused = await Promise.allSettled(Array.from({ length: 20 }, () => slow.connect()));
    assert.ok(
      refused.some((one) => one.status === "rejected" && (one.reason as { code?: string }).code === "53400"),
    );
  } finally {
    await slow.stop();
  }
});
