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
import { DetachRolePolicyCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  GetFunctionCommand,
  LambdaClient,
  TagResourceCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";
import { trustsLambda } from "./lambda-support.ts";

const StackName = "drifting";

function policy(Action: string) {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] };
}

const template = {
  Resources: {
    Role: {
      Type: "AWS::IAM::Role",
      Properties: {
        RoleName: "drifting",
        AssumeRolePolicyDocument: trustsLambda,
        ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
        Policies: [{ PolicyName: "inline", PolicyDocument: policy("s3:ListBucket") }],
      },
    },
    Policy: {
      Type: "AWS::IAM::Policy",
      Properties: {
        PolicyName: "reads",
        Roles: [{ Ref: "Role" }],
        PolicyDocument: policy("s3:GetObject"),
      },
    },
    Permission: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        FunctionName: { Ref: "Function" },
        Action: "lambda:InvokeFunction",
        Principal: "events.amazonaws.com",
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
        Tags: [
          { Key: "stage", Value: "test" },
          { Key: "team", Value: "books" },
        ],
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
  const Tags = [{ Key: "cost-centre", Value: "7" }];
  const Capabilities = ["CAPABILITY_NAMED_IAM" as const];
  await client.send(new CreateStackCommand({ StackName, TemplateBody, Tags, Capabilities }));
  assert.equal(await settledStatus(client, StackName), "CREATE_COMPLETE");
});
after(async () => {
  client.destroy();
  await local.close();
});

/** Of a resource: how, where, from what, to what. */
async function differencesOf(LogicalResourceId: string) {
  const { StackResourceDrift } = await client.send(
    new DetectStackResourceDriftCommand({ StackName, LogicalResourceId }),
  );
  return (StackResourceDrift?.PropertyDifferences ?? [])
    .map((difference) => [
      difference.DifferenceType,
      difference.PropertyPath,
      difference.ExpectedValue,
      difference.ActualValue,
    ])
    .sort();
}

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
      ["Permission", "NOT_CHECKED"],
      ["Policy", "IN_SYNC"],
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
  assert.deepEqual(await differencesOf("Function"), [
    ["ADD", "/Environment/Variables/GIVEN", "null", "3"],
    ["NOT_EQUAL", "/MemorySize", "256", "512"],
    ["REMOVE", "/Environment/Variables/TAKEN", "2", "null"],
  ]);
});

test("tags and policies that were changed past the stack are told; the stack's own tags are not", async () => {
  const lambda = new LambdaClient(local.client);
  const iam = new IAMClient(local.client);
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: "drifting" }));
  const Resource = Configuration?.FunctionArn;
  const RoleName = "drifting";
  await lambda.send(new TagResourceCommand({ Resource, Tags: { team: "sales", extra: "1" } }));
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: "inline",
      PolicyDocument: JSON.stringify(policy("s3:*")),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: "reads",
      PolicyDocument: JSON.stringify(policy("s3:*")),
    }),
  );
  const [PolicyArn = ""] = template.Resources.Role.Properties.ManagedPolicyArns;
  await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  for (const each of [lambda, iam]) each.destroy();

  const ofFunction = await differencesOf("Function");
  assert.deepEqual(
    ofFunction.filter(([, path]) => path?.startsWith("/Tags")),
    [["NOT_EQUAL", "/Tags/1/Value", "books", "sales"]],
  );
  assert.deepEqual(await differencesOf("Role"), [
    ["NOT_EQUAL", "/Policies/0/PolicyDocument/Statement/0/Action", "s3:ListBucket", "s3:*"],
    ["REMOVE", "/ManagedPolicyArns/0", PolicyArn, "null"],
  ]);
  assert.deepEqual(await differencesOf("Policy"), [
    ["NOT_EQUAL", "/PolicyDocument/Statement/0/Action", "s3:GetObject", "s3:*"],
  ]);
});
