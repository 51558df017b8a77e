/**
 * The real CDK CLI with an app of several stacks against a real cluster: roles and tables made by a custom resource,
 * updates in place, hotswap, watch, rollbacks, nested stacks, deletion protection.
 *
 * One story, told in the order of the tests.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DSQLClient, GetClusterCommand } from "@aws-sdk/client-dsql";
import { GetAliasCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { type Cluster, createCluster, silentLog } from "@dsql-local/cluster";
import pg from "pg";

import { type Cloud, createCloud } from "../src/index.ts";
import { type CdkRun, collect, runCdk, runMsMax, startCdk } from "./cdk-support.ts";

const region = "us-east-1";
const sources = fileURLToPath(new URL("../../test/cdk-app/", import.meta.url));
const nodeModules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** What is deployed one after the other, made once, so that few commands have to run the app. */
const variants = {
  first: {},
  second: { SCHEMA: "second", WORDS: "moin" },
  refused: { SCHEMA: "broken", WORDS: "moin", BROKEN: "yes" },
  hot: { SCHEMA: "second", WORDS: "hot" },
  guarded: { SCHEMA: "second", WORDS: "moin", PROTECTED: "yes" },
};

let scratch: string;
let app: string;
let cluster: Cluster;
let cloud: Cloud;
let client: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "dsql-local-cdk-"));
  // A copy, since a test changes it. The lock file tells esbuild's caller where the project begins.
  app = join(scratch, "app");
  cpSync(sources, app, { recursive: true });
  symlinkSync(nodeModules, join(app, "node_modules"), "dir");
  writeFileSync(join(app, "package-lock.json"), "{}");
  makeAssemblies();
  cluster = createCluster({ dataDir: join(scratch, "data"), host: "127.0.0.1", port: 0 });
  await cluster.start();
  cloud = createCloud({ cluster, dataDir: join(scratch, "data", "cloud"), region, log: silentLog });
  await cloud.start();
  client = { endpoint: cloud.endpoint, region, credentials: cluster.identities.administrator };
});
after(async () => {
  await cloud.stop();
  await cluster.stop();
  rmSync(scratch, { recursive: true, force: true });
});

type Variables = Readonly<Record<string, string>>;

const place = () => ({
  app,
  home: scratch,
  endpoint: cloud.endpoint,
  credentials: cluster.identities.administrator,
});

const cdk = (args: readonly string[], variables?: Variables): Promise<CdkRun> =>
  runCdk(place(), args, variables);

const assembly = (variant: keyof typeof variants): string => join(scratch, variant);

function makeAssemblies(): void {
  const folders = Object.entries(variants).map(([name, variables]) => [join(scratch, name), variables]);
  const env = { ...process.env, HOME: scratch, ASSEMBLIES: JSON.stringify(Object.fromEntries(folders)) };
  const { status, stderr } = spawnSync(process.execPath, ["app.mjs"], { cwd: app, env, encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

async function deploy(variant: keyof typeof variants, ...more: readonly string[]): Promise<CdkRun> {
  return cdk(["deploy", ...more, "--app", assembly(variant), "--require-approval", "never"]);
}

async function deployed(variant: keyof typeof variants, ...more: readonly string[]): Promise<string> {
  const { code, output } = await deploy(variant, ...more);
  assert.equal(code, 0, output);
  return output;
}

async function statusOf(StackName: string): Promise<string | undefined> {
  const cloudFormation = new CloudFormationClient(client);
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  cloudFormation.destroy();
  return Stacks[0]?.StackStatus;
}

async function asAdmin<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const hostname = cluster.endpoint;
  const signer = new DsqlSigner({ hostname, region, credentials: cluster.identities.administrator });
  const connection = new pg.Client({
    host: "127.0.0.1",
    port: cluster.port,
    user: "admin",
    database: "postgres",
    password: await signer.getDbConnectAdminAuthToken(),
    ssl: { ca: readFileSync(cluster.caFile, "utf8"), servername: hostname },
  });
  await connection.connect();
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

async function greeting(): Promise<{ words: string; code: string }> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  return (await answer.json()) as { words: string; code: string };
}

let url: string;

test("several stacks are deployed, and a custom resource makes the role and the table", async () => {
  const output = await deployed("first", "--all");
  assert.match(output, new RegExp(`DatabaseStack\\.Endpoint = ${cluster.endpoint}`));
  assert.match(output, /DatabaseStack\.Statements = 1/);
  // By the CDK's AwsCustomResource, which calls the SDK inside a function.
  assert.match(output, /DatabaseStack\.ClusterStatus = ACTIVE/);
  url = /GreeterStack\.Url = (\S+)/.exec(output)?.[1] ?? "";
  await asAdmin(async (connection) => {
    await connection.query("INSERT INTO greeting VALUES (1, 'kept')");
    const { rows } = await connection.query<{ pg_role_name: string; arn: string }>(
      "SELECT pg_role_name, arn FROM sys.iam_pg_role_mappings",
    );
    assert.equal(rows[0]?.pg_role_name, "app");
    assert.match(rows[0].arn, /:role\/DatabaseStack-Application/);
  });
});

test("a function's address leads to its alias, and a nested stack's output comes out", async () => {
  assert.deepEqual(await greeting(), { words: "hello", code: "first", path: "/" });
  const ssm = new SSMClient(client);
  const output = await deployed("first", "ParentStack");
  const Name = /ParentStack\.CopyName = (\S+)/.exec(output)?.[1] ?? "";
  assert.equal((await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value, "hello");
  ssm.destroy();
});

test("the CDK's triggers run, and what they wrote goes with its bucket", async () => {
  const output = await deployed("first", "ParentStack");
  const Bucket = /ParentStack\.BucketName = (\S+)/.exec(output)?.[1] ?? "";
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
  assert.equal(await Body?.transformToString(), "written");
  s3.destroy();
});

test("the cluster is as its properties say", async () => {
  const dsql = new DSQLClient(client);
  const found = await dsql.send(new GetClusterCommand({ identifier: cluster.id }));
  assert.equal(found.deletionProtectionEnabled, false);
  assert.equal(found.tags?.["team"], "tests");
  dsql.destroy();
});

test("changes of permissions are shown", async () => {
  // Compared with nothing, so that everything is new.
  const empty = join(scratch, "empty.json");
  writeFileSync(empty, JSON.stringify({ Resources: {} }));
  const { code, output } = await cdk([
    "diff",
    "DatabaseStack",
    "--app",
    assembly("first"),
    "--template",
    empty,
  ]);
  assert.equal(code, 0, output);
  assert.match(output, /IAM Statement Changes/);
  assert.match(output, /dsql:DbConnectAdmin/);
});

test("an update in place keeps cluster and data, runs the new statements, and moves the alias", async () => {
  assert.match(await deployed("second", "--all"), /DatabaseStack\.Statements = 2/);
  const { rows } = await asAdmin((connection) => connection.query("SELECT words FROM greeting"));
  assert.deepEqual(rows, [{ words: "kept" }]);
  await asAdmin((connection) => connection.query("INSERT INTO guest VALUES (1)"));
  assert.equal((await greeting()).words, "moin");
  const lambda = new LambdaClient(client);
  const alias = await lambda.send(new GetAliasCommand({ FunctionName: "greeter", Name: "live" }));
  assert.equal(alias.FunctionVersion, "2");
  lambda.destroy();
});

test("a statement that the database refuses fails the deployment with its words, and it is rolled back", async () => {
  const { code, output } = await deploy("refused", "DatabaseStack", "--exclusively");
  assert.equal(code, 1, output);
  assert.match(output, /UPDATE_FAILED .*Custom::Schema/);
  assert.match(output, /Message returned: type "serial" does not exist/);
  assert.equal(await statusOf("DatabaseStack"), "UPDATE_ROLLBACK_COMPLETE");
});

test("a failed deployment can be left as it is, and rolled back by cdk rollback", async () => {
  const left = await deploy("refused", "ParentStack", "--no-rollback");
  assert.equal(left.code, 1, left.output);
  assert.equal(await statusOf("ParentStack"), "UPDATE_FAILED");
  const { code, output } = await cdk(["rollback", "ParentStack", "--app", assembly("refused")]);
  assert.equal(code, 0, output);
  assert.equal(await statusOf("ParentStack"), "UPDATE_ROLLBACK_COMPLETE");
});

test("cdk deploy --hotswap changes the function at once, and --revert-drift sets it back", async () => {
  const output = await deployed("hot", "GreeterStack", "--exclusively", "--hotswap");
  assert.match(output, /hotswapped!/);
  assert.equal((await greeting()).words, "hot");
  await deployed("second", "GreeterStack", "--exclusively", "--revert-drift");
  assert.equal((await greeting()).words, "moin");
});

test("cdk watch deploys what is saved, and shows the function's log", async () => {
  const watching = startCdk(place(), ["watch", "GreeterStack", "--exclusively"], variants.second);
  const output = collect(watching);
  const ended = once(watching, "close");
  try {
    await until(() => output.text.includes("Total time"), output);
    const file = join(app, "greeter", "index.js");
    writeFileSync(file, readFileSync(file, "utf8").replace('"first"', '"saved"'));
    await until(async () => (await greeting()).code === "saved", output);
    await until(() => output.text.includes("greeting"), output);
  } finally {
    watching.kill("SIGINT");
    await ended;
  }
});

async function until(isTrue: () => boolean | Promise<boolean>, output: { text: string }): Promise<void> {
  const deadlineMs = Date.now() + runMsMax / 2;
  while (!(await isTrue())) {
    if (Date.now() > deadlineMs) assert.fail(`it did not happen:\n${output.text}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("a protected cluster keeps its stack from being destroyed, until it is protected no more", async () => {
  const destroy = (...stacks: string[]) =>
    cdk(["destroy", ...stacks, "--exclusively", "--force", "--app", assembly("second")]);
  await deployed("guarded", "DatabaseStack", "--exclusively");
  // With the bucket and what is in it.
  const others = await destroy("GreeterStack", "ParentStack");
  assert.equal(others.code, 0, others.output);
  const refused = await destroy("DatabaseStack");
  assert.notEqual(refused.code, 0, refused.output);
  assert.match(refused.output, /DELETE_FAILED .*AWS::DSQL::Cluster.*[Dd]eletion protection/);
});
