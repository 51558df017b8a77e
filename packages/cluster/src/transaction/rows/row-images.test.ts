import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column, Table } from "../../catalog/table.ts";
import { imageStatement } from "./row-images.ts";

function column(name: string, more: Partial<Column> = {}): Column {
  return {
    name,
    type: "integer",
    isNotNull: false,
    hasVolatileDefault: false,
    isGenerated: false,
    isIdentity: false,
    isIdentityAlways: false,
    isFixed: true,
    isWrittenBySettings: false,
    bytesMax: 4,
    ...more,
  };
}

const table: Table = {
  oid: 1,
  schema: "public",
  name: "Order",
  columns: [
    column("id", { isIdentityAlways: true }),
    column("amount"),
    column("double", { isGenerated: true }),
  ],
  primaryKey: ["id"],
  uniqueKeys: [],
  hasOtherUniqueIndex: false,
  indexes: [],
  checks: [],
  foreignKeys: [],
  cascadesOn: { delete: false, update: false },
};

const rows = `(SELECT (pg_catalog.unnest($1::pg_catalog.text[])::"public"."Order").*) AS image`;

test("an insert is written again with its identity, without its generated columns", () => {
  assert.equal(
    imageStatement({ table, command: "insert", rows: ["(1,2,4)"] }),
    `INSERT INTO "public"."Order" ("id", "amount") OVERRIDING SYSTEM VALUE SELECT image."id", image."amount" FROM ${rows}`,
  );
});

test("an update finds its rows by primary key and leaves identity alone", () => {
  assert.equal(
    imageStatement({ table, command: "update", rows: ["(1,2,4)"] }),
    `UPDATE "public"."Order" AS target SET "amount" = image."amount" FROM ${rows} WHERE target."id" = image."id"`,
  );
});

test("a delete finds its rows by primary key", () => {
  assert.equal(
    imageStatement({ table, command: "delete", rows: ["(1,2,4)"] }),
    `DELETE FROM "public"."Order" AS target USING ${rows} WHERE target."id" = image."id"`,
  );
});

test("a row of a table without a primary key is found by all that was written", () => {
  const keyless = { ...table, primaryKey: [] };
  assert.match(
    imageStatement({ table: keyless, command: "delete", rows: [] }),
    /WHERE target\."id" IS NOT DISTINCT FROM image\."id" AND target\."amount" IS NOT DISTINCT FROM image\."amount"$/,
  );
});
