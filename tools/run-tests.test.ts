import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { sourceOf, testFiles } from "./run-tests.ts";

test("a compiled test is found beside its source's name", () => {
  assert.equal(sourceOf("packages/load/dist/src/report.test.js"), "packages/load/src/report.test.ts");
  assert.equal(sourceOf("tools/dist/tidy/layers.test.js"), "tools/tidy/layers.test.ts");
});

test("a compiled test whose source is gone does not run", (t) => {
  const root = treeOf(t, [
    "packages/spec/src/limits.test.ts",
    "packages/spec/dist/src/limits.test.js",
    "packages/spec/dist/src/renamed.test.js",
  ]);
  assert.deepEqual(testFiles(root, []), ["packages/spec/dist/src/limits.test.js"]);
});

test("a filter may be part of the source's path or of the compiled file's", (t) => {
  const root = treeOf(t, [
    "packages/spec/src/limits.test.ts",
    "packages/spec/dist/src/limits.test.js",
    "packages/load/src/report.test.ts",
    "packages/load/dist/src/report.test.js",
  ]);
  assert.deepEqual(testFiles(root, ["spec/src/limits.test.ts"]), ["packages/spec/dist/src/limits.test.js"]);
  assert.deepEqual(testFiles(root, ["load/dist"]), ["packages/load/dist/src/report.test.js"]);
  assert.deepEqual(testFiles(root, ["no such thing"]), []);
});

function treeOf(t: TestContext, files: readonly string[]): string {
  const root = mkdtempSync(path.join(os.tmpdir(), "run-tests-"));
  t.after(() => {
    rmSync(root, { recursive: true });
  });
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), "");
  }
  return root;
}
