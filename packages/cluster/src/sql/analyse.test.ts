import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "./parser.ts";
import type { Analysis } from "./statement.ts";

before(loadParser);

function analysed(sql: string): { readonly text: string; readonly analysis: Analysis } {
  const [statement] = createSqlParser().parse(sql).statements;
  assert.ok(statement?.kind === "read" || statement?.kind === "write", sql);
  return statement;
}

/** `name:role`, with `!` when locked, as written. */
function relations(sql: string): string[] {
  const { text, analysis } = analysed(sql);
  return analysis.relations.map(({ start, end, role, locked }) => {
    return `${text.slice(start, end)}:${role}${locked ? "!" : ""}`;
  });
}

test("relations are found wherever they are named, in the order of the text", () => {
  const cases: readonly (readonly [sql: string, expected: readonly string[]])[] = [
    ["SELECT 1", []],
    ["TABLE t", ["t:source"]],
    [
      "SELECT * FROM a, ONLY b x JOIN LATERAL (SELECT * FROM c) y ON true",
      ["a:source", "b:source", "c:source"],
    ],
    [
      "SELECT (SELECT max(x) FROM a) FROM b WHERE EXISTS (SELECT FROM c)",
      ["a:source", "b:source", "c:source"],
    ],
    ["SELECT 1 FROM a UNION SELECT 2 FROM b EXCEPT SELECT 3 FROM c", ["a:source", "b:source", "c:source"]],
    ["INSERT INTO s.t SELECT * FROM u RETURNING (SELECT 1 FROM v)", ["s.t:target", "u:source", "v:source"]],
    ["UPDATE t SET a = (SELECT b FROM u) FROM v WHERE t.a = v.a", ["t:target", "u:source", "v:source"]],
    ["DELETE FROM t USING u WHERE t.a IN (SELECT a FROM t)", ["t:target", "u:source", "t:source"]],
    ['SELECT \'é東\', a FROM /* c */ "É" . "t" AS x', ['"É" . "t":source']],
    ["EXPLAIN ANALYZE DELETE FROM t", ["t:target"]],
    ["COPY s.t (a) FROM STDIN", ["s.t:target"]],
    ["COPY t TO STDOUT", ["t:source"]],
    ["COPY (SELECT * FROM t) TO STDOUT", ["t:source"]],
    ["SELECT * FROM ROWS FROM (f(1), g(2)) AS t", []],
    [
      "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = (SELECT 1 FROM u)",
      ["t:target", "u:source"],
    ],
  ];
  for (const [sql, expected] of cases) assert.deepEqual(relations(sql), expected, sql);
});

test("the name of a CTE is no relation where the CTE is known, and one elsewhere", () => {
  const cases: readonly (readonly [sql: string, expected: readonly string[]])[] = [
    ["WITH c AS (SELECT * FROM t) SELECT * FROM c", ["t:source"]],
    ["WITH t AS (SELECT * FROM t) SELECT * FROM t", ["t:source"]],
    ["WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t", []],
    ["WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b", ["b:source"]],
    ["WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", []],
    ["WITH c AS (SELECT 1) SELECT * FROM s.c", ["s.c:source"]],
    ["SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) x, c", ["c:source"]],
    ["WITH c AS (SELECT 1) SELECT (SELECT 1 FROM c) UNION SELECT 2 FROM c", []],
    ["WITH c AS (DELETE FROM t RETURNING *) INSERT INTO c SELECT * FROM c", ["t:target", "c:target"]],
  ];
  for (const [sql, expected] of cases) assert.deepEqual(relations(sql), expected, sql);
});

test("FOR UPDATE covers its FROM, subqueries there included, or only what OF names", () => {
  const cases: readonly (readonly [sql: string, expected: readonly string[]])[] = [
    ["SELECT * FROM a, b FOR UPDATE", ["a:source!", "b:source!"]],
    ["SELECT * FROM a JOIN b x ON true FOR UPDATE OF x", ["a:source", "b:source!"]],
    ["SELECT * FROM a JOIN b x ON true FOR UPDATE OF a NOWAIT FOR KEY SHARE OF x", ["a:source!", "b:source"]],
    ["SELECT * FROM (SELECT * FROM a) s, b FOR UPDATE OF s", ["a:source!", "b:source"]],
    ["SELECT * FROM (SELECT * FROM a FOR UPDATE) s, b", ["a:source!", "b:source"]],
    ["SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b) FOR UPDATE", ["a:source!", "b:source"]],
    ["SELECT * FROM a FOR KEY SHARE", ["a:source"]],
    [
      "WITH c AS (SELECT * FROM a FOR UPDATE SKIP LOCKED LIMIT 1) SELECT * FROM c, b",
      ["a:source!", "b:source"],
    ],
  ];
  for (const [sql, expected] of cases) assert.deepEqual(relations(sql), expected, sql);
  assert.equal(
    analysed("SELECT 1 FROM (SELECT * FROM a FOR KEY SHARE) x FOR UPDATE").analysis.lockingClause,
    "forUpdate",
  );
  assert.equal(analysed("SELECT * FROM a FOR KEY SHARE").analysis.lockingClause, "forKeyShare");
  assert.equal(analysed("SELECT * FROM a").analysis.lockingClause, "none");
});

test("functions are found wherever they are called, by their own names in lower case", () => {
  const { analysis } = analysed(
    'SELECT Lower(a), pg_catalog.NOW(), "Odd"(1), CURRENT_TIMESTAMP(3), sum(x) FILTER (WHERE f(y)) OVER (ORDER BY g(z)) FROM h(1)',
  );
  assert.deepEqual(
    analysis.functions,
    ["lower", "now", "odd", "current_timestamp", "sum", "g", "f", "h"].sort(sortAs(analysis)),
  );
});

/** The order of the functions is not promised. */
function sortAs(analysis: Analysis): (left: string, right: string) => number {
  return (left, right) => analysis.functions.indexOf(left) - analysis.functions.indexOf(right);
}

test("the flags tell what a statement holds", () => {
  const cases: readonly (readonly [sql: string, flags: Partial<Analysis>])[] = [
    ["SELECT 1", { command: "select", hasLimitOrOffset: false, hasSubquery: false, hasReturning: false }],
    ["SELECT a FROM t OFFSET 1", { hasLimitOrOffset: true }],
    ["SELECT a FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES", { hasLimitOrOffset: true }],
    ["DELETE FROM t WHERE a IN (SELECT a FROM t LIMIT 5)", { hasLimitOrOffset: true, hasSubquery: true }],
    ["SELECT * FROM (VALUES (1)) x", { hasSubquery: true }],
    ["INSERT INTO t SELECT 1", { command: "insert", hasSubquery: false, hasReturning: false }],
    [
      "WITH c AS (SELECT 1) UPDATE t SET a = 1 RETURNING a",
      { command: "update", hasSubquery: true, hasReturning: true },
    ],
    [
      "WITH c AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM c",
      { command: "select", hasDataModifyingCte: true, hasReturning: false },
    ],
    ["DELETE FROM t RETURNING *", { command: "delete", hasReturning: true }],
    ["EXPLAIN SELECT 1", { command: "explain" }],
    ["COPY t FROM STDIN", { command: "copyIn" }],
    ["COPY (SELECT 1 LIMIT 1) TO STDOUT", { command: "copyOut", hasLimitOrOffset: true }],
  ];
  for (const [sql, flags] of cases) {
    const { analysis } = analysed(sql);
    for (const [name, value] of Object.entries(flags))
      assert.equal(analysis[name as keyof Analysis], value, `${sql}: ${name}`);
  }
});
