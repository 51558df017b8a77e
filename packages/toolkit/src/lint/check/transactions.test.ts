import assert from "node:assert/strict";
import { test } from "node:test";
import { lintTexts, type LintOptions } from "../index.ts";

const createA = "CREATE TABLE a (id int PRIMARY KEY);\n";
const createB = "CREATE TABLE b (id int PRIMARY KEY);\n";
const insert = "INSERT INTO a VALUES (1);\n";

/** @returns `line rule` */
async function foundIn(text: string, options: LintOptions = {}, file = "a.sql"): Promise<string[]> {
  const rules = ["transactions", "rows-per-transaction", "index-not-awaited"];
  const { findings } = await lintTexts([{ file, text }], { rules, ...options });
  return findings.map(({ line, ruleId }) => `${line} ${ruleId}`);
}

test("statements of a file are transactions of their own", async () => {
  assert.deepEqual(await foundIn(createA + createB + insert), []);
});

test("a block holds one DDL statement", async () => {
  assert.deepEqual(await foundIn(`BEGIN;\n${createA}COMMIT;\n${createB}`), []);
  assert.deepEqual(await foundIn(`BEGIN;\n${createA}${createB}COMMIT;\n`), ["3 one-ddl-per-transaction"]);
  assert.deepEqual(
    await foundIn("BEGIN;\nGRANT a TO b;\nAWS IAM GRANT a TO 'arn:aws:iam::1:role/b';\nCOMMIT;\n"),
    ["3 one-ddl-per-transaction"],
  );
});

test("a block holds DDL or changes of rows, not both; reads go with either", async () => {
  assert.deepEqual(await foundIn(`BEGIN;\n${createA}${insert}COMMIT;\n`), ["3 ddl-with-dml"]);
  assert.deepEqual(await foundIn(`BEGIN;\n${insert}DROP TABLE b;\nCOMMIT;\n`), ["3 ddl-with-dml"]);
  assert.deepEqual(await foundIn(`BEGIN;\nSELECT 1;\n${createA}COMMIT;\n`), []);
});

test("BEGIN within a block begins nothing", async () => {
  assert.deepEqual(await foundIn(`BEGIN;\n${createA}BEGIN;\n${createB}COMMIT;\n`), [
    "4 one-ddl-per-transaction",
  ]);
});

test("a ROLLBACK ends a block too", async () => {
  assert.deepEqual(await foundIn(`BEGIN;\n${createA}ROLLBACK;\n${createB}`), []);
});

test("a file that is one transaction is a block without words for it", async () => {
  assert.deepEqual(await foundIn(createA + createB, { transactions: "file" }), ["2 one-ddl-per-transaction"]);
});

test("what starts transactions of its own cannot run in one", async () => {
  assert.deepEqual(await foundIn("BEGIN;\nCALL sys.wait_for_job('a');\nANALYZE t;\nCOMMIT;\n"), [
    "2 only-outside-transaction",
    "3 only-outside-transaction",
  ]);
  assert.deepEqual(await foundIn("CALL sys.wait_for_job('a');\nANALYZE t;\n"), []);
});

const rows = (count: number): string =>
  `INSERT INTO a VALUES ${Array.from({ length: count }, () => "(1)").join(",")};\n`;

test("a transaction writes 3,000 rows", async () => {
  assert.deepEqual(await foundIn(rows(3_000)), []);
  assert.deepEqual(await foundIn(rows(3_001)), ["1 rows-per-transaction"]);
  assert.deepEqual(await foundIn(`BEGIN;\n${rows(2_000)}${rows(1_001)}COMMIT;\n`), [
    "3 rows-per-transaction",
  ]);
  assert.deepEqual(await foundIn("INSERT INTO a SELECT i FROM generate_series(1, 3001) i"), [
    "1 rows-per-transaction",
  ]);
  assert.deepEqual(await foundIn("INSERT INTO a SELECT i FROM generate_series(1, 6000, 2) i"), []);
});

test("a constraint uses an index that somebody has waited for", async () => {
  const index = "CREATE UNIQUE INDEX ASYNC i ON a (n);\n";
  const constraint = "ALTER TABLE a ADD CONSTRAINT i UNIQUE USING INDEX i;\n";
  assert.deepEqual(await foundIn(index + constraint), ["2 index-not-awaited"]);
  assert.deepEqual(await foundIn(`${index}CALL sys.wait_for_job('j');\n${constraint}`), []);
  assert.deepEqual(await foundIn(constraint), []);
});

test("calls of one function follow each other, and a message of several statements is one transaction", async () => {
  const program = `
    async function one(client) {
      await client.query("BEGIN");
      await client.query("CREATE TABLE a (id int PRIMARY KEY)");
      await client.query("INSERT INTO a VALUES (1)");
      await client.query("COMMIT");
    }
    async function other(client) {
      await client.query("CREATE TABLE b (id int PRIMARY KEY)");
      await client.query("INSERT INTO b VALUES (1)");
      await client.query("CREATE TABLE c (id int PRIMARY KEY); CREATE TABLE d (id int PRIMARY KEY)");
    }`;
  assert.deepEqual(await foundIn(program, {}, "a.ts"), ["5 ddl-with-dml", "11 one-ddl-per-transaction"]);
});

test("what a callback runs on its transaction is one, whatever else it runs is not", async () => {
  const program = `
    await transaction(pool, async (tx) => {
      await tx.query("CREATE TABLE a (id int PRIMARY KEY)");
      await pool.query("CREATE TABLE b (id int PRIMARY KEY)");
      await tx.execute(sql\`INSERT INTO a VALUES (1)\`);
    });
    await db.transaction().execute(async (trx) => {
      await trx.query("DROP TABLE a");
      await trx.query("DROP TABLE b");
    });`;
  assert.deepEqual(await foundIn(program, {}, "a.ts"), ["5 ddl-with-dml", "9 one-ddl-per-transaction"]);
});
