import assert from "node:assert/strict";
import { test } from "node:test";
import { drizzle, prisma, toolOfSqlFile } from "./migration-tool.ts";

test("drizzle-kit's files are told by their journal or their breakpoints", () => {
  assert.equal(toolOfSqlFile("SELECT 1", { path: "drizzle/0000_a.sql", hasDrizzleJournal: true }), drizzle);
  assert.equal(
    toolOfSqlFile("SELECT 1;\n--> statement-breakpoint\nSELECT 2;", {
      path: "a.sql",
      hasDrizzleJournal: false,
    }),
    drizzle,
  );
});

test("Prisma's files are told by their path, others are nobody's", () => {
  const path = "prisma/migrations/20260101000000_init/migration.sql";
  assert.equal(toolOfSqlFile("SELECT 1", { path, hasDrizzleJournal: false }), prisma);
  assert.equal(toolOfSqlFile("SELECT 1", { path: "migrations/1.sql", hasDrizzleJournal: false }), undefined);
});
