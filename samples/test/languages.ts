/** Samples of other languages: the recipe with a conflict in it, as admin and as another role. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { conflictOutput } from "./owner-program.ts";
import { run, samplesDir } from "./program.ts";
import { startStack } from "./stack.ts";

export interface LanguageSample {
  readonly name: string;
  /** As `dsql env --for` has it. */
  readonly platform: "python" | "go";
  /** Relative to `samples/`; what is not there has not been installed. */
  readonly program: string;
  readonly args: readonly string[];
  /** The script that installs and runs it. */
  readonly script: string;
}

export function testLanguageSample({ name, platform, program, args, script }: LanguageSample): void {
  const command = path.join(samplesDir, program);
  const skip = existsSync(command) ? false : `not installed; \`npm run ${script}\` installs and runs it`;
  test(`samples/${name}`, { skip }, async (context) => {
    const stack = await startStack(context, { for: platform });
    for (const environment of [stack.admin, stack.admin, stack.role])
      assert.equal(await run(name, command, args, environment), conflictOutput);
  });
}
