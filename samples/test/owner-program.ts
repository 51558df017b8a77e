/** What every sample for Node must do: the recipe, as admin and as another role, and its own tests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runScript, skipUnlessInstalled } from "./program.ts";
import { startStack } from "./stack.ts";

/** What the recipe's steps print, in every language. */
export const recipeOutput = "inserted John Doe, Anytown\nupdated 1\ndeleted 1\n";

/** What those print that also have another transaction come first. */
export const conflictOutput =
  "inserted John Doe, Anytown\nupdated 1\nafter 2 attempts: Capital City!\ndeleted 1\n";

export function testSample(name: string): void {
  test(`samples/${name}`, { skip: skipUnlessInstalled }, async (context) => {
    const stack = await startStack(context);
    await context.test("runs the recipe as admin, and again on the table that is there then", async () => {
      assert.equal(await runScript(name, "start", stack.admin), recipeOutput);
      assert.equal(await runScript(name, "start", stack.admin), recipeOutput);
    });
    await context.test("runs the recipe as another role, in a schema of its own", async () => {
      assert.equal(await runScript(name, "start", stack.role), recipeOutput);
    });
    await context.test("passes its own tests", async () => {
      await runScript(name, "test", stack.admin);
    });
  });
}
