/** Custom resources behind functions whose code stands in the template: their whole life, and each way to fail. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from "@aws-sdk/client-cloudformation";
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-cloudwatch-logs";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let client: CloudFormationClient;
let logs: CloudWatchLogsClient;
before(async () => {
  local = await startCloud();
  client = new CloudFormationClient(local.client);
  logs = new CloudWatchLogsClient(local.client);
});
after(async () => {
  client.destroy();
  logs.destroy();
  await local.close();
});

/**
 * Does what the property `Do` says, and logs each request as one line of JSON. `PhysicalResourceId` is the property
 * `Name`, so that another name is a replacement.
 */
const provider = `
  const response = require("cfn-response");
  exports.handler = async (event, context) => {
    const { ResponseURL, ...shown } = event;
    console.log("request " + JSON.stringify(shown));
    const { Do, Name, FailOn } = event.ResourceProperties;
    const id = event.RequestType === "Delete" ? event.PhysicalResourceId : Name;
    if (Do === "throw" && event.RequestType !== "Delete") throw new Error("it went wrong");
    if (Do === "silence" && event.RequestType !== "Delete") return;
    const status = FailOn === event.RequestType ? response.FAILED : response.SUCCESS;
    await response.send(event, context, status, { Greeting: "hello " + Name, Nested: { Deep: "yes" } }, id);
  };`;

interface Request {
  readonly RequestType: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly ResourceProperties: Record<string, unknown>;
  readonly OldResourceProperties?: Record<string, unknown>;
}

function template(stack: string, properties: object, more: object = {}): string {
  return JSON.stringify({
    Resources: {
      Role: {
        Type: "AWS::IAM::Role",
        Properties: {
          AssumeRolePolicyDocument: {
            Version: "2012-10-17",
            Statement: [
              { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
            ],
          },
        },
      },
      Provider: {
        Type: "AWS::Lambda::Function",
        Properties: {
          FunctionName: `${stack}-provider`,
          Runtime: "nodejs22.x",
          Handler: "index.handler",
          Role: { "Fn::GetAtt": ["Role", "Arn"] },
          Code: { ZipFile: provider },
        },
      },
      Thing: {
        Type: "Custom::Thing",
        Properties: { ServiceToken: { "Fn::GetAtt": ["Provider", "Arn"] }, ...properties },
      },
      ...more,
    },
    Outputs: {
      Id: { Value: { Ref: "Thing" } },
      Greeting: { Value: { "Fn::GetAtt": ["Thing", "Greeting"] } },
      Deep: { Value: { "Fn::GetAtt": ["Thing", "Nested.Deep"] } },
    },
  });
}

const Capabilities = ["CAPABILITY_IAM" as const];

async function create(StackName: string, properties: object, more: object = {}): Promise<string> {
  await client.send(
    new CreateStackCommand({ StackName, TemplateBody: template(StackName, properties, more), Capabilities }),
  );
  return settledStatus(client, StackName);
}

async function update(StackName: string, properties: object, more: object = {}): Promise<string> {
  await client.send(
    new UpdateStackCommand({ StackName, TemplateBody: template(StackName, properties, more), Capabilities }),
  );
  return settledStatus(client, StackName);
}

async function outputsOf(StackName: string): Promise<Record<string, string>> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map((output) => [output.OutputKey ?? "", output.OutputValue ?? ""]),
  );
}

async function requestsSoFar(stack: string): Promise<readonly Request[]> {
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${stack}-provider`, filterPattern: "request" }),
  );
  return events.flatMap(({ message = "" }) => {
    const found = /request (\{.*\})/.exec(message)?.[1];
    return found === undefined ? [] : [JSON.parse(found) as Request];
  });
}

/** A log is readable a moment after it was written; a request that is not there by then was never made. */
const logMsMax = 30_000;

async function requestsTo(stack: string, count: number): Promise<readonly Request[]> {
  const deadlineMs = Date.now() + logMsMax;
  for (;;) {
    const requests = await requestsSoFar(stack).catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return [];
      throw error;
    });
    if (requests.length >= count || Date.now() > deadlineMs) return requests;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** `Create`, `Update thing-1`: what was asked, with the physical id. */
async function askedOf(stack: string, count: number): Promise<readonly string[]> {
  return (await requestsTo(stack, count)).map(({ RequestType, PhysicalResourceId }) =>
    [RequestType, PhysicalResourceId].filter((part) => part !== undefined).join(" "),
  );
}

async function reasons(StackName: string): Promise<string> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.map((event) => event.ResourceStatusReason ?? "").join("\n");
}

/** A resource that cannot be made, once the custom one is there. */
const broken = {
  Broken: {
    Type: "AWS::Lambda::Function",
    DependsOn: "Thing",
    Properties: {
      Runtime: "python3.13",
      Handler: "index.handler",
      Role: { "Fn::GetAtt": ["Role", "Arn"] },
      Code: { ZipFile: "x" },
    },
  },
};

test("a custom resource is made, changed in place and deleted by its function", async () => {
  assert.equal(
    await create("life", { Name: "one", Count: 3, Flag: true, List: [1, "b"] }),
    "CREATE_COMPLETE",
  );
  assert.deepEqual(await outputsOf("life"), { Id: "one", Greeting: "hello one", Deep: "yes" });
  assert.equal(await update("life", { Name: "one", Count: 4 }), "UPDATE_COMPLETE");
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: "life" }));
  const StackName = Stacks[0]?.StackId ?? "";
  await client.send(new DeleteStackCommand({ StackName }));
  assert.equal(await settledStatus(client, StackName), "DELETE_COMPLETE");

  const [made, changed, removed] = await requestsTo("life", 3);
  assert.equal(made?.RequestType, "Create");
  assert.equal(made.ResourceType, "Custom::Thing");
  assert.equal(made.PhysicalResourceId, undefined);
  const { ServiceToken, ...given } = made.ResourceProperties;
  assert.match(String(ServiceToken), /^arn:aws:lambda:.*:function:life-provider$/);
  // CloudFormation hands every scalar over as a text.
  assert.deepEqual(given, { Name: "one", Count: "3", Flag: "true", List: ["1", "b"] });
  assert.equal(changed?.RequestType, "Update");
  assert.equal(changed.PhysicalResourceId, "one");
  assert.equal(changed.OldResourceProperties?.["Count"], "3");
  assert.equal(changed.ResourceProperties["Count"], "4");
  assert.equal(removed?.RequestType, "Delete");
  assert.equal(removed.PhysicalResourceId, "one");
});

test("a new physical id is a replacement: the old one is deleted once the update has succeeded", async () => {
  await create("replaced", { Name: "one" });
  assert.equal(await update("replaced", { Name: "two" }), "UPDATE_COMPLETE");
  assert.equal((await outputsOf("replaced"))["Id"], "two");
  assert.deepEqual(await askedOf("replaced", 3), ["Create", "Update one", "Delete one"]);
});

test("when the update fails after a replacement, the new one is deleted and the old one stays", async () => {
  await create("kept", { Name: "one" });
  assert.equal(await update("kept", { Name: "two" }, broken), "UPDATE_ROLLBACK_COMPLETE");
  assert.equal((await outputsOf("kept"))["Id"], "one");
  assert.deepEqual(await askedOf("kept", 3), ["Create", "Update one", "Delete two"]);
});

test("when the update fails after a change in place, the function is asked to change it back", async () => {
  await create("back", { Name: "one", Count: 1 });
  assert.equal(await update("back", { Name: "one", Count: 2 }, broken), "UPDATE_ROLLBACK_COMPLETE");
  const counts = (await requestsTo("back", 3)).map(({ ResourceProperties }) => ResourceProperties["Count"]);
  assert.deepEqual(counts, ["1", "2", "1"]);
});

test("a creation that answers FAILED is rolled back, and what it may have left is deleted", async () => {
  assert.equal(await create("refused", { Name: "one", FailOn: "Create" }), "ROLLBACK_COMPLETE");
  assert.match(
    await reasons("refused"),
    /Received response status \[FAILED\] from custom resource.*Log Stream/,
  );
  assert.deepEqual(await askedOf("refused", 2), ["Create", "Delete one"]);
});

test("a function that fails without an answer is tried three times; its error is the reason", async () => {
  assert.equal(await create("thrown", { Name: "one", Do: "throw" }), "ROLLBACK_COMPLETE");
  assert.match(await reasons("thrown"), /thrown-provider failed without an answer: Error: it went wrong/);
  const asked = await askedOf("thrown", 4);
  assert.deepEqual(asked.slice(0, 3), ["Create", "Create", "Create"]);
  assert.match(asked[3] ?? "", /^Delete thrown-Thing-/);
});

test("a function that returns without an answer is waited for until its timeout, and the events say so", async () => {
  assert.equal(
    await create("silent", { Name: "one", Do: "silence", ServiceTimeout: 1 }),
    "ROLLBACK_COMPLETE",
  );
  const told = await reasons("silent");
  assert.match(told, /returned without an answer; waiting for one/);
  assert.match(told, /did not receive a response from your Custom Resource within 1 seconds/);
});

test("what CloudFormation would not take is refused before anything is made", async () => {
  for (const [properties, message] of [
    [{ ServiceToken: "arn:aws:sns:us-east-1:123456789012:topic" }, /SNS topics are not offered/],
    [{ ServiceTimeout: 3_601 }, /ServiceTimeout: 3601 is not a whole number from 1 to 3600/],
  ] as const) {
    await assert.rejects(create("never", properties), { message });
  }
  await assert.rejects(settledStatus(client, "never"), { message: /does not exist/ });
});

test("an attribute that the answer does not have fails the stack by its name", async () => {
  const more = {
    Reader: {
      Type: "AWS::SSM::Parameter",
      Properties: { Type: "String", Value: { "Fn::GetAtt": ["Thing", "Missing"] } },
    },
  };
  assert.equal(await create("attribute", { Name: "one" }, more), "ROLLBACK_COMPLETE");
  assert.match(await reasons("attribute"), /Thing does not support attribute type Missing/);
});
