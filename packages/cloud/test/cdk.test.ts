/** The real CDK CLI, unchanged, with the tutorial's real app: bootstrap, deploy, diff, failing deploy, destroy. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { GetFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";

import { type CdkRun, runCdk } from "./cdk-support.ts";
import { clusterId, startCloud, type StartedCloud } from "./cloud-support.ts";

const app = fileURLToPath(new URL("../../../../tutorial/ch05/cdk/", import.meta.url));
const stackName = "ReinventDat401Stack";

let local: StartedCloud;
let scratch: string;
before(async () => {
  local = await startCloud();
  scratch = mkdtempSync(join(tmpdir(), "dsql-local-cdk-"));
});
after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await local.close();
});

function cdk(...args: string[]): Promise<CdkRun> {
  const place = {
    app,
    home: scratch,
    endpoint: local.cloud.endpoint,
    credentials: local.identities.administrator,
  };
  return runCdk(place, args);
}

interface TemplateFile {
  readonly Resources: Record<
    string,
    { Type: string; Properties: Record<string, unknown>; DependsOn?: unknown }
  >;
}

/** A copy of the synthesized app whose template is changed, under a new asset hash as `cdk synth` would give it. */
function changedApp(name: string, change: (template: TemplateFile) => void): string {
  const copy = join(scratch, name);
  cpSync(join(scratch, "app"), copy, { recursive: true });
  const templateFile = join(copy, `${stackName}.template.json`);
  const template = JSON.parse(readFileSync(templateFile, "utf8")) as TemplateFile;
  change(template);
  writeFileSync(templateFile, JSON.stringify(template));
  const manifest = readFileSync(join(copy, "manifest.json"), "utf8");
  const oldHash = /([0-9a-f]{64})\.json/.exec(manifest)?.[1] ?? "";
  const newHash = createHash("sha256").update(JSON.stringify(template)).digest("hex");
  for (const file of readdirSync(copy).filter(
    (entry) => entry.endsWith(".json") && !entry.includes("template"),
  )) {
    writeFileSync(join(copy, file), readFileSync(join(copy, file), "utf8").replaceAll(oldHash, newHash));
  }
  return copy;
}

async function stackStatus(): Promise<string | undefined> {
  const client = new CloudFormationClient(local.client);
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
  return Stacks[0]?.StackStatus;
}

async function memorySize(): Promise<number | undefined> {
  const client = new LambdaClient(local.client);
  const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: "reinvent-dat401" }));
  return Configuration?.MemorySize;
}

test("cdk deploy works on a fresh account, and prints the outputs", async () => {
  const synth = await cdk("synth", "--quiet", "--output", join(scratch, "app"));
  assert.equal(synth.code, 0, synth.output);
  const { code, output } = await cdk("deploy", "--require-approval", "never", "--app", join(scratch, "app"));
  assert.equal(code, 0, output);
  assert.match(
    output,
    new RegExp(`${stackName}\\.ClusterEndpoint = ${clusterId}\\.dsql\\.us-east-1\\.on\\.aws`),
  );
  assert.match(output, /LambdaRoleArn = arn:aws:iam::\d{12}:role\//);
  assert.doesNotMatch(output, /current credentials could not be used|warning/i);
  assert.equal(await memorySize(), 512);
});

test("cdk diff finds no difference after a deployment, and a changed property after a change", async () => {
  const same = await cdk("diff", "--fail", "--app", join(scratch, "app"));
  assert.equal(same.code, 0, same.output);
  assert.match(same.output, /There were no differences/);
  const changed = changedApp("changed", (template) => {
    functionIn(template).Properties["MemorySize"] = 1_024;
  });
  const { code, output } = await cdk("diff", "--fail", "--app", changed);
  assert.equal(code, 1, output);
  assert.match(output, /\[~\] MemorySize/);
  assert.equal(await memorySize(), 512);
});

test("cdk bootstrap runs through, and deploying under its roles works", async () => {
  const { code, output } = await cdk("bootstrap", "--app", join(scratch, "app"));
  assert.equal(code, 0, output);
  assert.match(output, /bootstrapped/);
  const deployed = await cdk("deploy", "--require-approval", "never", "--app", join(scratch, "changed"));
  assert.equal(deployed.code, 0, deployed.output);
  assert.equal(await memorySize(), 1_024);
});

test("a deployment that fails rolls back and says why", async () => {
  const broken = changedApp("broken", (template) => {
    const good = functionIn(template);
    good.Properties["MemorySize"] = 2_048;
    template.Resources["Broken"] = {
      Type: "AWS::Lambda::Function",
      Properties: {
        Runtime: "python3.13",
        Handler: "index.handler",
        Role: good.Properties["Role"],
        Code: { ZipFile: "x" },
      },
    };
  });
  const { code, output } = await cdk("deploy", "--require-approval", "never", "--app", broken);
  assert.equal(code, 1, output);
  assert.match(output, /CREATE_FAILED .*Broken.*python3\.13/);
  assert.equal(await stackStatus(), "UPDATE_ROLLBACK_COMPLETE");
  assert.equal(await memorySize(), 1_024);
});

test("an unknown resource type is named, with what is offered", async () => {
  const unknown = changedApp("unknown", (template) => {
    template.Resources["Queue"] = { Type: "AWS::SQS::Queue", Properties: {} };
  });
  const { code, output } = await cdk("deploy", "--require-approval", "never", "--app", unknown);
  assert.equal(code, 1, output);
  assert.match(
    output,
    /Unrecognized resource types: \[AWS::SQS::Queue\]. dsql-local offers: AWS::ApiGatewayV2::Api/,
  );
});

test("cdk destroy removes everything", async () => {
  const { code, output } = await cdk("destroy", "--force", "--app", join(scratch, "app"));
  assert.equal(code, 0, output);
  await assert.rejects(stackStatus(), { message: /does not exist/ });
  await assert.rejects(memorySize(), { name: "ResourceNotFoundException" });
});

function functionIn(template: TemplateFile): TemplateFile["Resources"][string] {
  const found = Object.values(template.Resources).find(
    (resource) => resource.Type === "AWS::Lambda::Function",
  );
  assert.ok(found, "the app has a function");
  return found;
}
