import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { deploy } from "./deploy.ts";

test("without the CDK the error says what to install", async (t) => {
  await assert.rejects(deploy(optionsFor(emptyApp(t))), { remedy: "Run npm ci first." });
});

test("when the CDK fails, the last of what it said is in the error", async (t) => {
  const appDir = emptyApp(t);
  const cdk = path.join(appDir, "node_modules", "aws-cdk");
  mkdirSync(path.join(cdk, "bin"), { recursive: true });
  writeFileSync(path.join(cdk, "package.json"), "{}");
  writeFileSync(path.join(cdk, "bin", "cdk"), 'console.error("no credentials"); process.exit(7);');
  await assert.rejects(deploy(optionsFor(appDir)), /ended with exit code 7:\s+no credentials/);
});

test("what the CDK does is told while it does it, from both of its outputs", async (t) => {
  const appDir = emptyApp(t);
  const cdk = path.join(appDir, "node_modules", "aws-cdk");
  mkdirSync(path.join(cdk, "bin"), { recursive: true });
  writeFileSync(path.join(cdk, "package.json"), "{}");
  const event = "S | 1/2 | 6:56:21 AM | CREATE_COMPLETE | AWS::DSQL::Cluster | Cluster ";
  writeFileSync(
    path.join(cdk, "bin", "cdk"),
    `console.log("Bundling asset S..."); console.error(${JSON.stringify(event)}); process.exitCode = 1;`,
  );
  const told = new Set<string>();
  await assert.rejects(deploy({ ...optionsFor(appDir), onProgress: (doing) => told.add(doing) }));
  assert.deepEqual([...told].sort(), [
    "1/2 CREATE_COMPLETE AWS::DSQL::Cluster Cluster",
    "the app is synthesised, its function bundled",
  ]);
});

function optionsFor(appDir: string) {
  return { appDir, stackName: "S", workDir: appDir, environment: process.env };
}

function emptyApp(t: TestContext): string {
  const appDir = mkdtempSync(path.join(os.tmpdir(), "deploy-test-"));
  t.after(() => {
    rmSync(appDir, { recursive: true });
  });
  return appDir;
}
