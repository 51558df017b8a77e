import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { makeTemporaryDir } from "./temporary-dir.ts";

test("a temporary folder is there until it is removed, with all that is in it", async (t) => {
  const dir = await makeTemporaryDir(parentOf(t));
  writeFileSync(path.join(dir.path, "file"), "");
  await dir.remove();
  assert.ok(!existsSync(dir.path));
});

test("a process that ends without removing its folder removes it on the way out", (t) => {
  const parent = parentOf(t);
  const module = new URL("./temporary-dir.js", import.meta.url).href;
  const program = `const { makeTemporaryDir } = await import(${JSON.stringify(module)});
    console.log((await makeTemporaryDir(${JSON.stringify(parent)})).path);`;
  const made = execFileSync(process.execPath, ["--input-type=module", "-e", program]).toString().trim();
  assert.equal(path.dirname(made), parent);
  assert.ok(!existsSync(made));
});

test("what a dead process left behind is removed by the next; what lives or is another's stays", async (t) => {
  const parent = parentOf(t);
  // A process that has just ended: its id is given to another only after all others had their turn.
  const dead = execFileSync(process.execPath, ["-p", "process.pid"]).toString().trim();
  const names = [
    `dsql-local-${dead}-abcDEF`,
    `dsql-local-${process.pid}-abcDEF`,
    `dsql-local-${dead}-`,
    "other",
  ];
  for (const name of names) mkdirSync(path.join(parent, name, "data"), { recursive: true });

  await (await makeTemporaryDir(parent)).remove();

  const left = names.filter((name) => existsSync(path.join(parent, name)));
  assert.deepEqual(left, names.slice(1));
});

function parentOf(t: TestContext): string {
  const parent = mkdtempSync(path.join(os.tmpdir(), "temporary-dir-test-"));
  t.after(() => {
    rmSync(parent, { recursive: true, force: true });
  });
  return parent;
}
