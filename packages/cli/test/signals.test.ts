/** A stack that npm has started stops in order with it, whatever ends npm; one that a script has left behind stays. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { findStack } from "../src/stack/index.ts";
import { dsql, eventually, newDataDir, type Owner, programFile, undoAfter } from "./command.ts";

const isWindows = process.platform === "win32" && "its processes take no signals";
const command = (dataDir: string): string =>
  `"${process.execPath}" "${programFile("dsql")}" start --data-dir "${dataDir}" --port 0 --aws-port 0`;

/** `npm run db` in a project whose script `db` is this. */
function npmRun(owner: Owner, script: string): ChildProcess {
  const project = newDataDir(owner, "project");
  mkdirSync(project);
  const manifest = { name: "project", private: true, scripts: { db: script } };
  writeFileSync(path.join(project, "package.json"), JSON.stringify(manifest));
  const npm = spawn("npm", ["run", "db"], { cwd: project, stdio: "ignore", detached: true });
  undoAfter(owner, () => npm.kill("SIGKILL"));
  return npm;
}

const state = async (dataDir: string): Promise<string> => (await findStack(dataDir)).state;

// Ctrl-C sends SIGINT to all of them at once. To npm alone it would do nothing: its shell waits for what it runs.
for (const signal of ["SIGTERM", "SIGHUP", "SIGKILL"] as const) {
  test(`${signal} to npm stops the stack that it has started`, { skip: isWindows }, async (t) => {
    const dataDir = newDataDir(t);
    undoAfter(t, () => dsql(["stop", "--now", "--data-dir", dataDir]));
    // Two commands, so that no shell replaces itself by the last one.
    const npm = npmRun(t, `${command(dataDir)}; true`);
    await eventually("it runs", async () => (await state(dataDir)) === "running");
    const ended = once(npm, "close");
    npm.kill(signal);
    await ended;
    await eventually("it has stopped", async () => (await state(dataDir)) === "stopped");
  });
}

test("Ctrl-C stops a stack that npm has started", { skip: isWindows }, async (t) => {
  const dataDir = newDataDir(t);
  undoAfter(t, () => dsql(["stop", "--now", "--data-dir", dataDir]));
  const npm = npmRun(t, `${command(dataDir)}; true`);
  await eventually("it runs", async () => (await state(dataDir)) === "running");
  const ended = once(npm, "close");
  process.kill(-(npm.pid ?? 0), "SIGINT");
  await ended;
  await eventually("it has stopped", async () => (await state(dataDir)) === "stopped");
});

test(
  "a stack that npm's script has left in the background stays when npm ends",
  { skip: isWindows },
  async (t) => {
    const dataDir = newDataDir(t);
    undoAfter(t, () => dsql(["stop", "--now", "--data-dir", dataDir]));
    const npm = npmRun(t, `${command(dataDir)} & sleep 1`);
    const [code] = (await once(npm, "close")) as [number];
    assert.equal(code, 0);
    await eventually("it runs", async () => (await state(dataDir)) === "running");
  },
);
