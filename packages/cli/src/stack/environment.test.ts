import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { environmentOf, environmentText, nodeOptionsWith, shellLines } from "./environment.ts";

const facts = {
  clusterId: "abcdefghijklmnopqrstuvwxyz",
  clusterEndpoint: "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws",
  host: "127.0.0.1",
  port: 5433,
  caFile: "/home/o'neil/my data/.dsql/tls/ca.pem",
  awsEndpoint: "http://127.0.0.1:4566",
  region: "us-east-1",
  account: "123456789012",
  dataDir: "/home/o'neil/my data/.dsql",
  pid: 4711,
};
const variables = environmentOf({
  facts,
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: 'a$b`c"d',
  token: "token",
  preloadFile: "/a/preload.cjs",
  caBundle: "/a/bundle.pem",
});

test("files of other programs get plain lines; GitHub refuses NODE_OPTIONS, so it gets none", () => {
  const few = { NAME: "a b", NODE_OPTIONS: "--require x" };
  assert.equal(environmentText(few, "docker"), "NAME=a b\nNODE_OPTIONS=--require x\n");
  assert.equal(environmentText(few, "github"), "NAME=a b\n");
  assert.equal(environmentText(few, "dotenv"), "NAME='a b'\nNODE_OPTIONS='--require x'\n");
});

test("libpq gets the cluster's name to verify and the local address to connect to", () => {
  assert.equal(variables["PGHOST"], facts.clusterEndpoint);
  assert.equal(variables["PGHOSTADDR"], "127.0.0.1");
  assert.equal(variables["PGSSLMODE"], "verify-full");
  assert.equal(variables["PGSSLROOTCERT"], facts.caFile);
});

test(
  "a POSIX shell that evaluates the lines has exactly these values, whatever characters they hold",
  { skip: process.platform === "win32" && "there is no POSIX shell" },
  () => {
    const script = `${shellLines(variables, "sh")}\nexec "${process.execPath}" -p 'JSON.stringify(process.env)'`;
    const env = { PATH: process.env["PATH"] ?? "", AWS_PROFILE: "work", AWS_SESSION_TOKEN: "old" };
    // These two would have the child read files that do not exist here.
    const harmless = script.replace(/^export NODE_(OPTIONS|EXTRA_CA_CERTS)=.*$/gm, "");
    const printed = execFileSync("sh", ["-c", harmless], { env });
    const seen = JSON.parse(printed.toString()) as Record<string, string>;
    for (const [name, value] of Object.entries(variables)) {
      if (!name.startsWith("NODE_")) assert.equal(seen[name], value, name);
    }
    assert.equal(seen["AWS_PROFILE"], undefined);
    assert.equal(seen["AWS_SESSION_TOKEN"], undefined);
  },
);

test("fish and PowerShell get their own quoting", () => {
  const awkward = { NAME: "it's a \\ path" };
  assert.match(shellLines(awkward, "fish"), /^set -gx NAME 'it\\'s a \\\\ path'$/m);
  assert.match(shellLines(awkward, "powershell"), /^\$env:NAME = 'it''s a \\ path'$/m);
});

test("NODE_OPTIONS keeps what was there and takes the preload once", () => {
  const once = nodeOptionsWith("/a/preload.cjs", "--max-old-space-size=4096");
  assert.equal(once, '--max-old-space-size=4096 --require "/a/preload.cjs"');
  assert.equal(nodeOptionsWith("/a/preload.cjs", once), once);
});

test("Node loads a preload whose path has blanks and quotes", (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "a folder with 'blanks' "));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const preloadFile = path.join(folder, "preload.cjs");
  writeFileSync(preloadFile, "globalThis.preloaded = true;");
  const env = { ...process.env, NODE_OPTIONS: nodeOptionsWith(preloadFile, "") };
  const printed = execFileSync(process.execPath, ["-p", "globalThis.preloaded"], { env });
  assert.equal(printed.toString().trim(), "true");
});
