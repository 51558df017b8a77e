import assert from "node:assert/strict";
import { before, test } from "node:test";
import { emptyShape } from "./ddl-shape.ts";
import { createSqlParser, loadParser } from "./parser.ts";
import type { DdlShape } from "./statement.ts";

before(loadParser);

const t = { schema: undefined, name: "t" };
const definesT = { definesTables: [t] };
const createsT = { ...definesT, createsTable: true, creates: { kind: "table", schema: undefined } } as const;

const cases: readonly (readonly [sql: string, shape: Partial<DdlShape>])[] = [
  ["CREATE TABLE t (a int)", createsT],
  [
    "CREATE TABLE IF NOT EXISTS s.t ()",
    {
      creates: { kind: "table", schema: "s" },
      createsTable: true,
      definesTables: [{ schema: "s", name: "t" }],
    },
  ],
  [
    "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY (CACHE 1))",
    { ...createsT, createsSequence: true },
  ],
  ["CREATE TABLE t (LIKE u INCLUDING ALL)", { ...createsT, createsSequence: true }],
  ["CREATE SEQUENCE q CACHE 1", { creates: { kind: "sequence", schema: undefined }, createsSequence: true }],
  ["CREATE FUNCTION s.f() RETURNS int LANGUAGE sql RETURN 1", { creates: { kind: "function", schema: "s" } }],
  ["CREATE DOMAIN d AS text", { creates: { kind: "domain", schema: undefined } }],
  ["CREATE SCHEMA IF NOT EXISTS s", { createsSchema: true }],
  [
    "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW x.v AS SELECT 1",
    {
      createsSchema: true,
      createsTable: true,
      definesTables: [{ schema: "s", name: "t" }],
      definesViews: [{ schema: "x", name: "v" }],
    },
  ],
  [
    "CREATE SCHEMA AUTHORIZATION app CREATE TABLE t (a int)",
    { createsSchema: true, createsTable: true, definesTables: [{ schema: "app", name: "t" }] },
  ],
  [
    "CREATE OR REPLACE VIEW v AS SELECT 1",
    { creates: { kind: "view", schema: undefined }, definesViews: [{ schema: undefined, name: "v" }] },
  ],
  ["CREATE INDEX i ON t (a)", { ...definesT, indexedTable: t }],
  ["CREATE STATISTICS st ON a, b FROM t", { describedTable: t }],
  ["ALTER TABLE t ADD a int", definesT],
  ["ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i", definesT],
  ["ALTER TABLE t RENAME a TO b", {}],
  ["ALTER VIEW t ALTER a SET DEFAULT 1", {}],
  [
    "ALTER TABLE t DROP COLUMN IF EXISTS a, DROP CONSTRAINT c",
    {
      changes: {
        table: t,
        actions: [
          { does: "dropColumn", name: "a" },
          { does: "dropConstraint", name: "c" },
        ],
      },
    },
  ],
  [
    "ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY (CACHE 1)",
    { createsSequence: true, changes: { table: t, actions: [{ does: "makeIdentity", name: "a" }] } },
  ],
  [
    "DROP INDEX i, s.j",
    {
      drops: {
        kind: "INDEX",
        objects: [
          { schema: undefined, name: "i" },
          { schema: "s", name: "j" },
        ],
      },
    },
  ],
  ["GRANT SELECT ON t TO r", {}],
];

for (const [sql, shape] of cases) {
  test(`shape: ${sql}`, () => {
    const [statement] = createSqlParser().parse(sql).statements;
    assert.ok(statement?.kind === "ddl", sql);
    assert.deepEqual(statement.shape, { ...emptyShape, ...shape });
  });
}

test("what is dropped is told by kind and name, with a schema where one is written", () => {
  const [statement] = createSqlParser().parse("DROP TABLE IF EXISTS t CASCADE").statements;
  assert.ok(statement?.kind === "ddl");
  assert.deepEqual(statement.shape.drops, { kind: "TABLE", objects: [t] });
});
