/** Drift detection: what a stack says of its resources, beside what they have become. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackResourceDriftsCommand,
  DetectStackDriftCommand,
  DetectStackResourceDriftCommand,
} from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient, DeleteLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { LambdaClient, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";
import { trustsLambda } from "./lambda-support.ts";

const StackName = "drifting";
const template = {
  Resources: {
    Role: { Type: "AWS::IAM::Role", Properties: { AssumeRolePolicyDocument: trustsLambda } },
    Policy: {
      Type: "AWS::IAM::Policy",
      Properties: {
        PolicyName: "reads",
        Roles: [{ Ref: "Role" }],
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
        },
      },
    },
    Group: { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: "/drifting", RetentionInDays: 7 } },
    Function: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "drifting",
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Role: { "Fn::GetAtt": ["Role", "Arn"] },
        MemorySize: 256,
        Environment: { Variables: { KEPT: "1", TAKEN: "2" } },
        Code: { ZipFile: "exports.handler = async () => 1;" },
      },
    },
  },
};

let local: StartedCloud;
let client: CloudFormationClient;
before(async () => {
  local = await startCloud();
  client = new CloudFormationClient(local.client);
  const TemplateBody = JSON.stringify(template);
  await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ["CAPABILITY_IAM"] }));
  assert.equal(await settledStatus(client, StackName), "CREATE_COMPLETE");
});
after(async () => {
  client.destroy();
  await local.close();
});

async function detect() {
  const { StackDriftDetectionId } = await client.send(new DetectStackDriftCommand({ StackName }));
  const result = await client.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }));
  assert.equal(result.DetectionStatus, "DETECTION_COMPLETE");
  return { status: result.StackDriftStatus, count: result.DriftedStackResourceCount };
}

test("a stack as it was deployed is in sync; types that cannot be told are not checked", async () => {
  await assert.rejects(client.send(new DescribeStackResourceDriftsCommand({ StackName })), /was not run/);
  assert.deepEqual(await detect(), { status: "IN_SYNC", count: 0 });
  const { StackResourceDrifts = [] } = await client.send(
    new DescribeStackResourceDriftsCommand({ StackName }),
  );
  assert.deepEqual(
    StackResourceDrifts.map((drift) => [drift.LogicalResourceId, drift.StackResourceDriftStatus]).sort(),
    [
      ["Function", "IN_SYNC"],
      ["Group", "IN_SYNC"],
      ["Policy", "NOT_CHECKED"],
      ["Role", "IN_SYNC"],
    ],
  );
});

test("what was changed or deleted past the stack is told, property by property", async () => {
  const lambda = new LambdaClient(local.client);
  const logs = new CloudWatchLogsClient(local.client);
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: "drifting",
      MemorySize: 512,
      Environment: { Variables: { KEPT: "1", GIVEN: "3" } },
    }),
  );
  await logs.send(new DeleteLogGroupCommand({ logGroupName: "/drifting" }));
  for (const each of [lambda, logs]) each.destroy();

  assert.deepEqual(await detect(), { status: "DRIFTED", count: 2 });
  const { StackResourceDrifts: [deleted] = [] } = await client.send(
    new DescribeStackResourceDriftsCommand({ StackName, StackResourceDriftStatusFilters: ["DELETED"] }),
  );
  assert.equal(deleted?.LogicalResourceId, "Group");
  const { StackResourceDrift: drift } = await client.send(
    new DetectStackResourceDriftCommand({ StackName, LogicalResourceId: "Function" }),
  );
  const differences = (drift?.PropertyDifferences ?? []).map((difference) => [
    difference.DifferenceType,
    difference.PropertyPath,
    difference.ExpectedValue,
    difference.ActualValue,
  ]);
  assert.deepEqual(differences.sort(), [
    ["ADD", "/Environment/Variables/GIVEN", "null", "3"],
    ["NOT_EQUAL", "/MemorySize", "256", "512"],
    ["REMOVE", "/Environment/Variables/TAKEN", "2", "null"],
  ]);
});
