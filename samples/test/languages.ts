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
  readonly platform: "python" | "go" | "java" | "ruby";
  /** Relative to `samples/`, or a command that is found by its name. */
  readonly program: string;
  /** Relative to `samples/`: what the script makes; where it is not, nothing has been installed. The program if not given. */
  readonly made?: string;
  readonly args: readonly string[];
  /** Variables that it has to do without. */
  readonly without?: readonly string[];
  /** The script that installs and runs it. */
  readonly script: string;
}

export function testLanguageSample(sample: LanguageSample): void {
  const { name, platform, program, args, script, made = program, without = [] } = sample;
  const command = program.includes("/") ? path.join(samplesDir, program) : program;
  const isMade = existsSync(path.join(samplesDir, made));
  const skip = isMade ? false : `not installed; \`npm run ${script}\` installs and runs it`;
  test(`samples/${name}`, { skip }, async (context) => {
    const stack = await startStack(context, { for: platform });
    for (const environment of [stack.admin, stack.admin, stack.role]) {
      const given = Object.fromEntries(Object.entries(environment).filter(([key]) => !without.includes(key)));
      assert.equal(await run(name, command, args, given), conflictOutput);
    }
  });
}
