/**
 * CloudFormation acts in somebody's name: with everything but one of the permissions that a resource needs, that resource is
 * refused and the stack is not made.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  UpdateStackCommand,
} from "@aws-sdk/client-cloudformation";
import * as iam from "@aws-sdk/client-iam";
import * as lambda from "@aws-sdk/client-lambda";
import * as s3 from "@aws-sdk/client-s3";

import { resourcePermissions } from "../src/permissions/index.ts";
import { region, settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let administrator: CloudFormationClient;
let walker: CloudFormationClient;
let account: string;
let stacks = 0;

const trust = (Service: string): object => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
});

before(async () => {
  local = await startCloud();
  account = local.identities.account;
  administrator = new CloudFormationClient(local.client);
  const arn = `arn:aws:iam::${account}:role/walker`;
  local.identities.putRole({
    name: "walker",
    arn,
    assumeRolePolicy: {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" },
        { Effect: "Allow", Principal: { Service: "cloudformation.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    },
  });
  const { accessKeyId, secretAccessKey, sessionToken } = local.identities.assumeRole({
    roleArn: arn,
    sessionName: "walk",
    callerArn: local.identities.administrator.callerArn,
  });
  assert.ok(sessionToken !== undefined);
  walker = new CloudFormationClient(local.clientOf({ accessKeyId, secretAccessKey, sessionToken }));
  const roles = new iam.IAMClient(local.client);
  await roles.send(
    new iam.CreateRoleCommand({
      RoleName: "runs",
      AssumeRolePolicyDocument: JSON.stringify(trust("lambda.amazonaws.com")),
    }),
  );
  const code = await import("fflate").then(({ zipSync, strToU8 }) =>
    zipSync({ "index.js": strToU8("exports.handler = async () => ({});") }),
  );
  await new lambda.LambdaClient(local.client).send(
    new lambda.CreateFunctionCommand({
      FunctionName: "there",
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role: `arn:aws:iam::${account}:role/runs`,
      Code: { ZipFile: code },
    }),
  );
  const store = new s3.S3Client(local.client);
  await store.send(new s3.CreateBucketCommand({ Bucket: "there" }));
  const inner = JSON.stringify({
    Resources: { Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" } },
  });
  await store.send(new s3.PutObjectCommand({ Bucket: "there", Key: "inner.json", Body: inner }));
});
after(() => local.close());

type Statements = readonly (readonly [action: string, resource: string])[];

function mayDo(needs: Statements): void {
  const all = [["cloudformation:*", "*"], ["s3:GetObject", "arn:aws:s3:::there/*"], ...needs];
  local.identities.putRolePolicy("walker", "walk", {
    Version: "2012-10-17",
    Statement: all.map(([Action, Resource]) => ({ Effect: "Allow", Action, Resource })),
  });
}

/** @returns the stack's name and status, and why its resources failed */
async function create(
  resources: object,
  RoleARN?: string,
): Promise<{ name: string; status: string; reasons: string }> {
  stacks += 1;
  const name = `walk-${stacks}`;
  await (RoleARN === undefined ? walker : administrator).send(
    new CreateStackCommand({
      StackName: name,
      TemplateBody: JSON.stringify({ Resources: resources }),
      Capabilities: ["CAPABILITY_NAMED_IAM"],
      ...(RoleARN === undefined ? {} : { RoleARN }),
    }),
  );
  return { name, status: await settledStatus(administrator, name), reasons: await reasonsOf(name) };
}

async function reasonsOf(name: string): Promise<string> {
  const { StackEvents = [] } = await administrator.send(new DescribeStackEventsCommand({ StackName: name }));
  return StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason ?? "").join("\n");
}

async function remove(name: string): Promise<void> {
  await administrator.send(new DeleteStackCommand({ StackName: name }));
  await settledStatus(administrator, name).catch(() => "gone");
}

interface Walk {
  readonly properties: object;
  readonly needs: Statements;
  readonly toDelete: Statements;
}

const role = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
const fn = (name: string): string => `arn:aws:lambda:${region}:${account}:function:${name}`;
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const document = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
};

function walks(): Readonly<Record<string, Walk>> {
  const same = (...one: [action: string, resource: string]): Statements => [one];
  return {
    "AWS::ApiGatewayV2::Api": {
      properties: { Name: "walked", ProtocolType: "HTTP" },
      needs: same("apigateway:POST", `arn:aws:apigateway:${region}::/apis`),
      toDelete: same("apigateway:DELETE", `arn:aws:apigateway:${region}::/apis/*`),
    },
    "AWS::DSQL::Cluster": {
      properties: { DeletionProtectionEnabled: false },
      needs: same("dsql:CreateCluster", `arn:aws:dsql:${region}:${account}:cluster/*`),
      toDelete: same("dsql:DeleteCluster", `arn:aws:dsql:${region}:${account}:cluster/*`),
    },
    "AWS::ECR::Repository": {
      properties: { RepositoryName: "walked" },
      needs: same("ecr:CreateRepository", `arn:aws:ecr:${region}:${account}:repository/walked`),
      toDelete: same("ecr:DeleteRepository", `arn:aws:ecr:${region}:${account}:repository/walked`),
    },
    "AWS::IAM::ManagedPolicy": {
      properties: { ManagedPolicyName: "walked", PolicyDocument: document, Roles: ["runs"] },
      needs: [
        ["iam:CreatePolicy", `arn:aws:iam::${account}:policy/walked`],
        ["iam:AttachRolePolicy", role("runs")],
      ],
      toDelete: [
        ["iam:DeletePolicy", `arn:aws:iam::${account}:policy/walked`],
        ["iam:DetachRolePolicy", role("runs")],
      ],
    },
    "AWS::IAM::Policy": {
      properties: { PolicyName: "walked", PolicyDocument: document, Roles: ["runs"] },
      needs: same("iam:PutRolePolicy", role("runs")),
      toDelete: same("iam:DeleteRolePolicy", role("runs")),
    },
    "AWS::IAM::Role": {
      properties: {
        RoleName: "walked",
        AssumeRolePolicyDocument: trust("lambda.amazonaws.com"),
        ManagedPolicyArns: [readOnly],
        Policies: [{ PolicyName: "inline", PolicyDocument: document }],
      },
      needs: [
        ["iam:CreateRole", role("walked")],
        ["iam:PutRolePolicy", role("walked")],
        ["iam:AttachRolePolicy", role("walked")],
      ],
      toDelete: [
        ["iam:DeleteRole", role("walked")],
        ["iam:DeleteRolePolicy", role("walked")],
        ["iam:DetachRolePolicy", role("walked")],
      ],
    },
    "AWS::Lambda::Alias": {
      properties: { FunctionName: "there", FunctionVersion: "$LATEST", Name: "walked" },
      needs: same("lambda:CreateAlias", fn("there")),
      toDelete: same("lambda:DeleteAlias", fn("there")),
    },
    "AWS::Lambda::EventInvokeConfig": {
      properties: { FunctionName: "there", Qualifier: "$LATEST", MaximumRetryAttempts: 0 },
      needs: same("lambda:PutFunctionEventInvokeConfig", fn("there")),
      toDelete: same("lambda:DeleteFunctionEventInvokeConfig", fn("there")),
    },
    "AWS::Lambda::Function": {
      properties: {
        FunctionName: "walked",
        Runtime: "nodejs20.x",
        Handler: "index.handler",
        Role: role("runs"),
        Code: { ZipFile: "exports.handler = async () => ({});" },
      },
      needs: [
        ["lambda:CreateFunction", fn("walked")],
        ["iam:PassRole", role("runs")],
      ],
      toDelete: same("lambda:DeleteFunction", fn("walked")),
    },
    "AWS::Lambda::Permission": {
      properties: { FunctionName: "there", Action: "lambda:InvokeFunction", Principal: account },
      needs: same("lambda:AddPermission", fn("there")),
      toDelete: same("lambda:RemovePermission", fn("there")),
    },
    "AWS::Lambda::Url": {
      properties: { TargetFunctionArn: fn("there"), AuthType: "AWS_IAM" },
      needs: same("lambda:CreateFunctionUrlConfig", fn("there")),
      toDelete: same("lambda:DeleteFunctionUrlConfig", fn("there")),
    },
    "AWS::Lambda::Version": {
      properties: { FunctionName: "there" },
      needs: same("lambda:PublishVersion", fn("there")),
      toDelete: same("lambda:DeleteFunction", fn("there")),
    },
    "AWS::Logs::LogGroup": {
      properties: { LogGroupName: "walked" },
      needs: same("logs:CreateLogGroup", `arn:aws:logs:${region}:${account}:log-group:walked`),
      toDelete: same("logs:DeleteLogGroup", `arn:aws:logs:${region}:${account}:log-group:walked`),
    },
    "AWS::S3::Bucket": {
      properties: { BucketName: "walked", VersioningConfiguration: { Status: "Enabled" } },
      needs: [
        ["s3:CreateBucket", "arn:aws:s3:::walked"],
        ["s3:PutBucketVersioning", "arn:aws:s3:::walked"],
      ],
      toDelete: same("s3:DeleteBucket", "arn:aws:s3:::walked"),
    },
    "AWS::S3::BucketPolicy": {
      properties: {
        Bucket: "there",
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::there/*" },
          ],
        },
      },
      needs: same("s3:PutBucketPolicy", "arn:aws:s3:::there"),
      toDelete: same("s3:DeleteBucketPolicy", "arn:aws:s3:::there"),
    },
    "AWS::SSM::Parameter": {
      properties: { Name: "/walked", Type: "String", Value: "1" },
      needs: same("ssm:PutParameter", `arn:aws:ssm:${region}:${account}:parameter/walked`),
      toDelete: same("ssm:DeleteParameter", `arn:aws:ssm:${region}:${account}:parameter/walked`),
    },
  };
}

test("each type of resource, made and removed with everything but one permission", async (t) => {
  for (const [Type, { properties, needs, toDelete }] of Object.entries(walks())) {
    await t.test(Type, async () => {
      const resources = { Walked: { Type, Properties: properties } };
      for (const lacked of needs) {
        mayDo(needs.filter((one) => one !== lacked));
        const { status, reasons } = await create(resources);
        assert.equal(status, "ROLLBACK_COMPLETE", `${lacked[0]} is lacked`);
        assert.ok(reasons.includes(`is not authorized to perform: ${lacked[0]} on resource`), reasons);
      }
      mayDo(needs);
      const { name, status, reasons } = await create(resources);
      assert.equal(status, "CREATE_COMPLETE", reasons);
      for (const lacked of toDelete) {
        mayDo(toDelete.filter((one) => one !== lacked));
        await walker.send(new DeleteStackCommand({ StackName: name }));
        assert.equal(await settledStatus(administrator, name), "DELETE_FAILED", `${lacked[0]} is lacked`);
      }
      await remove(name);
    });
  }
});

test("types that the walk does not make ask for what stands in the table", () => {
  const about = { account, region };
  const needs = (type: string, properties: Record<string, unknown>): readonly string[] =>
    (resourcePermissions[type]?.("update", { physicalId: "id", properties }, about) ?? []).map(
      ({ action, resource }) => `${action} ${resource}`,
    );
  const others: Record<string, readonly string[]> = {
    "AWS::ApiGatewayV2::Integration": needs("AWS::ApiGatewayV2::Integration", {}),
    "AWS::ApiGatewayV2::Route": needs("AWS::ApiGatewayV2::Route", {}),
    "AWS::ApiGatewayV2::Stage": needs("AWS::ApiGatewayV2::Stage", {}),
    "AWS::CDK::Metadata": needs("AWS::CDK::Metadata", {}),
    "AWS::CloudFormation::CustomResource": needs("AWS::CloudFormation::CustomResource", {
      ServiceToken: fn("there"),
    }),
    "AWS::CloudFormation::Stack": needs("AWS::CloudFormation::Stack", {}),
    "AWS::CloudFormation::WaitConditionHandle": needs("AWS::CloudFormation::WaitConditionHandle", {}),
  };
  assert.deepEqual(others, {
    "AWS::ApiGatewayV2::Integration": [
      `apigateway:PATCH arn:aws:apigateway:${region}::/apis/*/integrations/*`,
    ],
    "AWS::ApiGatewayV2::Route": [`apigateway:PATCH arn:aws:apigateway:${region}::/apis/*/routes/*`],
    "AWS::ApiGatewayV2::Stage": [`apigateway:PATCH arn:aws:apigateway:${region}::/apis/*/stages/*`],
    "AWS::CDK::Metadata": [],
    "AWS::CloudFormation::CustomResource": [`lambda:InvokeFunction ${fn("there")}`],
    "AWS::CloudFormation::Stack": ["cloudformation:UpdateStack id"],
    "AWS::CloudFormation::WaitConditionHandle": [],
  });
  const all = [...Object.keys(walks()), ...Object.keys(others)].sort();
  assert.deepEqual(all, Object.keys(resourcePermissions).sort());
});

const takeover = {
  Mine: {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: "mine",
      AssumeRolePolicyDocument: trust("lambda.amazonaws.com"),
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
    },
  },
};

test("who may do nothing but deploy makes no administrator, neither in a stack nor in one within it", async () => {
  mayDo([]);
  assert.equal((await create(takeover)).status, "ROLLBACK_COMPLETE");
  const store = new s3.S3Client(local.client);
  const Body = JSON.stringify({ Resources: takeover });
  await store.send(new s3.PutObjectCommand({ Bucket: "there", Key: "takeover.json", Body }));
  const TemplateURL = `https://there.s3.${region}.amazonaws.com/takeover.json`;
  const nested = { Inner: { Type: "AWS::CloudFormation::Stack", Properties: { TemplateURL } } };
  assert.equal((await create(nested)).status, "ROLLBACK_COMPLETE");
  await assert.rejects(new iam.IAMClient(local.client).send(new iam.GetRoleCommand({ RoleName: "mine" })));
});

test("with a role a stack is made in that role's name, whoever asks, and changed in it as well", async () => {
  mayDo([]);
  const { status, reasons } = await create(takeover, role("walker"));
  assert.equal(status, "ROLLBACK_COMPLETE");
  assert.match(
    reasons,
    /assumed-role\/walker\/AWSCloudFormation is not authorized to perform: iam:CreateRole/,
  );
  const parameter = (Value: string): object => ({
    Set: { Type: "AWS::SSM::Parameter", Properties: { Name: "/kept", Type: "String", Value } },
  });
  mayDo([["ssm:PutParameter", "*"]]);
  const made = await create(parameter("1"), role("walker"));
  assert.equal(made.status, "CREATE_COMPLETE", made.reasons);
  mayDo([]);
  const TemplateBody = JSON.stringify({ Resources: parameter("2") });
  await administrator.send(new UpdateStackCommand({ StackName: made.name, TemplateBody }));
  assert.match(await settledStatus(administrator, made.name), /^UPDATE_ROLLBACK/);
  assert.match(await reasonsOf(made.name), /not authorized to perform: ssm:PutParameter/);
});
