/** Stacks as resources of stacks: outputs and parameters between them, updates, rollbacks, deletion, restarts. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  type Stack,
  UpdateStackCommand,
} from "@aws-sdk/client-cloudformation";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let client: CloudFormationClient;
let s3: S3Client;
let ssm: SSMClient;
before(async () => {
  local = await startCloud();
  client = new CloudFormationClient(local.client);
  s3 = new S3Client(local.client);
  ssm = new SSMClient(local.client);
  await s3.send(new CreateBucketCommand({ Bucket: "templates" }));
  await ssm.send(new PutParameterCommand({ Name: "/taken", Type: "String", Value: "mine" }));
});
after(async () => {
  for (const each of [client, s3, ssm]) each.destroy();
  await local.close();
});

function parameter(Name: string, Value: unknown, more: object = {}): object {
  return { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Name, Value }, ...more };
}

/** A resource that cannot be made: a parameter of this name is there already. */
const broken = parameter("/taken", "x");

let templates = 0;

/** Puts a template where a nested stack finds it, under a new key each time, as the CDK does. */
async function upload(template: object): Promise<string> {
  templates += 1;
  const Key = `${templates}.json`;
  await s3.send(new PutObjectCommand({ Bucket: "templates", Key, Body: JSON.stringify(template) }));
  return `https://s3.us-east-1.amazonaws.com/templates/${Key}`;
}

/** Keeps the words it is given in a parameter, and gives them out again, doubled. */
function childTemplate(name: string, more: object = {}): object {
  return {
    Parameters: { Words: { Type: "String" } },
    Resources: { Copy: parameter(name, { Ref: "Words" }), ...more },
    Outputs: { Doubled: { Value: { "Fn::Sub": "${Words}${Words}" } } },
  };
}

async function parentTemplate(options: {
  child: object;
  words: string;
  after?: object;
  name: string;
}): Promise<string> {
  return JSON.stringify({
    Resources: {
      Child: {
        Type: "AWS::CloudFormation::Stack",
        Properties: { TemplateURL: await upload(options.child), Parameters: { Words: options.words } },
      },
      Result: parameter(`${options.name}/result`, { "Fn::GetAtt": ["Child", "Outputs.Doubled"] }),
      ...options.after,
    },
    Outputs: { ChildId: { Value: { Ref: "Child" } } },
  });
}

async function create(StackName: string, TemplateBody: string): Promise<string> {
  await client.send(new CreateStackCommand({ StackName, TemplateBody }));
  return settledStatus(client, StackName);
}

async function update(StackName: string, TemplateBody: string): Promise<string> {
  await client.send(new UpdateStackCommand({ StackName, TemplateBody }));
  return settledStatus(client, StackName);
}

async function describe(StackName: string): Promise<Stack> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  assert.ok(Stacks[0], `stack ${StackName} exists`);
  return Stacks[0];
}

async function childOf(StackName: string): Promise<Stack> {
  const { StackResources = [] } = await client.send(
    new DescribeStackResourcesCommand({ StackName, LogicalResourceId: "Child" }),
  );
  return describe(StackResources[0]?.PhysicalResourceId ?? "");
}

async function valueOf(Name: string): Promise<string | undefined> {
  return (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value;
}

async function reasons(StackName: string): Promise<string> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.map((event) => event.ResourceStatusReason ?? "").join("\n");
}

test("a nested stack takes parameters, gives outputs, and knows where it belongs", async () => {
  const child = childTemplate("/one/copy");
  assert.equal(
    await create("one", await parentTemplate({ child, words: "hi", name: "/one" })),
    "CREATE_COMPLETE",
  );
  assert.equal(await valueOf("/one/copy"), "hi");
  assert.equal(await valueOf("/one/result"), "hihi");
  const parent = await describe("one");
  const nested = await childOf("one");
  assert.equal(nested.StackStatus, "CREATE_COMPLETE");
  assert.match(nested.StackName ?? "", /^one-Child-[A-Za-z0-9]{12}$/);
  assert.deepEqual([nested.ParentId, nested.RootId], [parent.StackId, parent.StackId]);
  assert.equal(parent.Outputs?.[0]?.OutputValue, nested.StackId);
});

test("an update goes into the nested stack and its outputs come out; deletion takes it along", async () => {
  const child = childTemplate("/two/copy");
  await create("two", await parentTemplate({ child, words: "old", name: "/two" }));
  const { StackId } = await childOf("two");
  assert.equal(
    await update("two", await parentTemplate({ child, words: "new", name: "/two" })),
    "UPDATE_COMPLETE",
  );
  assert.equal(await valueOf("/two/result"), "newnew");
  assert.equal((await childOf("two")).StackId, StackId);
  const parentId = (await describe("two")).StackId ?? "";
  await client.send(new DeleteStackCommand({ StackName: parentId }));
  assert.equal(await settledStatus(client, parentId), "DELETE_COMPLETE");
  assert.equal((await describe(StackId ?? "")).StackStatus, "DELETE_COMPLETE");
  await assert.rejects(valueOf("/two/copy"), { name: "ParameterNotFound" });
});

test("a nested stack that cannot be made fails its parent with the reason, and both are undone", async () => {
  const child = childTemplate("/three/copy", { Broken: broken });
  const status = await create("three", await parentTemplate({ child, words: "x", name: "/three" }));
  assert.equal(status, "ROLLBACK_COMPLETE");
  assert.match(await reasons("three"), /Embedded stack .* was not successfully created.*Broken: /);
  await assert.rejects(valueOf("/three/copy"), { name: "ParameterNotFound" });
});

test("what a nested stack asks for that is not offered is named", async () => {
  const child = childTemplate("/four/copy", { Queue: { Type: "AWS::SQS::Queue" } });
  await create("four", await parentTemplate({ child, words: "x", name: "/four" }));
  assert.match(await reasons("four"), /Unrecognized resource types: \[AWS::SQS::Queue\]/);
});

test("when the parent's update fails later, the nested stack goes back too", async () => {
  const child = childTemplate("/five/copy");
  await create("five", await parentTemplate({ child, words: "old", name: "/five" }));
  const after = { Broken: { ...broken, DependsOn: "Child" } };
  const status = await update("five", await parentTemplate({ child, words: "new", name: "/five", after }));
  assert.equal(status, "UPDATE_ROLLBACK_COMPLETE");
  assert.equal(await valueOf("/five/copy"), "old");
  assert.equal(await valueOf("/five/result"), "oldold");
  assert.equal((await childOf("five")).StackStatus, "UPDATE_COMPLETE");
});

test("parameters and outputs that do not fit are named", async () => {
  const child = { ...childTemplate("/six/copy"), Parameters: { Other: { Type: "String" } } };
  await create("six", await parentTemplate({ child, words: "x", name: "/six" }));
  assert.match(await reasons("six"), /Parameters: \[Words\] do not exist in the template/);
  const silent = { ...childTemplate("/seven/copy"), Outputs: {} };
  await create("seven", await parentTemplate({ child: silent, words: "x", name: "/seven" }));
  assert.match(await reasons("seven"), /Child does not support attribute type Outputs\.Doubled/);
});
