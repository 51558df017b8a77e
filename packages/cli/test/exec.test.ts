/** `dsql exec`, `dsql start --detach` and `dsql wait`: a stack for as long as a command takes, or until it is stopped. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { findStack } from "../src/stack/index.ts";
import {
  dsql,
  eventually,
  freePorts,
  newDataDir,
  programFile,
  run,
  startStack,
  undoAfter,
} from "./command.ts";

const node = process.execPath;

test("exec runs a command with a stack of its own for it, passes its exit code on, and stops the stack", async (t) => {
  const dataDir = newDataDir(t);
  const script = "console.log(process.env.CLUSTER_ENDPOINT, process.env.DSQL_DATA_DIR); process.exit(7)";
  const outcome = await dsql(["exec", "--data-dir", dataDir, "--", node, "-e", script]);
  assert.equal(outcome.code, 7, outcome.stderr);
  const [endpoint = "", exported = ""] = outcome.stdout.trim().split(" ");
  assert.match(endpoint, /^[a-z0-9]{26}\.dsql\.us-east-1\.on\.aws$/);
  assert.equal(exported, realpathSync(dataDir));
  assert.equal((await findStack(dataDir)).state, "stopped");
});

test("exec --fresh applies migrations first, also where another stack runs, and leaves that one alone", async (t) => {
  const dataDir = newDataDir(t);
  const stack = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const migrations = newDataDir(t, "migrations");
  mkdirSync(migrations);
  writeFileSync(path.join(migrations, "0001_account.sql"), "CREATE TABLE account (id int PRIMARY KEY);\n");
  const sql = [node, programFile("dsql"), "sql", "SELECT count(*)::int AS accounts FROM account", "--json"];
  const options = ["--data-dir", dataDir, "--fresh", "--migrations", migrations];
  const outcome = await dsql(["exec", ...options, "--", ...sql]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual((JSON.parse(outcome.stdout) as { rows: unknown }).rows, [{ accounts: 0 }]);

  const script = "console.log(process.env.CLUSTER_ENDPOINT)";
  const used = await dsql(["exec", "--data-dir", dataDir, "--", node, "-e", script]);
  assert.equal(used.stdout.trim(), stack.facts.clusterEndpoint);
  assert.equal((await findStack(dataDir)).state, "running");
  const absent = await dsql(["exec", "--data-dir", dataDir, "--", "no-such-command"]);
  assert.equal(absent.code, 127);
  assert.match(absent.stderr, /there is no command no-such-command/);
  if (process.platform === "win32") return;
  writeFileSync(path.join(migrations, "no-program"), "", { mode: 0o644 });
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}${path.delimiter}${migrations}` };
  const refused = await dsql(["exec", "--data-dir", dataDir, "--", "no-program"], { env });
  assert.equal(refused.code, 126);
});

test(
  "a signal to exec reaches its command; afterwards the stack is stopped",
  { skip: process.platform === "win32" && "its processes take no signals" },
  async (t) => {
    const dataDir = newDataDir(t);
    undoAfter(t, () => dsql(["stop", "--now", "--data-dir", dataDir]));
    const script =
      "process.on('SIGTERM', () => process.exit(3)); console.log('on'); setInterval(() => 0, 1e6)";
    const args = [programFile("dsql"), "exec", "--data-dir", dataDir, "--", node, "-e", script];
    const child = spawn(node, args, { stdio: ["ignore", "pipe", "inherit"] });
    undoAfter(t, () => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const ended = once(child, "close");
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [3, null]);
    assert.equal((await findStack(dataDir)).state, "stopped");
  },
);

test("start --detach returns when the stack is ready, says where its log is; stop ends it", async (t) => {
  const dataDir = newDataDir(t);
  undoAfter(t, () => dsql(["stop", "--now", "--data-dir", dataDir]));
  const waiting = dsql(["wait", "--data-dir", dataDir]);
  const started = await dsql(["start", "--detach", "--data-dir", dataDir, ...freePorts]);
  assert.equal(started.code, 0, started.stderr);
  const log = path.join(dataDir, "stack.log");
  assert.ok(started.stdout.includes(log));
  assert.match(readFileSync(log, "utf8"), /Ready/);
  assert.equal((await waiting).code, 0);
  assert.equal((await findStack(dataDir)).state, "running");

  const again = await dsql(["start", "--detach", "--data-dir", dataDir]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has been using/);

  const stopped = await dsql(["stop", "--data-dir", dataDir]);
  assert.match(stopped.stdout, /^Stopped/);
  await eventually("its log says so", () => readFileSync(log, "utf8").endsWith("Stopped.\n"));
  const restarted = await dsql(["start", "--detach", "--data-dir", dataDir, ...freePorts]);
  assert.equal(restarted.code, 0, "its log does not make the directory foreign");
});

test("a start in the background that fails shows the end of its log; wait ends after its timeout", async (t) => {
  const dataDir = newDataDir(t);
  mkdirSync(dataDir);
  writeFileSync(path.join(dataDir, "letter.txt"), "dear");
  const failed = await dsql(["start", "--detach", "--data-dir", dataDir, ...freePorts]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /is not a data directory of dsql-local: it holds letter\.txt/);
  assert.ok(!existsSync(path.join(dataDir, "stack.log")));
  assert.equal((await dsql(["wait", "--timeout", "1", "--data-dir", dataDir])).code, 3);
});

test("commands find the data directory in a folder above; git does not take it along", async (t) => {
  const project = newDataDir(t, "project");
  const below = path.join(project, "src", "deep");
  mkdirSync(below, { recursive: true });
  const dataDir = path.join(project, ".dsql");
  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const { DSQL_DATA_DIR: _absent, ...env } = process.env;
  const status = await run(node, [programFile("dsql"), "status", "--json"], { env, cwd: below });
  assert.equal(status.code, 0, status.stdout);
  assert.equal(
    (JSON.parse(status.stdout) as { dataDir: string }).dataDir,
    path.join(realpathSync(project), ".dsql"),
  );
  assert.equal(readFileSync(path.join(dataDir, ".gitignore"), "utf8"), "*\n");
});
