import assert from "node:assert/strict";
import { test } from "node:test";
import { derivedNodes } from "./derived.ts";
import { createSubject } from "./match.ts";
import { unwrap } from "./tree.ts";
import { columnTypeOf } from "./type-name.ts";

const text = (name: string): object => ({ String: { sval: name } });
const type = (...names: string[]): { names: object[] } => ({ names: names.map(text) });
const column = (colname: string, typeName: object, ...constraints: object[]): object => {
  return {
    ColumnDef: {
      colname,
      typeName,
      constraints: constraints.map((constraint) => ({ Constraint: constraint })),
    },
  };
};

/** CREATE TABLE t (a int PRIMARY KEY, b jsonb, c bigint GENERATED …, UNIQUE (b, c)) */
const createTable = {
  CreateStmt: {
    tableElts: [
      column("a", type("pg_catalog", "int4"), { contype: "CONSTR_PRIMARY" }),
      column("b", type("jsonb")),
      column("c", type("pg_catalog", "int8"), { contype: "CONSTR_IDENTITY" }),
      { Constraint: { contype: "CONSTR_UNIQUE", keys: [text("b"), text("c")] } },
    ],
  },
};

const nodesOf = (tree: object, name: string): readonly object[] =>
  createSubject(tree, { isAsync: false, writes: () => false }).nodes.get(name) ?? [];

test("the columns of a table's keys are found with their types", () => {
  assert.deepEqual(
    nodesOf(createTable, "KeyColumn").map((node) => {
      const { column: name, type: keyType } = node as { column: string; type: { name: string } };
      return `${name} ${keyType.name}`;
    }),
    ["a int4", "b jsonb", "c int8"],
  );
  assert.deepEqual(nodesOf(createTable, "DefinedTable"), [{ columns: 3, hasPrimaryKey: true }]);
  assert.equal(nodesOf(createTable, "ColumnType").length, 3);
  assert.equal((nodesOf(createTable, "IdentityColumn")[0] as { shown: string }).shown, "bigint");
});

test("a type is shown as PostgreSQL prints it", () => {
  const shown = (typeName: Record<string, unknown>): string => columnTypeOf(typeName).shown;
  assert.equal(shown(type("pg_catalog", "int4")), "integer");
  assert.equal(
    shown({ ...type("pg_catalog", "timestamptz"), arrayBounds: [{ Integer: { ival: -1 } }] }),
    "timestamp with time zone[]",
  );
  assert.equal(shown(type("money")), "money");
  assert.equal(shown(type("my", "money")), "my.money");
});

test("the modifiers of a type are its numbers", () => {
  const typmods = [{ A_Const: { ival: { ival: 10 } } }, { A_Const: { ival: {} } }];
  assert.deepEqual(columnTypeOf({ ...type("pg_catalog", "numeric"), typmods }).modifiers, [10, 0]);
});

test("a locking clause does not cover a CTE", () => {
  const relation = (relname: string): object => ({ RangeVar: { relname } });
  const select = {
    SelectStmt: {
      fromClause: [relation("c"), relation("t")],
      lockingClause: [{ LockingClause: { strength: "LCS_FORSHARE" } }],
      withClause: { ctes: [{ CommonTableExpr: { ctename: "c" } }] },
    },
  };
  const { fields } = unwrap(select) ?? { fields: {} };
  const locked = derivedNodes("SelectStmt", fields, select).map((node) => node.fields["relname"]);
  assert.deepEqual(locked, ["t"]);
});
