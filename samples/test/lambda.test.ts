import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { recipeOutput } from "./owner-program.ts";
import { runScript, samplesDir, skipUnlessInstalled } from "./program.ts";
import { startStack } from "./stack.ts";

test(
  "samples/lambda is deployed by the CDK, gets a role of its own and runs the recipe",
  { skip: skipUnlessInstalled },
  async (context) => {
    context.after(() => {
      rmSync(path.join(samplesDir, "lambda", "cdk.out"), { recursive: true, force: true });
    });
    const stack = await startStack(context);
    const output = await runScript("lambda", "start", stack.admin);
    assert.ok(output.endsWith(recipeOutput), output);
  },
);
