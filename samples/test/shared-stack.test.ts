/** What somebody does who tries one sample after the other: all of them on one stack. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recipeOutput } from "./owner-program.ts";
import { runScript, skipUnlessInstalled } from "./program.ts";
import { startStack } from "./stack.ts";

const names = ["knex", "node-postgres", "kysely", "drizzle", "typeorm", "prisma", "sequelize", "postgres-js"];

test("samples run one after the other on one stack", { skip: skipUnlessInstalled }, async (context) => {
  const stack = await startStack(context);
  for (const name of names) {
    await context.test(name, async () => {
      assert.equal(await runScript(name, "start", stack.admin), recipeOutput);
    });
  }
});
