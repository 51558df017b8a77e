import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { dsqlProgram } from "../src/dsql.ts";
import { commandEntries } from "../src/commands/index.ts";
import { dsql, freePorts, newDataDir, startStack } from "./command.ts";

/** What takes long to load: parsers, SDKs, servers. Compiled files of the workspace and of `node_modules` alike. */
const heavy =
  /libpg-query|@aws-sdk|@babel|modelcontextprotocol|\/(?:toolkit|cloud|load)\/dist\/src\/index\.js|\/cluster\/dist\/src\/(?:index|cluster)\.js/;

test("a command that only looks loads no parser, no SDK and no cluster", async (t) => {
  const dataDir = newDataDir(t);
  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  for (const args of [["--help"], ["env"], ["token"], ["status"], ["start", "--help"]]) {
    const scripts = await scriptsOf(t, args[0] === "--help" ? args : [...args, "--data-dir", dataDir]);
    assert.ok(
      scripts.some((script) => script.endsWith("/cli/dist/src/dsql.js")),
      "the list of scripts is complete",
    );
    const found = scripts.filter((script) => heavy.test(script));
    assert.deepEqual(found, [], `dsql ${args.join(" ")} loads them`);
  }
  // The pattern does find what is loaded.
  const linter = await scriptsOf(t, ["lint", "--help"]);
  assert.ok(linter.some((script) => heavy.test(script)));
});

test("every command is found under the name that --help shows", async () => {
  for (const entry of commandEntries) {
    const command = await entry.load();
    assert.equal(command.name(), entry.name);
    assert.notEqual(command.description(), "", `dsql ${entry.name} --help says what it does`);
  }
  const shown = (await dsqlProgram(undefined)).commands.map((command) => command.summary());
  assert.deepEqual(
    shown,
    commandEntries.map(({ summary }) => summary),
  );
});

test("`dsql help COMMAND` shows that command's options", async () => {
  const outcome = await dsql(["help", "token"]);
  assert.equal(outcome.code, 0);
  assert.match(outcome.stdout, /--expires-in/);
});

/** Every script that a run of `dsql` has loaded: V8 lists them when it writes its coverage. */
async function scriptsOf(t: TestContext, args: readonly string[]): Promise<readonly string[]> {
  const folder = newDataDir(t);
  const outcome = await dsql(args, { env: { ...process.env, NODE_V8_COVERAGE: folder } });
  assert.equal(outcome.code, 0, outcome.stderr);
  return readdirSync(folder).flatMap((name) => {
    const coverage = JSON.parse(readFileSync(path.join(folder, name), "utf8")) as {
      readonly result: readonly { readonly url: string }[];
    };
    return coverage.result.map(({ url }) => url);
  });
}
