import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";

const passes = 'import { test } from "node:test"; console.log("chatter"); test("passes", () => {});';
const fails = `import { test } from "node:test"; import assert from "node:assert/strict"; console.log("what it printed");
test("outer", async (t) => { await t.test("inner", () => assert.deepEqual({ a: 1 }, { a: 2 })); });
test("skipped", { skip: true }, () => {});`;

test("a run tells what failed, whole, with what the file printed, and counts alone on the last line", (t) => {
  const printed = runTests(t, { "a.test.mjs": passes, "b.test.mjs": fails });
  assert.match(printed, /✖ b\.test\.mjs: outer > inner/);
  assert.match(printed, /actual \{ a: 1 \}/);
  assert.match(printed, /what it printed/);
  assert.doesNotMatch(printed, /chatter|✖ b\.test\.mjs: outer\n/);
  assert.match(printed, /\n1 passed, 1 failed, 1 skipped\n$/);
});

test("a file that breaks is a failure of its own", (t) => {
  const printed = runTests(t, { "c.test.mjs": "throw new Error('at load');" });
  assert.match(printed, /✖ c\.test\.mjs: the file itself/);
  assert.match(printed, /at load/);
  assert.match(printed, /\n0 passed, 1 failed\n$/);
});

function runTests(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "test-progress-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const reporter = new URL("test-progress.js", import.meta.url).href;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(
    process.execPath,
    ["--test", `--test-reporter=${reporter}`, ...Object.keys(files)],
    { cwd: folder, env: { ...env, TEST_PROGRESS_TERMINAL: "0" }, encoding: "utf8" },
  );
  return stdout;
}
