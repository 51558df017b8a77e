/** `dsql start --faults`. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { dsql, newDataDir, startStack, undoAfter } from "./command.ts";

test("a stack starts with the faults of a file, and not at all with what is none", async (t) => {
  const dataDir = newDataDir(t);
  const file = `${dataDir}-faults.json`;
  mkdirSync(path.dirname(file), { recursive: true });
  undoAfter(t, () => {
    rmSync(file, { force: true });
  });
  writeFileSync(file, '[{"kind":"earthquake"}]');
  const args = ["--data-dir", dataDir, "--port", "0", "--aws-port", "0", "--faults", file];
  const refused = await dsql(["start", ...args]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /there is no fault "earthquake"/);
  writeFileSync(file, '[{"kind":"unavailable","role":"nobody"}]');
  await startStack(t, args);
  assert.match(
    (await dsql(["fault", "list", "--data-dir", dataDir])).stdout,
    /^1 unavailable role=nobody: 0 injected/,
  );
});
