import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
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
