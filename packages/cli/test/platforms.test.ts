/** Programs that are neither Node nor libpq: by the name localhost, and by what their platform takes. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import pg from "pg";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { administratorKey } from "../src/stack/index.ts";
import { dsql, freePorts, newDataDir, type Owner, startStack, type StartedStack } from "./command.ts";

const execute = promisify(execFile);
const clean: (() => unknown)[] = [];
const owner: Owner = { after: (run) => void clean.push(run) };
let stack: StartedStack;

before(async () => {
  stack = await startStack(owner, ["--data-dir", newDataDir(owner), ...freePorts]);
});
after(async () => {
  for (const run of clean.reverse()) await run();
});

async function signedFor(hostname: string): Promise<string> {
  const { region } = stack.facts;
  return await new DsqlSigner({
    hostname,
    region,
    credentials: administratorKey(stack.facts),
  }).getDbConnectAdminAuthToken();
}

async function connect(host: string, password: string): Promise<unknown> {
  const { port, caFile } = stack.facts;
  const ca = readFileSync(caFile, "utf8");
  const ssl = { ca, servername: host };
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "admin",
    database: "postgres",
    password,
    ssl,
  });
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query("SELECT current_user::text AS user");
  await client.end();
  return rows;
}

test("localhost names the oldest cluster: its certificate, and tokens for either name", async () => {
  const { clusterEndpoint } = stack.facts;
  for (const name of ["localhost", clusterEndpoint])
    assert.deepEqual(await connect("localhost", await signedFor(name)), [{ user: "admin" }]);
});

test("a token for localhost opens nothing under the cluster's own name, one for another name nothing at all", async () => {
  const { clusterEndpoint } = stack.facts;
  await assert.rejects(connect(clusterEndpoint, await signedFor("localhost")), { code: "08006" });
  await assert.rejects(connect("localhost", await signedFor("localhost.example")), { code: "08006" });
});

async function variablesFor(platform: string): Promise<Record<string, string>> {
  const outcome = await dsql(["env", "--json", "--for", platform, "--data-dir", stack.facts.dataDir]);
  return JSON.parse(outcome.stdout) as Record<string, string>;
}

test("Go, Rust and .NET get localhost and a file of all that is to be trusted", async () => {
  for (const platform of ["go", "rust", "dotnet"]) {
    const { PGHOST, SSL_CERT_FILE = "" } = await variablesFor(platform);
    assert.equal(PGHOST, "localhost");
    assert.ok(readFileSync(SSL_CERT_FILE, "utf8").includes(readFileSync(stack.facts.caFile, "utf8").trim()));
    assert.ok(
      readFileSync(SSL_CERT_FILE, "utf8").split("BEGIN CERTIFICATE").length > 20,
      "the public ones as well",
    );
  }
});

test("Java finds the cluster by its real name and trusts it, by JAVA_TOOL_OPTIONS alone", async (t) => {
  if (!(await isThere(t, "java", "-version"))) return;
  const { JAVA_TOOL_OPTIONS, CLUSTER_ENDPOINT = "", PGPORT = "" } = await variablesFor("java");
  const program = path.join(import.meta.dirname, "..", "..", "test", "Handshake.java");
  const { stdout } = await execute("java", [program, CLUSTER_ENDPOINT, PGPORT], {
    env: { ...process.env, JAVA_TOOL_OPTIONS },
  });
  assert.match(stdout, /^127\.0\.0\.1 TLSv1\.[23]/);
});

async function isThere(t: TestContext, program: string, flag: string): Promise<boolean> {
  const found = await execute(program, [flag]).then(
    () => true,
    () => false,
  );
  if (!found) t.skip(`${program} is not installed`);
  return found;
}

test("hosts prints the names of the clusters with this machine's address", async () => {
  const { dataDir, clusterEndpoint } = stack.facts;
  const outcome = await dsql(["hosts", "--data-dir", dataDir]);
  assert.equal(outcome.stdout, `127.0.0.1 ${clusterEndpoint}\n`);
  const none = await dsql(["hosts", "--data-dir", path.join(dataDir, "none")]);
  assert.equal(none.code, 3);
});

test("NODE_EXTRA_CA_CERTS keeps whom it trusted before", async (t) => {
  const { dataDir, caFile } = stack.facts;
  const { SSL_CERT_FILE = "" } = await variablesFor("go");
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: SSL_CERT_FILE };
  const again = await dsql(["env", "--json", "--data-dir", dataDir], { env });
  const { NODE_EXTRA_CA_CERTS: bundle = "" } = JSON.parse(again.stdout) as Record<string, string>;
  assert.equal(bundle, SSL_CERT_FILE, "which trusts the cluster already");
  const otherFile = path.join(newDataDir(t), "..", "company.pem");
  const other = readFileSync(SSL_CERT_FILE, "utf8").replace(readFileSync(caFile, "utf8").trim(), "");
  writeFileSync(otherFile, other);
  const both = await dsql(["env", "--json", "--data-dir", dataDir], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: otherFile },
  });
  const { NODE_EXTRA_CA_CERTS: file = "" } = JSON.parse(both.stdout) as Record<string, string>;
  assert.notEqual(file, caFile);
  const text = readFileSync(file, "utf8");
  assert.ok(
    text.includes(other.trim().slice(0, 2_000)) && text.includes(readFileSync(caFile, "utf8").trim()),
  );
});
