import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import type { DoctorReport } from "dsql-toolkit";
import { dsql, freePorts, newDataDir, startStack } from "./command.ts";

/** Of this test's process nothing about a cluster or credentials is handed on. */
function cleanEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS|CLUSTER|DSQL|PG|REGION)/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

test("dsql doctor examines the local stack, and says what a role lacks", async (t) => {
  const dataDir = newDataDir(t);
  const env = cleanEnvironment({ DSQL_DATA_DIR: dataDir });

  const before = await dsql(["doctor"], { env });
  assert.equal(before.code, 1);
  assert.match(before.stderr, /dsql start/);

  await startStack(t, ["--data-dir", dataDir, "--rules", "2026-01", ...freePorts]);
  const healthy = await dsql(["doctor"], { env });
  assert.equal(healthy.code, 0, healthy.stdout + healthy.stderr);
  assert.match(healthy.stdout, /^ok {4}server +Aurora DSQL, PostgreSQL 16.*, the rules as of 2026-01$/m);
  assert.match(healthy.stdout, /The connection works/);

  const refused = await dsql(["doctor", "--user", "app"], { env });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout,
    /^FAIL {2}mapping +there is no database role "app"\n +CREATE ROLE "app" WITH LOGIN/m,
  );

  const json = await dsql(["doctor", "--user", "app", "--json"], { env });
  assert.equal(json.code, 1);
  const report = JSON.parse(json.stdout) as DoctorReport;
  assert.equal(report.isHealthy, false);
  assert.equal(report.steps.at(-1)?.step, "mapping");
});

/** A folder with a program `aws` that prints its version, as Debian 12 has it. */
function folderWithAws(t: TestContext, version: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "dsql-aws-cli-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(path.join(folder, "aws"), `#!/bin/sh\necho "aws-cli/${version} Python/3.11.2"\n`, {
    mode: 0o755,
  });
  return folder;
}

test(
  "dsql doctor warns of an AWS CLI that would call AWS in the place of the local stack",
  { skip: process.platform === "win32" ? "needs a shell script as a program" : false },
  async (t) => {
    const dataDir = newDataDir(t);
    await startStack(t, ["--data-dir", dataDir, ...freePorts]);
    const examine = async (version: string, ...args: string[]): Promise<string> => {
      const PATH = `${folderWithAws(t, version)}${path.delimiter}${process.env["PATH"] ?? ""}`;
      const { code, stdout } = await dsql(["doctor", ...args], {
        env: cleanEnvironment({ DSQL_DATA_DIR: dataDir, PATH }),
      });
      assert.equal(code, 0, stdout);
      return stdout;
    };
    assert.match(await examine("2.9.19"), /^mind {2}The AWS CLI on this machine, 2\.9\.19, does not know/m);
    assert.doesNotMatch(await examine("2.31.3"), /AWS CLI/);
    const report = JSON.parse(await examine("2.9.19", "--json")) as { awsCli: unknown };
    assert.deepEqual(report.awsCli, { version: "2.9.19", isUsable: false });
  },
);

test("dsql doctor says which endpoint cannot be one, and where a local one is found", async () => {
  const key = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "x" };
  const wrong = await dsql(["doctor", "--endpoint", "localhost"], { env: cleanEnvironment() });
  assert.equal(wrong.code, 2);
  const endpoint = "abcdefghij0123456789klmnop.dsql.us-east-1.on.aws";
  // A name that is known nowhere, as a local cluster's is in a shell without the environment of the stack. A part of it
  // is empty: no resolver asks the network for it.
  const env = cleanEnvironment({ ...key, PGHOSTADDR: "no..where" });
  const lost = await dsql(["doctor", "--endpoint", endpoint, "--timeout", "10"], { env });
  assert.equal(lost.code, 1);
  assert.match(lost.stdout, /^FAIL {2}dns/m);
  assert.match(lost.stdout, /eval "\$\(npx dsql env\)"/);
});
