import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@dsql-local/spec";
import { lintTexts } from "../index.ts";

const rules = ["objects-per-cluster"];

/** @returns `file:line message` */
async function foundIn(...files: readonly string[]): Promise<string[]> {
  const inputs = files.map((text, index) => ({ file: `${index}.sql`, text }));
  const { findings } = await lintTexts(inputs, { rules });
  return findings.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

const times = (count: number, make: (number: number) => string): string =>
  Array.from({ length: count }, (_, number) => `${make(number)};\n`).join("");
const schemas = times(10, (number) => `CREATE SCHEMA s${number}`);
const eleventh = "more than 10 schemas not allowed: with this statement there are 11";

test("the eleventh schema is found in whichever file it is made, and the twelfth says nothing new", async () => {
  assert.deepEqual(await foundIn(schemas), []);
  assert.deepEqual(await foundIn(schemas, "CREATE SCHEMA more;\nCREATE SCHEMA evenmore;"), [
    `1.sql:1 ${eleventh}`,
  ]);
});

test("public, a schema made twice, renamed or dropped is not one more", async () => {
  assert.deepEqual(await foundIn(schemas, schemas.replaceAll("SCHEMA", "SCHEMA IF NOT EXISTS")), []);
  assert.deepEqual(await foundIn(schemas, "CREATE SCHEMA IF NOT EXISTS public"), []);
  assert.deepEqual(await foundIn(schemas, "DROP SCHEMA s0 CASCADE; CREATE SCHEMA more"), []);
  assert.deepEqual(await foundIn(schemas, "ALTER SCHEMA s0 RENAME TO s10; CREATE SCHEMA s0"), [
    `1.sql:1 ${eleventh}`,
  ]);
});

test("tables, views and sequences have limits of their own", async () => {
  const { tablesMax, viewsMax, sequencesMax } = limits;
  const table = (number: number): string => `CREATE TABLE t${number} (id uuid PRIMARY KEY)`;
  assert.deepEqual(await foundIn(times(tablesMax.value, table)), []);
  assert.deepEqual(await foundIn(times(tablesMax.value + 2, table)), [
    "0.sql:1001 creating more than 1000 tables not allowed: with this statement there are 1001",
  ]);
  assert.deepEqual(
    await foundIn(times(viewsMax.value + 1, (number) => `CREATE VIEW v${number} AS SELECT 1`)),
    ["0.sql:5001 creating more than 5000 views not allowed: with this statement there are 5001"],
  );
  const sequence = (number: number): string => `CREATE SEQUENCE q${number} CACHE 1`;
  const identity = "CREATE TABLE i (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY);";
  assert.deepEqual(await foundIn(times(sequencesMax.value, sequence)), []);
  assert.deepEqual(await foundIn(identity, times(sequencesMax.value, sequence)), [
    "1.sql:5000 creating more than 5000 sequences is not allowed: with this statement there are 5001",
  ]);
  assert.deepEqual(await foundIn(identity + "DROP TABLE i;", times(sequencesMax.value, sequence)), []);
});

test("what a schema was made with goes with it", async () => {
  const made =
    "CREATE SCHEMA shop CREATE TABLE item (id uuid PRIMARY KEY) CREATE TABLE note (id uuid PRIMARY KEY);";
  const tables = times(
    limits.tablesMax.value - 1,
    (number) => `CREATE TABLE t${number} (id uuid PRIMARY KEY)`,
  );
  assert.equal((await foundIn(made, tables)).length, 1);
  assert.deepEqual(await foundIn(made, "DROP SCHEMA shop CASCADE", tables), []);
});
