import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Range } from "@dsql-local/sql";
import { createSqlParser, loadParser } from "./parser.ts";
import type { DmlShape } from "./statement.ts";

before(loadParser);

/** The pieces as texts. */
function cut(sql: string): Record<string, unknown> {
  const [statement] = createSqlParser().parse(sql).statements;
  assert.ok(statement?.kind === "write", sql);
  const shape: DmlShape | undefined = statement.analysis.dml;
  assert.ok(shape !== undefined, sql);
  const textOf = ({ start, end }: Range): string => statement.text.slice(start, end);
  const pieces: Record<string, unknown> = { target: textOf(shape.target) };
  for (const name of [
    "with",
    "insertSource",
    "overriding",
    "onConflict",
    "from",
    "where",
    "returning",
  ] as const) {
    const range = shape[name];
    if (range !== undefined) pieces[name] = textOf(range);
  }
  if (shape.insertColumns !== undefined) pieces["insertColumns"] = shape.insertColumns;
  if (Array.isArray(shape.set)) {
    pieces["set"] = (shape.set as Exclude<DmlShape["set"], "complex" | undefined>).map(
      ({ column, value }) => {
        return [column, value === "default" ? value : textOf(value)];
      },
    );
  } else if (shape.set !== undefined) pieces["set"] = shape.set;
  return pieces;
}

const cases: readonly (readonly [sql: string, pieces: Record<string, unknown>])[] = [
  ["INSERT INTO t VALUES (1), (2);", { target: "t", insertSource: "VALUES (1), (2)" }],
  ["INSERT INTO t DEFAULT VALUES", { target: "t", insertSource: "DEFAULT VALUES" }],
  [
    'INSERT INTO s.t AS x ("A", b) OVERRIDING USER VALUE (SELECT 1, 2) ON CONFLICT (b) WHERE b > 0 DO UPDATE SET b = 3 WHERE x.b = 1 RETURNING *, x.b',
    {
      target: "s.t",
      insertColumns: ["A", "b"],
      overriding: "OVERRIDING USER VALUE",
      insertSource: "(SELECT 1, 2)",
      onConflict: "ON CONFLICT (b) WHERE b > 0 DO UPDATE SET b = 3 WHERE x.b = 1",
      returning: "*, x.b",
    },
  ],
  ["INSERT INTO t (SELECT 1)", { target: "t", insertSource: "(SELECT 1)" }],
  ["INSERT INTO t TABLE u", { target: "t", insertSource: "TABLE u" }],
  [
    "INSERT INTO t WITH c AS (SELECT 1) SELECT * FROM c",
    { target: "t", insertSource: "WITH c AS (SELECT 1) SELECT * FROM c" },
  ],
  [
    "INSERT INTO t SELECT a AS returning, ') RETURNING' FROM u ON CONFLICT DO NOTHING",
    {
      target: "t",
      insertSource: "SELECT a AS returning, ') RETURNING' FROM u",
      onConflict: "ON CONFLICT DO NOTHING",
    },
  ],
  [
    "WITH insert AS (INSERT INTO t VALUES ('é') RETURNING a), b AS (SELECT 1) INSERT INTO u SELECT * FROM insert",
    {
      target: "u",
      with: "WITH insert AS (INSERT INTO t VALUES ('é') RETURNING a), b AS (SELECT 1)",
      insertSource: "SELECT * FROM insert",
    },
  ],
  [
    "UPDATE ONLY t AS set SET a = a - $1, \"é,=\" = '東, b = 2', c=-1, d = DEFAULT, e = ARRAY[1, 2] WHERE id = $2 RETURNING a -- it",
    {
      target: "t",
      set: [
        ["a", "a - $1"],
        ["é,=", "'東, b = 2'"],
        ["c", "-1"],
        ["d", "default"],
        ["e", "ARRAY[1, 2]"],
      ],
      where: "id = $2",
      returning: "a",
    },
  ],
  [
    "UPDATE t SET a = b IS DISTINCT FROM c, d = CASE WHEN x THEN 1 END /* y */ , e = (SELECT 1 FROM w WHERE z) FROM u, v WHERE t.from = u.where",
    {
      target: "t",
      set: [
        ["a", "b IS DISTINCT FROM c"],
        ["d", "CASE WHEN x THEN 1 END"],
        ["e", "(SELECT 1 FROM w WHERE z)"],
      ],
      from: "u, v",
      where: "t.from = u.where",
    },
  ],
  [
    "UPDATE t SET (a, b) = (1, x + 2), c = 3, (d, e) = (SELECT 4, 5), f = 6 WHERE c",
    {
      target: "t",
      set: [
        ["a", "(1, x + 2)"],
        ["b", "(1, x + 2)"],
        ["c", "3"],
        ["d", "(SELECT 4, 5)"],
        ["e", "(SELECT 4, 5)"],
        ["f", "6"],
      ],
      where: "c",
    },
  ],
  [
    "UPDATE t SET (a, b) = ROW(1, 2)",
    {
      target: "t",
      set: [
        ["a", "ROW(1, 2)"],
        ["b", "ROW(1, 2)"],
      ],
    },
  ],
  ["UPDATE t SET (a, b) = (1, DEFAULT)", { target: "t", set: "complex" }],
  ["UPDATE t SET a[1] = 2", { target: "t", set: "complex" }],
  [
    "WITH c AS (SELECT 1) DELETE FROM t x USING u JOIN v USING (id), c WHERE x.id = u.id RETURNING x.*",
    {
      target: "t",
      with: "WITH c AS (SELECT 1)",
      from: "u JOIN v USING (id), c",
      where: "x.id = u.id",
      returning: "x.*",
    },
  ],
  ["DELETE FROM t", { target: "t" }],
  [
    "DELETE FROM t WHERE a = '/*' AND b = $$ returning $$",
    { target: "t", where: "a = '/*' AND b = $$ returning $$" },
  ],
];

for (const [sql, pieces] of cases) {
  test(`cut into its pieces: ${sql.slice(0, 70)}`, () => {
    assert.deepEqual(cut(sql), pieces);
  });
}

test("offsets hold after another statement and after characters of several bytes", () => {
  const [, statement] = createSqlParser().parse(
    "SELECT '東京\u{1F600}'; /* é */ UPDATE t SET a = 'é' WHERE b",
  ).statements;
  assert.ok(statement?.kind === "write");
  const { where } = statement.analysis.dml ?? {};
  assert.equal(statement.text, "UPDATE t SET a = 'é' WHERE b");
  assert.equal(where && statement.text.slice(where.start, where.end), "b");
});
