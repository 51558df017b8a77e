/** The real CDK CLI with an app of two Regions: two clusters that are peers, in stacks that refer to each other. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DSQLClient, GetClusterCommand } from "@aws-sdk/client-dsql";
import { type Cluster, createCluster, silentLog } from "@dsql-local/cluster";

import { type Cloud, createCloud } from "../src/index.ts";
import { type CdkRun, runCdk } from "./cdk-support.ts";

const sources = fileURLToPath(new URL("../../test/cdk-two-regions/", import.meta.url));
const nodeModules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** What the deployment leaves: further commands need not run the app again. */
const assembly = "cdk.out";

let scratch: string;
let cluster: Cluster;
let cloud: Cloud;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "dsql-local-cdk-"));
  cpSync(sources, join(scratch, "app"), { recursive: true });
  symlinkSync(nodeModules, join(scratch, "app", "node_modules"), "dir");
  cluster = createCluster({ dataDir: join(scratch, "data"), host: "127.0.0.1", port: 0 });
  await cluster.start();
  const dataDir = join(scratch, "data", "cloud");
  cloud = createCloud({ cluster, dataDir, region: "us-east-1", log: silentLog });
  await cloud.start();
});
after(async () => {
  await cloud.stop();
  await cluster.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function cdk(...args: readonly string[]): Promise<CdkRun> {
  const credentials = cluster.identities.administrator;
  return runCdk({ app: join(scratch, "app"), home: scratch, endpoint: cloud.endpoint, credentials }, args);
}

function clientOf(region: string) {
  return { endpoint: cloud.endpoint, region, credentials: cluster.identities.administrator };
}

async function outputsOf(region: string, StackName: string): Promise<Readonly<Record<string, string>>> {
  const client = new CloudFormationClient(clientOf(region));
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  client.destroy();
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map((output) => [output.OutputKey ?? "", output.OutputValue ?? ""]));
}

async function statusOf(endpoint: string): Promise<string | undefined> {
  const [identifier = "", , region = ""] = endpoint.split(".");
  const client = new DSQLClient(clientOf(region));
  const { status } = await client.send(new GetClusterCommand({ identifier }));
  client.destroy();
  return status;
}

test("cdk deploy --all makes peers in two Regions, one stack knowing the other's cluster", async () => {
  const { code, output } = await cdk("deploy", "--all", "--require-approval", "never");
  assert.equal(code, 0, output);
  const { Endpoint = "", PeerEndpoint = "", Url = "" } = await outputsOf("us-east-2", "SecondRegion");
  assert.match(Endpoint, /\.dsql\.us-east-2\.on\.aws$/);
  assert.match(PeerEndpoint, /\.dsql\.us-east-1\.on\.aws$/);
  assert.deepEqual([await statusOf(Endpoint), await statusOf(PeerEndpoint)], ["ACTIVE", "ACTIVE"]);
  assert.equal(await (await fetch(Url)).text(), "us-east-2", "the function runs in its stack's Region");
});

test("cdk diff finds no difference in either Region", async () => {
  const { code, output } = await cdk("diff", "--all", "--fail", "--app", assembly);
  assert.equal(code, 0, output);
});

test("cdk destroy --all removes both stacks and both clusters", async () => {
  const { PeerEndpoint = "" } = await outputsOf("us-east-2", "SecondRegion");
  const { code, output } = await cdk("destroy", "--all", "--force", "--app", assembly);
  assert.equal(code, 0, output);
  await assert.rejects(outputsOf("us-east-2", "SecondRegion"), /does not exist/);
  await assert.rejects(statusOf(PeerEndpoint), { name: "ResourceNotFoundException" });
});
