/** What becomes of asynchronous invocations: retries, and the functions that hear how they ended. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
} from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateFunctionCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionEventInvokeConfigsCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";
import { trustsLambda, zipOf } from "./lambda-support.ts";

let local: StartedCloud;
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;
let role: string;
let mute: string;
before(async () => {
  local = await startCloud();
  lambda = new LambdaClient(local.client);
  logs = new CloudWatchLogsClient(local.client);
  const iam = new IAMClient(local.client);
  const AssumeRolePolicyDocument = JSON.stringify(trustsLambda);
  const create = async (RoleName: string): Promise<string> => {
    const created = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    return created.Role?.Arn ?? "";
  };
  role = await create("functions");
  mute = await create("mute");
  const Statement = [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(
    new PutRolePolicyCommand({ RoleName: "functions", PolicyName: "tells-destinations", PolicyDocument }),
  );
  iam.destroy();
});
after(async () => {
  lambda.destroy();
  logs.destroy();
  await local.close();
});

/** @returns the function's ARN */
async function deploy(FunctionName: string, source: string, Role = role): Promise<string> {
  const Code = { ZipFile: zipOf(source) };
  const common = { Role, Runtime: "nodejs22.x", Handler: "index.handler" } as const;
  const { FunctionArn } = await lambda.send(new CreateFunctionCommand({ ...common, FunctionName, Code }));
  return FunctionArn ?? "";
}

/** @returns what follows these words where a function first logs them; a machine that takes longer than a minute is not working */
async function logged(functionName: string, words: string): Promise<string> {
  const deadlineMs = Date.now() + 60_000;
  while (Date.now() < deadlineMs) {
    const logGroupName = `/aws/lambda/${functionName}`;
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName })).catch(() => ({ events: [] }));
    const line = (page.events ?? []).find(({ message }) => message?.includes(words))?.message;
    if (line !== undefined) return line.slice(line.indexOf(words) + words.length);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${functionName} did not log ${words}`);
}

async function heard(functionName: string): Promise<Record<string, unknown>> {
  return JSON.parse(await logged(functionName, "heard ")) as Record<string, unknown>;
}

const listener = `exports.handler = async (event) => { console.log("heard " + JSON.stringify(event)); };`;

test("a function that fails is not tried again where its settings say so, and its destination hears of it", async () => {
  const Destination = await deploy("failures", listener);
  const FunctionName = "failing";
  const arn = await deploy(FunctionName, `exports.handler = async () => { throw new TypeError("no"); };`);
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination } },
    }),
  );
  await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: `{"a":1}` }));
  const record = await heard("failures");
  const { requestId: _id, ...context } = record["requestContext"] as Record<string, unknown>;
  assert.deepEqual(context, {
    functionArn: `${arn}:$LATEST`,
    condition: "RetriesExhausted",
    approximateInvokeCount: 1,
  });
  assert.deepEqual(record["requestPayload"], { a: 1 });
  assert.equal((record["responsePayload"] as { errorType: string }).errorType, "TypeError");
  assert.deepEqual(record["responseContext"], {
    statusCode: 200,
    executedVersion: "$LATEST",
    functionError: "Unhandled",
  });
});

test("the destination of success hears what the function returned", async () => {
  const Destination = await deploy("successes", listener);
  const FunctionName = "succeeding";
  await deploy(FunctionName, `exports.handler = async () => ({ sum: 3 });`);
  const DestinationConfig = { OnSuccess: { Destination } };
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
  await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event" }));
  const record = await heard("successes");
  assert.equal((record["requestContext"] as { condition: string }).condition, "Success");
  assert.deepEqual(record["responsePayload"], { sum: 3 });
});

test("a destination hears nothing from a function whose role may not invoke it", async () => {
  const Destination = await deploy("guarded", listener);
  const DestinationConfig = { OnSuccess: { Destination } };
  for (const [FunctionName, Role] of [
    ["refused", mute],
    ["allowed", role],
  ] as const) {
    await deploy(FunctionName, `exports.handler = async () => "${FunctionName}";`, Role);
    await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
  }
  await lambda.send(new InvokeCommand({ FunctionName: "refused", InvocationType: "Event" }));
  // What a function has answered stands in its log before its destination is told.
  await logged("refused", "REPORT ");
  await lambda.send(new InvokeCommand({ FunctionName: "allowed", InvocationType: "Event" }));
  assert.equal((await heard("guarded"))["responsePayload"], "allowed");
});

test("settings are changed one by one, listed, bounded and taken away", async () => {
  const FunctionName = "settled";
  await deploy(FunctionName, listener);
  const get = new GetFunctionEventInvokeConfigCommand({ FunctionName });
  await assert.rejects(lambda.send(get), { name: "ResourceNotFoundException", message: /doesn't have/ });
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 1 }));
  await lambda.send(
    new UpdateFunctionEventInvokeConfigCommand({ FunctionName, MaximumEventAgeInSeconds: 60 }),
  );
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, LastModified } = await lambda.send(get);
  assert.deepEqual([MaximumRetryAttempts, MaximumEventAgeInSeconds], [1, 60]);
  assert.ok(LastModified instanceof Date && Math.abs(LastModified.getTime() - Date.now()) < 3_600_000);
  const list = await lambda.send(new ListFunctionEventInvokeConfigsCommand({ FunctionName }));
  assert.match(list.FunctionEventInvokeConfigs?.[0]?.FunctionArn ?? "", /:settled:\$LATEST$/);
  for (const refused of [
    { MaximumRetryAttempts: 3 },
    { MaximumEventAgeInSeconds: 59 },
    { DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:123456789012:dead" } } },
  ]) {
    const put = new PutFunctionEventInvokeConfigCommand({ FunctionName, ...refused });
    await assert.rejects(lambda.send(put), { name: "InvalidParameterValueException" });
  }
  await lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
  await assert.rejects(lambda.send(get), { name: "ResourceNotFoundException" });
});

test("a stack does not take over settings that were made past it", async () => {
  const FunctionName = "owned";
  await deploy(FunctionName, listener);
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 1 }));
  const Properties = { FunctionName, Qualifier: "$LATEST", MaximumRetryAttempts: 0 };
  const TemplateBody = JSON.stringify({
    Resources: { Settings: { Type: "AWS::Lambda::EventInvokeConfig", Properties } },
  });
  const stacks = new CloudFormationClient(local.client);
  const deployed = async (StackName: string): Promise<string> => {
    await stacks.send(new CreateStackCommand({ StackName, TemplateBody }));
    return await settledStatus(stacks, StackName);
  };
  assert.equal(await deployed("late"), "ROLLBACK_COMPLETE");
  const { StackEvents = [] } = await stacks.send(new DescribeStackEventsCommand({ StackName: "late" }));
  const reasons = StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason ?? "");
  assert.ok(
    reasons.some((reason) => reason.includes("'owned|$LATEST' already exists")),
    reasons.join("\n"),
  );
  const get = new GetFunctionEventInvokeConfigCommand({ FunctionName });
  assert.equal((await lambda.send(get)).MaximumRetryAttempts, 1);

  await lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
  assert.equal(await deployed("in-time"), "CREATE_COMPLETE");
  assert.equal((await lambda.send(get)).MaximumRetryAttempts, 0);
  stacks.destroy();
});
