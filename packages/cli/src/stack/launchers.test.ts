import assert from "node:assert/strict";
import { test } from "node:test";
import { launchersOf } from "./launchers.ts";

/** The launchers among our ancestors, nearest first: 100 is our parent, 101 its parent, and so on. */
async function launchers(...ancestors: (readonly string[])[]): Promise<readonly number[]> {
  return await launchersOf(100, (pid) => {
    const words = ancestors[pid - 100];
    return Promise.resolve(words && { pid, parent: pid + 1, words });
  });
}

const sh = (script: string): readonly string[] => ["sh", "-c", script];
const npm = ["npm", "exec", "dsql", "start"];
const terminal = ["bash"];

test("npm and its shell wait for us, also one npm in another, and without a shell between", async () => {
  assert.deepEqual(await launchers(sh("'dsql' start"), npm, terminal), [100, 101]);
  assert.deepEqual(
    await launchers(sh("a && dsql start 2>&1"), npm, sh("npm start"), npm),
    [100, 101, 102, 103],
  );
  assert.deepEqual(await launchers(npm, terminal), [100]);
  assert.deepEqual(await launchers(["node", "/usr/lib/node_modules/pnpm/bin/pnpm.cjs", "dsql"]), [100]);
  assert.deepEqual(await launchers(["node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "start"]), [100]);
});

test("whoever does not wait for us is not watched", async () => {
  assert.deepEqual(await launchers(terminal, npm), [], "a terminal that npm has opened");
  assert.deepEqual(await launchers(sh("dsql start"), ["systemd"]), [], "a shell of nobody's");
  assert.deepEqual(await launchers(sh("dsql start & vite"), npm), []);
  assert.deepEqual(await launchers(sh("nohup dsql start"), npm), []);
  assert.deepEqual(await launchers(["node", "test-runner.js"], npm), []);
  assert.deepEqual(await launchers(), []);
});
