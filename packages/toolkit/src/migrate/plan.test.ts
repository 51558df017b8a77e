import assert from "node:assert/strict";
import { test } from "node:test";
import { planMigrations } from "./plan.ts";
import type { Step } from "./types.ts";

async function planOf(text: string, more: { madeAtMs?: number } = {}): ReturnType<typeof planMigrations> {
  return await planMigrations([{ id: "1", file: "1.sql", checksum: "", text, ...more }]);
}

async function stepsOf(text: string): Promise<readonly Step[]> {
  const { migrations, problems } = await planOf(text);
  assert.deepEqual(problems, []);
  return migrations[0]?.steps ?? [];
}

const sqlOf = (step: Step): string => {
  switch (step.kind) {
    case "ddl":
      return step.sql;
    case "data":
      return step.statements.join("; ");
    case "batches":
      return `batches: ${step.batched.sql}`;
    case "changeType":
      return `${step.table} ${step.column}: ${step.type}, using ${step.using ?? "nothing"}`;
    case "compare":
      return step.comparison.same.sql;
  }
};

const planned = async (text: string): Promise<string[]> => (await stepsOf(text)).map(sqlOf);

test("each statement is a step, with its line, in the order of the file", async () => {
  const steps = await stepsOf("CREATE TABLE a (id int);\n\n-- then\nINSERT INTO a VALUES (1);\nDROP TABLE a");
  assert.deepEqual(
    steps.map(({ kind, line }) => [kind, line]),
    [
      ["ddl", 1],
      ["data", 4],
      ["ddl", 5],
    ],
  );
});

test("BEGIN and COMMIT go; what changes rows between them stays together, DDL does not", async () => {
  assert.deepEqual(
    await planned(
      "BEGIN; INSERT INTO a VALUES (1); INSERT INTO a VALUES (2); COMMIT; BEGIN; CREATE TABLE b (id int); CREATE TABLE c (id int); COMMIT;",
    ),
    [
      "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)",
      "CREATE TABLE b (id int)",
      "CREATE TABLE c (id int)",
    ],
  );
});

test("an index is built ASYNC, has a name, and is waited for", async () => {
  const [named, unnamed, inSchema] = await stepsOf(
    'CREATE INDEX i ON a (b); CREATE UNIQUE INDEX ON s.a USING btree (b, lower(c)); CREATE INDEX "I" ON "S".a (b)',
  );
  assert.deepEqual(
    [named, unnamed, inSchema].map((step) => step?.kind === "ddl" && [step.sql, step.settlement]),
    [
      ["CREATE INDEX ASYNC i ON a (b)", { object: "index", index: '"i"' }],
      [
        'CREATE UNIQUE INDEX ASYNC "a_b_expr_idx" ON s.a (b, lower(c))',
        { object: "index", index: '"s"."a_b_expr_idx"' },
      ],
      ['CREATE INDEX ASYNC "I" ON "S".a (b)', { object: "index", index: '"S"."I"' }],
    ],
  );
});

test("a column with constraints is added bare, given its default, filled and then constrained", async () => {
  assert.deepEqual(
    await planned(
      `ALTER TABLE s.a ADD COLUMN b int CHECK (b > 0) CONSTRAINT given NOT NULL DEFAULT 1 REFERENCES c (id) ON DELETE CASCADE, DROP COLUMN d`,
    ),
    [
      'ALTER TABLE "s"."a" ADD COLUMN b int',
      'ALTER TABLE "s"."a" ALTER COLUMN "b" SET DEFAULT 1',
      'batches: UPDATE "s"."a" SET "b" = DEFAULT WHERE "b" IS NULL',
      'ALTER TABLE "s"."a" ADD CONSTRAINT "a_b_check" CHECK (b > 0) NOT VALID',
      'ALTER TABLE ASYNC "s"."a" VALIDATE CONSTRAINT a_b_check',
      'ALTER TABLE "s"."a" ADD CONSTRAINT "given" CHECK ("b" IS NOT NULL) NOT VALID',
      'ALTER TABLE ASYNC "s"."a" VALIDATE CONSTRAINT given',
      'ALTER TABLE "s"."a" ADD CONSTRAINT "a_b_fkey" FOREIGN KEY ("b") REFERENCES c (id) ON DELETE CASCADE NOT VALID',
      'ALTER TABLE ASYNC "s"."a" VALIDATE CONSTRAINT a_b_fkey',
      'ALTER TABLE "s"."a" DROP COLUMN d',
    ],
  );
});

test("a new type is left to the database, which knows what holds on to the column; the type itself is not", async () => {
  assert.deepEqual(
    await planned(
      "ALTER TABLE a ALTER \"é\" TYPE numeric(10, 2), ALTER b SET DATA TYPE int USING (b || ' using ')::int + 1",
    ),
    ['"a" é: numeric(10, 2), using nothing', "\"a\" b: int, using (b || ' using ')::int + 1"],
  );
  const { problems } = await planOf("ALTER TABLE a ALTER b TYPE money");
  assert.deepEqual(
    problems.map(({ message }) => message),
    ["datatype money not supported"],
  );
});

test("only a statement that goes through one table row by row is run in batches", async () => {
  const kinds = async (text: string): Promise<string[]> => (await stepsOf(text)).map(({ kind }) => kind);
  assert.deepEqual(
    await kinds(
      "UPDATE a SET b = 1; DELETE FROM a; INSERT INTO b SELECT lower(c) FROM a WHERE d = 1 ON CONFLICT DO NOTHING;",
    ),
    ["batches", "batches", "batches"],
  );
  assert.deepEqual(
    await kinds(
      "UPDATE a SET b = (SELECT max(c) FROM d); UPDATE a SET b = d.e FROM d; DELETE FROM a USING b; INSERT INTO b SELECT count(*) FROM a;" +
        "INSERT INTO b SELECT c FROM a LIMIT 5; INSERT INTO a SELECT c FROM a; INSERT INTO a VALUES (1); DELETE FROM a RETURNING id",
    ),
    Array.from({ length: 8 }, () => "data"),
  );
});

test("what nobody can run is a problem with its line and what to do", async () => {
  const { problems } = await planOf(
    "SELECT 1;\nCREATE TYPE m AS ENUM ('x');\nSET search_path = s;\nROLLBACK;\nCREATE TABEL x ();",
  );
  assert.deepEqual(
    problems.map(({ line }) => line),
    [2, 3, 4, 5],
  );
  for (const { message, remedy } of problems) assert.ok(message !== "" && remedy !== "");
});

test("drizzle-kit's breakpoints part statements that have no semicolon", async () => {
  const { migrations } = await planOf(
    "CREATE TABLE a (id int)--> statement-breakpoint\nCREATE TABLE b (id int)\n--> statement-breakpoint\n",
    { madeAtMs: 1 },
  );
  assert.deepEqual(migrations[0]?.steps.map(sqlOf), ["CREATE TABLE a (id int)", "CREATE TABLE b (id int)"]);
});
