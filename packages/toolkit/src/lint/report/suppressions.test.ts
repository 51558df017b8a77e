import assert from "node:assert/strict";
import { test } from "node:test";
import { lintTexts } from "../lint.ts";

async function lintOf(text: string, file = "a.sql"): Promise<{ found: string[]; suppressed: number }> {
  const { findings, suppressed } = await lintTexts([{ file, text }]);
  return { found: findings.map(({ line, ruleId }) => `${line} ${ruleId}`), suppressed };
}

test("a comment with its reason puts a finding of the next statement aside", async () => {
  assert.deepEqual(
    await lintOf("-- dsql-lint-disable-next-line truncate: runs on PostgreSQL only\n\nTRUNCATE t;"),
    {
      found: [],
      suppressed: 1,
    },
  );
});

test("it speaks of the whole statement, wherever in it the finding stands", async () => {
  const text =
    "-- dsql-lint-disable-next-line array-column, missing-primary-key: staging, filled by COPY\nCREATE TABLE t (\n  a int,\n  b int[]\n);";
  assert.deepEqual(await lintOf(text), { found: [], suppressed: 2 });
});

test("within a statement it speaks of the next line only", async () => {
  const text =
    "CREATE TABLE t (\n  id int PRIMARY KEY,\n  -- dsql-lint-disable-next-line array-column: dropped next\n  a int[],\n  b int[]\n);";
  assert.deepEqual(await lintOf(text), { found: ["5 array-column"], suppressed: 1 });
});

test("a comment may speak of its own line or of the file", async () => {
  assert.equal(
    (await lintOf("TRUNCATE t; -- dsql-lint-disable-line truncate: PostgreSQL only")).suppressed,
    1,
  );
  const text = "-- dsql-lint-disable-file truncate: PostgreSQL only\nTRUNCATE t;\nTRUNCATE u;\nVACUUM;";
  assert.deepEqual(await lintOf(text), { found: ["4 vacuum"], suppressed: 2 });
});

test("in a program it stands before the program's statement, or in the SQL", async () => {
  const before =
    "// dsql-lint-disable-next-line truncate: test database\nawait client.query(\n  `TRUNCATE t`,\n);";
  const within =
    "await client.query(`\n  -- dsql-lint-disable-next-line truncate: test database\n  TRUNCATE t`);";
  assert.deepEqual(await lintOf(before, "a.ts"), { found: [], suppressed: 1 });
  assert.deepEqual(await lintOf(within, "a.ts"), { found: [], suppressed: 1 });
});

test("without a reason it puts nothing aside and is a finding", async () => {
  const found = ["1 suppression-without-reason", "2 truncate"];
  assert.deepEqual(await lintOf("-- dsql-lint-disable-next-line truncate\nTRUNCATE t;"), {
    found,
    suppressed: 0,
  });
  assert.deepEqual(await lintOf("-- dsql-lint-disable-next-line : why\nTRUNCATE t;"), {
    found,
    suppressed: 0,
  });
});

test("one that puts nothing aside is advice to remove it", async () => {
  assert.deepEqual(await lintOf("-- dsql-lint-disable-next-line truncate: once\nSELECT 1;"), {
    found: ["1 unused-suppression"],
    suppressed: 0,
  });
});
