/**
 * CloudFormation acts in somebody's name: with everything but one of the permissions that a resource needs, that resource is
 * refused and the stack is not made, not changed, not removed.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  type Tag,
  UpdateStackCommand,
} from "@aws-sdk/client-cloudformation";
import * as iam from "@aws-sdk/client-iam";
import * as lambda from "@aws-sdk/client-lambda";
import * as s3 from "@aws-sdk/client-s3";
import * as ssm from "@aws-sdk/client-ssm";
import { strToU8, zipSync } from "fflate";

import { resourcePermissions } from "../src/cloudformation/resource-permissions/index.ts";
import { region, settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let administrator: CloudFormationClient;
let walker: CloudFormationClient;
let account: string;
let apiId: string;
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
  await prepare();
});
after(() => local.close());

/** What resources refer to: roles, one of them under a path, a function, objects, an API. */
async function prepare(): Promise<void> {
  const roles = new iam.IAMClient(local.client);
  const AssumeRolePolicyDocument = JSON.stringify(trust("lambda.amazonaws.com"));
  for (const [RoleName, Path] of [
    ["runs", "/"],
    ["other", "/"],
    ["chief", "/chiefs/"],
  ] as const) {
    await roles.send(new iam.CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument }));
  }
  const code = zipSync({ "index.js": strToU8("exports.handler = async () => ({});") });
  await new lambda.LambdaClient(local.client).send(
    new lambda.CreateFunctionCommand({
      FunctionName: "there",
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role: role("runs"),
      Code: { ZipFile: code },
    }),
  );
  const store = new s3.S3Client(local.client);
  for (const Bucket of ["there", "secrets"]) await store.send(new s3.CreateBucketCommand({ Bucket }));
  await store.send(new s3.PutObjectCommand({ Bucket: "secrets", Key: "code.zip", Body: code }));
  const handle = { Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" } };
  const inner = JSON.stringify({ Resources: handle });
  await store.send(new s3.PutObjectCommand({ Bucket: "secrets", Key: "inner.json", Body: inner }));
  await new ssm.SSMClient(local.client).send(
    new ssm.PutParameterCommand({ Name: "/secret", Type: "String", Value: "hush" }),
  );
  const api = {
    Api: { Type: "AWS::ApiGatewayV2::Api", Properties: { Name: "there", ProtocolType: "HTTP" } },
  };
  await administrator.send(
    new CreateStackCommand({ StackName: "api", TemplateBody: JSON.stringify({ Resources: api }) }),
  );
  assert.equal(await settledStatus(administrator, "api"), "CREATE_COMPLETE");
  const { StackResources } = await administrator.send(
    new DescribeStackResourcesCommand({ StackName: "api" }),
  );
  apiId = StackResources?.[0]?.PhysicalResourceId ?? "";
}

type Needs = readonly (readonly [action: string, resource: string])[];

/** @param denied - beside what is allowed */
function mayDo(needs: Needs, denied: Needs = []): void {
  const statements = (Effect: string, all: Needs): object[] =>
    all.map(([Action, Resource]) => ({ Effect, Action, Resource }));
  local.identities.putRolePolicy("walker", "walk", {
    Version: "2012-10-17",
    Statement: [...statements("Allow", [["cloudformation:*", "*"], ...needs]), ...statements("Deny", denied)],
  });
}

interface Outcome {
  /** Its ARN, by which it is still found when it has been deleted. */
  readonly name: string;
  readonly status: string;
  /** Why its resources failed. */
  readonly reasons: string;
}

interface Asked {
  readonly RoleARN?: string;
  readonly Tags?: Tag[];
  readonly as?: CloudFormationClient;
  readonly Parameters?: object;
}

async function create(
  resources: object,
  { as = walker, Parameters, ...asked }: Asked = {},
): Promise<Outcome> {
  stacks += 1;
  const { StackId: name = "" } = await as.send(
    new CreateStackCommand({
      StackName: `walk-${stacks}`,
      TemplateBody: JSON.stringify({ Parameters, Resources: resources }),
      Capabilities: ["CAPABILITY_NAMED_IAM"],
      ...asked,
    }),
  );
  return { name, status: await settledStatus(administrator, name), reasons: await reasonsOf(name) };
}

async function update(name: string, resources: object, { as = walker, Tags }: Asked = {}): Promise<Outcome> {
  await as.send(
    new UpdateStackCommand({
      StackName: name,
      TemplateBody: JSON.stringify({ Resources: resources }),
      Capabilities: ["CAPABILITY_NAMED_IAM"],
      ...(Tags && { Tags }),
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
  assert.equal(await settledStatus(administrator, name), "DELETE_COMPLETE", await reasonsOf(name));
}

interface Walk {
  readonly type: string;
  readonly properties: object;
  /** To make it. */
  readonly needs: Needs;
  /** What it is changed to, and what that needs. */
  readonly changed?: { readonly properties: object; readonly needs: Needs };
  readonly toDelete: Needs;
}

const role = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
const fn = (name: string): string => `arn:aws:lambda:${region}:${account}:function:${name}`;
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const administration = "arn:aws:iam::aws:policy/AdministratorAccess";
const policyOf = (Action: string, Effect = "Allow"): object => ({
  Version: "2012-10-17",
  Statement: [{ Effect, Action, Resource: "*" }],
});
const document = policyOf("s3:GetObject");
const otherDocument = policyOf("s3:PutObject");
const Tags = [{ Key: "team", Value: "payments" }];
const one = (...need: [action: string, resource: string]): Needs => [need];

/** Several needs of one resource. */
const on = (resource: string, ...actions: readonly string[]): Needs =>
  actions.map((action) => [action, resource]);

function walks(): readonly Walk[] {
  return [...iamWalks(), ...lambdaWalks(), ...storageWalks(), ...apiWalks()];
}

function iamWalks(): readonly Walk[] {
  const policy = `arn:aws:iam::${account}:policy/walked`;
  const walkedRole = { RoleName: "walked", AssumeRolePolicyDocument: trust("lambda.amazonaws.com") };
  return [
    {
      type: "AWS::IAM::ManagedPolicy",
      properties: { ManagedPolicyName: "walked", PolicyDocument: document, Roles: ["runs"] },
      needs: [...on(policy, "iam:CreatePolicy"), ["iam:AttachRolePolicy", role("runs")]],
      changed: {
        properties: { ManagedPolicyName: "walked", PolicyDocument: otherDocument, Roles: ["chief"] },
        needs: [
          ["iam:CreatePolicyVersion", policy],
          ["iam:AttachRolePolicy", role("chiefs/chief")],
          ["iam:DetachRolePolicy", role("runs")],
        ],
      },
      toDelete: [...on(policy, "iam:DeletePolicy"), ["iam:DetachRolePolicy", role("runs")]],
    },
    {
      type: "AWS::IAM::Policy",
      properties: { PolicyName: "walked", PolicyDocument: document, Roles: ["runs", "chief"] },
      needs: [
        ["iam:PutRolePolicy", role("runs")],
        ["iam:PutRolePolicy", role("chiefs/chief")],
      ],
      changed: {
        properties: { PolicyName: "walked", PolicyDocument: document, Roles: ["other", "chief"] },
        needs: [
          ["iam:PutRolePolicy", role("other")],
          ["iam:PutRolePolicy", role("chiefs/chief")],
          ["iam:DeleteRolePolicy", role("runs")],
        ],
      },
      toDelete: [
        ["iam:DeleteRolePolicy", role("runs")],
        ["iam:DeleteRolePolicy", role("chiefs/chief")],
      ],
    },
    {
      type: "AWS::IAM::Role",
      properties: {
        ...walkedRole,
        ManagedPolicyArns: [readOnly],
        Policies: [{ PolicyName: "inline", PolicyDocument: document }],
        Tags,
      },
      needs: on(role("walked"), "iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"),
      changed: {
        properties: {
          RoleName: "walked",
          AssumeRolePolicyDocument: trust("edgelambda.amazonaws.com"),
          MaxSessionDuration: 7_200,
          ManagedPolicyArns: [administration],
          Policies: [{ PolicyName: "another", PolicyDocument: document }],
          Tags,
        },
        needs: on(
          role("walked"),
          ...["iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"],
          ...["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
        ),
      },
      toDelete: on(role("walked"), "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
    },
    {
      // What CloudFormation takes for a list of one is one.
      type: "AWS::IAM::Role",
      properties: { ...walkedRole, Path: "/in/", ManagedPolicyArns: readOnly },
      needs: on(role("in/walked"), "iam:CreateRole", "iam:AttachRolePolicy"),
      toDelete: on(role("in/walked"), "iam:DeleteRole", "iam:DetachRolePolicy"),
    },
    {
      type: "AWS::IAM::Policy",
      properties: { PolicyName: "walked", PolicyDocument: document, Roles: role("chiefs/chief") },
      needs: one("iam:PutRolePolicy", role("chiefs/chief")),
      toDelete: one("iam:DeleteRolePolicy", role("chiefs/chief")),
    },
  ];
}

function lambdaWalks(): readonly Walk[] {
  const functionOf = (further: object): object => ({
    FunctionName: "walked",
    Runtime: "nodejs20.x",
    Handler: "index.handler",
    Role: role("runs"),
    ...further,
  });
  const inline = { ZipFile: "exports.handler = async () => ({});" };
  const alias = { FunctionName: "there", FunctionVersion: "$LATEST", Name: "walked" };
  const event = { FunctionName: "there", Qualifier: "$LATEST" };
  const address = { TargetFunctionArn: fn("there") };
  const statement = { FunctionName: "there", Action: "lambda:InvokeFunction" };
  const passed: Needs = one("iam:PassRole", role("runs"));
  return [
    {
      type: "AWS::Lambda::Alias",
      properties: { ...alias },
      needs: one("lambda:CreateAlias", fn("there")),
      changed: {
        properties: { ...alias, Description: "changed" },
        needs: one("lambda:UpdateAlias", fn("there")),
      },
      toDelete: one("lambda:DeleteAlias", fn("there")),
    },
    {
      type: "AWS::Lambda::EventInvokeConfig",
      properties: { ...event, MaximumRetryAttempts: 0 },
      needs: one("lambda:PutFunctionEventInvokeConfig", fn("there:$LATEST")),
      changed: {
        properties: { ...event, MaximumRetryAttempts: 1 },
        needs: one("lambda:UpdateFunctionEventInvokeConfig", fn("there:$LATEST")),
      },
      toDelete: one("lambda:DeleteFunctionEventInvokeConfig", fn("there:$LATEST")),
    },
    {
      type: "AWS::Lambda::Function",
      properties: functionOf({ Code: inline, ReservedConcurrentExecutions: 1, Tags }),
      needs: [
        ...on(fn("walked"), "lambda:CreateFunction", "lambda:TagResource", "lambda:PutFunctionConcurrency"),
        ...passed,
      ],
      changed: {
        properties: functionOf({
          Code: { S3Bucket: "secrets", S3Key: "code.zip" },
          Tags: [{ Key: "other", Value: "tag" }],
        }),
        needs: [
          ...on(fn("walked"), "lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"),
          ...on(fn("walked"), "lambda:DeleteFunctionConcurrency"),
          ...on(fn("walked"), "lambda:TagResource", "lambda:UntagResource"),
          ...passed,
          ["s3:GetObject", "arn:aws:s3:::secrets/code.zip"],
        ],
      },
      toDelete: one("lambda:DeleteFunction", fn("walked")),
    },
    {
      type: "AWS::Lambda::Function",
      properties: functionOf({ Code: { S3Bucket: "secrets", S3Key: "code.zip" } }),
      needs: [
        ...on(fn("walked"), "lambda:CreateFunction"),
        ...passed,
        ["s3:GetObject", "arn:aws:s3:::secrets/code.zip"],
      ],
      toDelete: one("lambda:DeleteFunction", fn("walked")),
    },
    {
      type: "AWS::Lambda::Permission",
      properties: { ...statement, Principal: account },
      needs: one("lambda:AddPermission", fn("there")),
      toDelete: one("lambda:RemovePermission", fn("there")),
    },
    {
      type: "AWS::Lambda::Url",
      properties: { ...address, AuthType: "AWS_IAM" },
      needs: one("lambda:CreateFunctionUrlConfig", fn("there")),
      changed: {
        properties: { ...address, AuthType: "NONE" },
        needs: one("lambda:UpdateFunctionUrlConfig", fn("there")),
      },
      toDelete: one("lambda:DeleteFunctionUrlConfig", fn("there")),
    },
    {
      type: "AWS::Lambda::Version",
      properties: { FunctionName: "there" },
      needs: one("lambda:PublishVersion", fn("there")),
      toDelete: one("lambda:DeleteFunction", fn("there:*")),
    },
  ];
}

function storageWalks(): readonly Walk[] {
  const group = `arn:aws:logs:${region}:${account}:log-group:walked:log-stream:`;
  const bucket = "arn:aws:s3:::walked";
  const repository = `arn:aws:ecr:${region}:${account}:repository/walked`;
  const parameter = `arn:aws:ssm:${region}:${account}:parameter/walked`;
  const open = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::there/*" },
    ],
  };
  return [
    {
      type: "AWS::ECR::Repository",
      properties: { RepositoryName: "walked", Tags },
      needs: on(repository, "ecr:CreateRepository", "ecr:TagResource"),
      changed: {
        properties: { RepositoryName: "walked", Tags, ImageTagMutability: "IMMUTABLE" },
        needs: on(repository, "ecr:PutImageTagMutability"),
      },
      toDelete: on(repository, "ecr:DeleteRepository"),
    },
    {
      type: "AWS::Logs::LogGroup",
      properties: { LogGroupName: "walked", RetentionInDays: 7, Tags },
      needs: on(group, "logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"),
      changed: {
        properties: { LogGroupName: "walked", Tags },
        needs: on(group, "logs:DeleteRetentionPolicy"),
      },
      toDelete: on(group, "logs:DeleteLogGroup"),
    },
    {
      type: "AWS::S3::Bucket",
      properties: { BucketName: "walked", VersioningConfiguration: { Status: "Enabled" } },
      needs: on(bucket, "s3:CreateBucket", "s3:PutBucketVersioning"),
      changed: {
        properties: {
          BucketName: "walked",
          VersioningConfiguration: { Status: "Enabled" },
          PublicAccessBlockConfiguration: { BlockPublicAcls: true },
          Tags,
        },
        needs: on(bucket, "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging"),
      },
      toDelete: on(bucket, "s3:DeleteBucket"),
    },
    {
      type: "AWS::S3::BucketPolicy",
      properties: { Bucket: "there", PolicyDocument: open },
      needs: one("s3:PutBucketPolicy", "arn:aws:s3:::there"),
      toDelete: one("s3:DeleteBucketPolicy", "arn:aws:s3:::there"),
    },
    {
      type: "AWS::SSM::Parameter",
      properties: { Name: "/walked", Type: "String", Value: "1", Tags: { team: "payments" } },
      needs: on(parameter, "ssm:PutParameter", "ssm:AddTagsToResource"),
      changed: {
        properties: { Name: "/walked", Type: "String", Value: "2" },
        needs: on(parameter, "ssm:PutParameter", "ssm:RemoveTagsFromResource"),
      },
      toDelete: on(parameter, "ssm:DeleteParameter"),
    },
  ];
}

function apiWalks(): readonly Walk[] {
  const cluster = `arn:aws:dsql:${region}:${account}:cluster/*`;
  const apis = `arn:aws:apigateway:${region}::/apis`;
  const inApi = (parts: string): string => `${apis}/${apiId}/${parts}`;
  const clusterPolicy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: "dsql:DbConnect", Resource: "*" }],
  });
  const integration = { ApiId: apiId, IntegrationType: "AWS_PROXY", PayloadFormatVersion: "2.0" };
  const stage = { ApiId: apiId, StageName: "walked", AutoDeploy: true };
  return [
    {
      type: "AWS::ApiGatewayV2::Api",
      properties: { Name: "walked", ProtocolType: "HTTP" },
      needs: one("apigateway:POST", apis),
      changed: {
        properties: { Name: "renamed", ProtocolType: "HTTP" },
        needs: one("apigateway:PATCH", `${apis}/*`),
      },
      toDelete: one("apigateway:DELETE", `${apis}/*`),
    },
    {
      type: "AWS::ApiGatewayV2::Integration",
      properties: { ...integration, IntegrationUri: fn("there") },
      needs: one("apigateway:POST", inApi("integrations")),
      changed: {
        properties: { ...integration, IntegrationUri: fn("there"), TimeoutInMillis: 1_000 },
        needs: one("apigateway:PATCH", inApi("integrations/*")),
      },
      toDelete: one("apigateway:DELETE", inApi("integrations/*")),
    },
    {
      type: "AWS::ApiGatewayV2::Route",
      properties: { ApiId: apiId, RouteKey: "GET /a", Target: "integrations/a" },
      needs: one("apigateway:POST", inApi("routes")),
      changed: {
        properties: { ApiId: apiId, RouteKey: "GET /b", Target: "integrations/a" },
        needs: one("apigateway:PATCH", inApi("routes/*")),
      },
      toDelete: one("apigateway:DELETE", inApi("routes/*")),
    },
    {
      type: "AWS::ApiGatewayV2::Stage",
      properties: { ...stage },
      needs: one("apigateway:POST", inApi("stages")),
      changed: {
        properties: { ...stage, StageVariables: { a: "b" } },
        needs: one("apigateway:PATCH", inApi("stages/walked")),
      },
      toDelete: one("apigateway:DELETE", inApi("stages/walked")),
    },
    {
      type: "AWS::CloudFormation::Stack",
      properties: { TemplateURL: `https://secrets.s3.${region}.amazonaws.com/inner.json` },
      needs: one("s3:GetObject", "arn:aws:s3:::secrets/inner.json"),
      toDelete: [],
    },
    {
      type: "AWS::DSQL::Cluster",
      properties: { DeletionProtectionEnabled: false, PolicyDocument: clusterPolicy, Tags },
      needs: on(cluster, "dsql:CreateCluster", "dsql:TagResource", "dsql:PutClusterPolicy"),
      changed: {
        properties: { DeletionProtectionEnabled: false, Tags: [{ Key: "other", Value: "tag" }] },
        needs: on(
          cluster,
          ...["dsql:UpdateCluster", "dsql:DeleteClusterPolicy", "dsql:TagResource", "dsql:UntagResource"],
        ),
      },
      toDelete: on(cluster, "dsql:DeleteCluster"),
    },
  ];
}

const isRefusalOf = (action: string): string => `is not authorized to perform: ${action} on resource`;

async function walkChange({ type, properties, changed }: Walk): Promise<void> {
  if (changed === undefined) return;
  const [before, after] = [properties, changed.properties].map((Properties) => ({
    Walked: { Type: type, Properties },
  }));
  assert.ok(before !== undefined && after !== undefined);
  for (const lacked of [...changed.needs, undefined]) {
    const { name, status, reasons } = await create(before, { as: administrator });
    assert.equal(status, "CREATE_COMPLETE", reasons);
    mayDo(changed.needs.filter((need) => need !== lacked));
    const outcome = await update(name, after);
    if (lacked === undefined) assert.equal(outcome.status, "UPDATE_COMPLETE", outcome.reasons);
    else {
      assert.match(outcome.status, /^UPDATE_ROLLBACK/, `${lacked[0]} is lacked`);
      assert.ok(outcome.reasons.includes(isRefusalOf(lacked[0])), `${lacked[0]}: ${outcome.reasons}`);
    }
    await remove(name);
  }
}

test("each type of resource, made, changed and removed with everything but one permission", async (t) => {
  for (const walk of walks()) {
    const { type, properties, needs, toDelete } = walk;
    await t.test(type, async () => {
      const resources = { Walked: { Type: type, Properties: properties } };
      for (const lacked of needs) {
        mayDo(needs.filter((need) => need !== lacked));
        const { name, status, reasons } = await create(resources);
        assert.equal(status, "ROLLBACK_COMPLETE", `${lacked[0]} is lacked: ${reasons}`);
        assert.ok(reasons.includes(isRefusalOf(lacked[0])), reasons);
        await remove(name);
      }
      mayDo(needs);
      const { name, status, reasons } = await create(resources);
      assert.equal(status, "CREATE_COMPLETE", reasons);
      for (const lacked of toDelete) {
        mayDo(toDelete.filter((need) => need !== lacked));
        await walker.send(new DeleteStackCommand({ StackName: name }));
        assert.equal(await settledStatus(administrator, name), "DELETE_FAILED", `${lacked[0]} is lacked`);
      }
      mayDo(toDelete);
      await walker.send(new DeleteStackCommand({ StackName: name }));
      assert.equal(await settledStatus(administrator, name), "DELETE_COMPLETE", await reasonsOf(name));
      await walkChange(walk);
    });
  }
});

test("every type of the table is walked, but for those that make nothing", () => {
  const inert = ["AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"];
  const elsewhere = ["AWS::CloudFormation::CustomResource"];
  const walked = new Set([...walks().map(({ type }) => type), ...inert, ...elsewhere]);
  assert.deepEqual([...walked].sort(), Object.keys(resourcePermissions).sort());
});

test("a custom resource invokes no function that its maker may not", async () => {
  mayDo([]);
  for (const ServiceToken of [fn("there"), "there"]) {
    const { status, reasons } = await create({ Own: { Type: "Custom::Own", Properties: { ServiceToken } } });
    assert.equal(status, "ROLLBACK_COMPLETE");
    assert.ok(reasons.includes(`${isRefusalOf("lambda:InvokeFunction")}: ${fn("there")}`), reasons);
  }
});

const takeover = {
  Mine: {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: "mine",
      AssumeRolePolicyDocument: trust("lambda.amazonaws.com"),
      ManagedPolicyArns: [administration],
    },
  },
};

test("who may do nothing but deploy makes no administrator, neither in a stack nor in one within it", async () => {
  mayDo([]);
  assert.equal((await create(takeover)).status, "ROLLBACK_COMPLETE");
  const store = new s3.S3Client(local.client);
  const Body = JSON.stringify({ Resources: takeover });
  await store.send(new s3.PutObjectCommand({ Bucket: "there", Key: "takeover.json", Body }));
  mayDo([["s3:GetObject", "arn:aws:s3:::there/*"]]);
  const TemplateURL = `https://there.s3.${region}.amazonaws.com/takeover.json`;
  const nested = { Inner: { Type: "AWS::CloudFormation::Stack", Properties: { TemplateURL } } };
  assert.equal((await create(nested)).status, "ROLLBACK_COMPLETE");
  mayDo(
    [["s3:GetObject", "*"]],
    [["cloudformation:CreateStack", `arn:aws:cloudformation:${region}:${account}:stack/walk-*-Inner-*`]],
  );
  const { reasons } = await create(nested);
  assert.ok(reasons.includes(isRefusalOf("cloudformation:CreateStack")), reasons);
  await assert.rejects(new iam.IAMClient(local.client).send(new iam.GetRoleCommand({ RoleName: "mine" })));
});

test("who may make roles without rights gives them none, however the list of policies is written", async () => {
  mayDo([["iam:CreateRole", role("mine")]]);
  for (const policies of [
    { ManagedPolicyArns: administration },
    { Policies: { PolicyName: "all", PolicyDocument: policyOf("*") } },
  ]) {
    const { RoleName, AssumeRolePolicyDocument } = takeover.Mine.Properties;
    const Properties = { RoleName, AssumeRolePolicyDocument, ...policies };
    const { status, reasons } = await create({ Mine: { Type: "AWS::IAM::Role", Properties } });
    assert.equal(status, "ROLLBACK_COMPLETE", reasons);
  }
});

test("a policy is taken from nobody from whom its changer may not take one", async () => {
  const forbids = (Roles: readonly string[]): object => ({
    Forbids: {
      Type: "AWS::IAM::Policy",
      Properties: { PolicyName: "forbids", PolicyDocument: policyOf("*", "Deny"), Roles },
    },
  });
  const { name } = await create(forbids(["runs", "other"]), { as: administrator });
  mayDo([["iam:PutRolePolicy", "*"]]);
  const { status } = await update(name, forbids(["other"]));
  assert.match(status, /^UPDATE_ROLLBACK/);
  assert.ok("forbids" in (local.identities.getRole("runs")?.policies ?? {}));
  await remove(name);
});

test("a role that is denied by its path is denied to a template that calls it by its name", async () => {
  const Properties = { PolicyName: "mine", PolicyDocument: policyOf("*"), Roles: ["chief"] };
  mayDo([["iam:PutRolePolicy", "*"]], [["iam:*", role("chiefs/*")]]);
  const { status, reasons } = await create({ Mine: { Type: "AWS::IAM::Policy", Properties } });
  assert.equal(status, "ROLLBACK_COMPLETE");
  assert.ok(reasons.includes(`${isRefusalOf("iam:PutRolePolicy")}: ${role("chiefs/chief")}`), reasons);
});

test("a template shows no parameter of SSM to those who may not read it", async () => {
  const secret = `arn:aws:ssm:${region}:${account}:parameter/secret`;
  const copy = (Value: unknown): object => ({
    Copy: { Type: "AWS::SSM::Parameter", Properties: { Name: "/copy", Type: "String", Value } },
  });
  const Parameters = { Secret: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/secret" } };
  const readings = [
    (): Promise<Outcome> => create(copy("{{resolve:ssm:/secret:1}}")),
    (): Promise<Outcome> => create(copy({ Ref: "Secret" }), { Parameters }),
  ];
  for (const reading of readings) {
    mayDo([["ssm:*", "*"]], [["ssm:GetParameters", secret]]);
    await assert.rejects(reading(), { name: "AccessDenied", message: /ssm:GetParameters/ });
    mayDo([["ssm:*", "*"]]);
    const { name, status, reasons } = await reading();
    assert.equal(status, "CREATE_COMPLETE", reasons);
    await remove(name);
  }
});

test("with a role a stack is made in that role's name, whoever asks, and changed in it as well", async () => {
  const byRole = { as: administrator, RoleARN: role("walker") };
  mayDo([]);
  const { status, reasons } = await create(takeover, byRole);
  assert.equal(status, "ROLLBACK_COMPLETE");
  assert.match(
    reasons,
    /assumed-role\/walker\/AWSCloudFormation is not authorized to perform: iam:CreateRole/,
  );
  const parameter = (Value: string): object => ({
    Set: { Type: "AWS::SSM::Parameter", Properties: { Name: "/kept", Type: "String", Value } },
  });
  mayDo([["ssm:PutParameter", "*"]]);
  const made = await create(parameter("1"), byRole);
  assert.equal(made.status, "CREATE_COMPLETE", made.reasons);
  mayDo([]);
  const changed = await update(made.name, parameter("2"), { as: administrator });
  assert.match(changed.status, /^UPDATE_ROLLBACK/);
  assert.match(changed.reasons, /not authorized to perform: ssm:PutParameter/);
});

test("a stack's role is named by its ARN, about which its handing over was asked, and trusts CloudFormation", async () => {
  mayDo([["iam:PassRole", "*"]], [["iam:PassRole", role("walker")]]);
  for (const RoleARN of ["walker", role("chief"), role("runs")]) {
    await assert.rejects(create(takeover, { RoleARN }), { message: /is invalid or cannot be assumed/ });
  }
  await assert.rejects(create(takeover, { RoleARN: role("walker") }), { message: /iam:PassRole/ });
});
