/**
 * Every operation of the endpoint, asked for with exactly the permissions that AWS's Service Authorization Reference
 * says it needs, and with everything but one of them.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as dsql from "@aws-sdk/client-dsql";
import * as iam from "@aws-sdk/client-iam";
import * as lambda from "@aws-sdk/client-lambda";
import * as s3 from "@aws-sdk/client-s3";
import * as ssm from "@aws-sdk/client-ssm";
import * as sts from "@aws-sdk/client-sts";
import { payloadHash, RequestSigner } from "@dsql-local/account";

import { permissionTable } from "../src/permissions/index.ts";
import { operationNames } from "../src/s3/operations.ts";
import { clusterId, region, startCloud, type ClientOptions, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let walker: ClientOptions;
let account: string;
before(async () => {
  local = await startCloud();
  account = local.identities.account;
  local.identities.putRole({
    name: "walker",
    arn: `arn:aws:iam::${account}:role/walker`,
    assumeRolePolicy: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" }],
    },
  });
  const { accessKeyId, secretAccessKey, sessionToken } = local.identities.assumeRole({
    roleArn: `arn:aws:iam::${account}:role/walker`,
    sessionName: "walk",
    callerArn: local.identities.administrator.callerArn,
  });
  assert.ok(sessionToken !== undefined);
  walker = { ...local.clientOf({ accessKeyId, secretAccessKey, sessionToken }), maxAttempts: 3 };

  const administrator = new s3.S3Client(local.client);
  for (const Bucket of ["source", "target"]) await administrator.send(new s3.CreateBucketCommand({ Bucket }));
  await administrator.send(new s3.PutObjectCommand({ Bucket: "source", Key: "plain", Body: "plain" }));
  await administrator.send(
    new s3.PutObjectCommand({ Bucket: "source", Key: "tagged", Body: "tagged", Tagging: "a=b" }),
  );
  await administrator.send(new s3.PutObjectCommand({ Bucket: "source", Key: "template.json", Body: "{}" }));
});
after(() => local.close());

/** `action resource`, as in a policy. */
type Needed = readonly string[];

interface Case {
  readonly operation: string;
  readonly needs: Needed;
  readonly send: () => Promise<unknown>;
}

type Sender = (command: never) => Promise<unknown>;

/** A case of one SDK command; the operation is named by it. */
function commands(client: { send: Sender }, ...cases: [command: object, ...needs: string[]][]): Case[] {
  return cases.map(([command, ...needs]) => ({
    operation: command.constructor.name.replace(/Command$/, ""),
    needs,
    send: () => client.send(command as never),
  }));
}

function policyOf(statements: readonly object[]): object {
  return { Version: "2012-10-17", Statement: statements };
}

function statementOf(effect: "Allow" | "Deny", needed: string): object {
  const space = needed.indexOf(" ");
  return { Effect: effect, Action: needed.slice(0, space), Resource: needed.slice(space + 1) };
}

function mayDo(statements: readonly object[]): void {
  // A policy needs a statement: this one allows nothing that is asked for here.
  const something = { Effect: "Allow", Action: "xray:PutTraceSegments", Resource: "*" };
  local.identities.putRolePolicy("walker", "walk", policyOf([something, ...statements]));
}

/** @returns whether it was refused for want of a permission; anything else it may fail by is not the question */
async function isDenied({ operation, send }: Case): Promise<boolean> {
  try {
    const output = (await send()) as { Errors?: { Code?: string }[] } | undefined;
    return output?.Errors?.some(({ Code }) => Code === "AccessDenied") === true;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    const isRefusal =
      /^AccessDenied(Exception)?$/.test(name) || / is not authorized to perform: /.test(message);
    // A HEAD has no body that could say why.
    return isRefusal || (operation.startsWith("Head") && $metadata?.httpStatusCode === 403);
  }
}

async function walk(cases: readonly Case[], table: object): Promise<void> {
  const walked = new Set(cases.map(({ operation }) => operation));
  assert.deepEqual([...walked].sort(), Object.keys(table).sort(), "every operation of the table is walked");
  for (const each of cases) {
    const { operation, needs } = each;
    for (const needed of needs) {
      mayDo(needs.filter((other) => other !== needed).map((other) => statementOf("Allow", other)));
      assert.equal(await isDenied(each), true, `${operation} without ${needed}`);
      mayDo([{ Effect: "Allow", Action: "*", Resource: "*" }, statementOf("Deny", needed)]);
      assert.equal(await isDenied(each), true, `${operation} denied ${needed}`);
    }
    mayDo(needs.map((needed) => statementOf("Allow", needed)));
    assert.equal(await isDenied(each), false, `${operation} with ${needs.join(", ")}`);
  }
}

const trust = JSON.stringify(
  policyOf([{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }]),
);
const document = JSON.stringify(policyOf([{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }]));

test("IAM", async () => {
  const role = `arn:aws:iam::${account}:role/app/worker`;
  local.identities.putRole({ name: "worker", path: "/app/", arn: role, assumeRolePolicy: trust });
  const policy = `arn:aws:iam::${account}:policy/own`;
  const RoleName = "worker";
  const PolicyName = "inline";
  const managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
  const newRole = { RoleName: "new", Path: "/x/", AssumeRolePolicyDocument: trust };
  const newPolicy = { PolicyName: "own", PolicyDocument: document };
  const Tags = [{ Key: "a", Value: "b" }];
  const created = `arn:aws:iam::${account}:role/x/new`;
  const cases = commands(
    new iam.IAMClient(walker),
    [new iam.CreateRoleCommand(newRole), `iam:CreateRole ${created}`],
    [new iam.CreateRoleCommand({ ...newRole, Tags }), `iam:CreateRole ${created}`, `iam:TagRole ${created}`],
    [new iam.GetRoleCommand({ RoleName }), `iam:GetRole ${role}`],
    [new iam.ListRolesCommand({ PathPrefix: "/app/" }), `iam:ListRoles arn:aws:iam::${account}:role/app/`],
    [
      new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }),
      `iam:UpdateAssumeRolePolicy ${role}`,
    ],
    [
      new iam.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document }),
      `iam:PutRolePolicy ${role}`,
    ],
    [new iam.GetRolePolicyCommand({ RoleName, PolicyName }), `iam:GetRolePolicy ${role}`],
    [new iam.ListRolePoliciesCommand({ RoleName }), `iam:ListRolePolicies ${role}`],
    [new iam.DeleteRolePolicyCommand({ RoleName, PolicyName }), `iam:DeleteRolePolicy ${role}`],
    [new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: managed }), `iam:AttachRolePolicy ${role}`],
    [new iam.ListAttachedRolePoliciesCommand({ RoleName }), `iam:ListAttachedRolePolicies ${role}`],
    [new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: managed }), `iam:DetachRolePolicy ${role}`],
    [new iam.DeleteRoleCommand({ RoleName }), `iam:DeleteRole ${role}`],
    [
      new iam.CreatePolicyCommand({ ...newPolicy, Tags }),
      `iam:CreatePolicy ${policy}`,
      `iam:TagPolicy ${policy}`,
    ],
    [new iam.GetPolicyCommand({ PolicyArn: policy }), `iam:GetPolicy ${policy}`],
    [new iam.ListPoliciesCommand({}), `iam:ListPolicies arn:aws:iam::${account}:policy/`],
    [new iam.DeletePolicyCommand({ PolicyArn: policy }), `iam:DeletePolicy ${policy}`],
    [new iam.GetUserCommand({ UserName: "ana" }), `iam:GetUser arn:aws:iam::${account}:user/ana`],
    [new iam.GetUserCommand({}), `iam:GetUser arn:aws:iam::${account}:role/walker`],
  );
  await walk(cases, permissionTable.iam);
});

test("which policy is attached may be limited", async () => {
  const client = new iam.IAMClient(walker);
  const attach = (PolicyArn: string): Promise<unknown> =>
    client.send(new iam.AttachRolePolicyCommand({ RoleName: "walker", PolicyArn }));
  const allowed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
  const Condition = { ArnEquals: { "iam:PolicyARN": allowed } };
  mayDo([{ Effect: "Allow", Action: "iam:AttachRolePolicy", Resource: "*", Condition }]);
  await assert.rejects(attach("arn:aws:iam::aws:policy/AdministratorAccess"), { name: "AccessDenied" });
  await attach(allowed);
  local.identities.detachManagedPolicy("walker", allowed);
});

test("STS: the trust policy decides who assumes a role, and who one is may always be asked", async () => {
  const client = new sts.STSClient(walker);
  const RoleArn = `arn:aws:iam::${account}:role/walker`;
  const assume = new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: "again" });
  mayDo([]);
  await assert.rejects(client.send(assume), { name: "AccessDenied" });
  const { Arn } = await client.send(new sts.GetCallerIdentityCommand({}));
  assert.equal(Arn, `arn:aws:sts::${account}:assumed-role/walker/walk`);
  mayDo([statementOf("Allow", `sts:AssumeRole ${RoleArn}`), statementOf("Deny", "sts:GetCallerIdentity *")]);
  await client.send(assume);
  await client.send(new sts.GetCallerIdentityCommand({}));
  await assert.rejects(
    client.send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: "less", Policy: document })),
    { name: "ValidationError", message: /session policies/ },
  );
  assert.deepEqual(Object.keys(permissionTable.sts), ["GetCallerIdentity", "AssumeRole"]);
});

test("SSM", async () => {
  const prefix = `arn:aws:ssm:${region}:${account}:parameter`;
  const put = { Name: "/a/b", Value: "1", Type: "String" } as const;
  const Tags = [{ Key: "a", Value: "b" }];
  const tagged = { ResourceType: "Parameter", ResourceId: "/a/b" } as const;
  const cases = commands(
    new ssm.SSMClient(walker),
    [
      new ssm.PutParameterCommand({ ...put, Tags }),
      `ssm:PutParameter ${prefix}/a/b`,
      `ssm:AddTagsToResource ${prefix}/a/b`,
    ],
    [new ssm.PutParameterCommand({ ...put, Overwrite: true }), `ssm:PutParameter ${prefix}/a/b`],
    [new ssm.GetParameterCommand({ Name: "/a/b" }), `ssm:GetParameter ${prefix}/a/b`],
    // By version and by ARN it is the same parameter, and the same permission.
    [new ssm.GetParameterCommand({ Name: "/a/b:1" }), `ssm:GetParameter ${prefix}/a/b`],
    [new ssm.GetParameterCommand({ Name: `${prefix}/a/b:1` }), `ssm:GetParameter ${prefix}/a/b`],
    [
      new ssm.GetParametersCommand({ Names: ["/a/b", "/a/c"] }),
      `ssm:GetParameters ${prefix}/a/b`,
      `ssm:GetParameters ${prefix}/a/c`,
    ],
    [new ssm.GetParametersByPathCommand({ Path: "/a" }), `ssm:GetParametersByPath ${prefix}/a`],
    [new ssm.GetParametersByPathCommand({ Path: "/a/" }), `ssm:GetParametersByPath ${prefix}/a`],
    [new ssm.DescribeParametersCommand({}), `ssm:DescribeParameters arn:aws:ssm:${region}:${account}:*`],
    [new ssm.AddTagsToResourceCommand({ ...tagged, Tags }), `ssm:AddTagsToResource ${prefix}/a/b`],
    [new ssm.ListTagsForResourceCommand(tagged), `ssm:ListTagsForResource ${prefix}/a/b`],
    [
      new ssm.RemoveTagsFromResourceCommand({ ...tagged, TagKeys: ["a"] }),
      `ssm:RemoveTagsFromResource ${prefix}/a/b`,
    ],
    [
      new ssm.DeleteParametersCommand({ Names: ["/a/c", "d"] }),
      `ssm:DeleteParameters ${prefix}/a/c`,
      `ssm:DeleteParameters ${prefix}/d`,
    ],
    [new ssm.DeleteParameterCommand({ Name: "/a/b" }), `ssm:DeleteParameter ${prefix}/a/b`],
  );
  await walk(cases, permissionTable.ssm);
});

test("an ARN of another account or Region names no parameter of this one", async () => {
  const administrator = new ssm.SSMClient(local.client);
  await administrator.send(new ssm.PutParameterCommand({ Name: "/secret", Value: "1", Type: "String" }));
  mayDo([
    { Effect: "Allow", Action: "ssm:*", Resource: "*" },
    statementOf("Deny", "ssm:* arn:aws:ssm:*:*:parameter/secret"),
  ]);
  const client = new ssm.SSMClient(walker);
  for (const arn of [
    `arn:aws:ssm:${region}:999999999999:parameter/secret`,
    `arn:aws:ssm:eu-west-1:${account}:parameter/secret`,
    `arn:aws:ssm:${region}:${account}:document/x:parameter/secret`,
    `arn:aws:ssm:${region}:${account}:parameter/secret:1`,
    "/secret:1",
    "secret",
  ]) {
    await assert.rejects(client.send(new ssm.GetParameterCommand({ Name: arn })), arn);
  }
});

test("tags of a request and of a resource decide where a policy asks for them", async () => {
  const client = new ssm.SSMClient(walker);
  const administrator = new ssm.SSMClient(local.client);
  for (const team of ["red", "blue"]) {
    const Tags = [{ Key: "team", Value: team }];
    await administrator.send(
      new ssm.PutParameterCommand({ Name: `/${team}`, Value: "1", Type: "String", Tags }),
    );
  }
  const ofRed = { StringEquals: { "aws:ResourceTag/team": "red" } };
  mayDo([{ Effect: "Allow", Action: "ssm:GetParameter", Resource: "*", Condition: ofRed }]);
  await client.send(new ssm.GetParameterCommand({ Name: "/red" }));
  await assert.rejects(client.send(new ssm.GetParameterCommand({ Name: "/blue" })), {
    name: "AccessDeniedException",
  });

  const onlyTeam = { "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } };
  mayDo([{ Effect: "Allow", Action: "ssm:AddTagsToResource", Resource: "*", Condition: onlyTeam }]);
  const tag = (Key: string): Promise<unknown> =>
    client.send(
      new ssm.AddTagsToResourceCommand({
        ResourceType: "Parameter",
        ResourceId: "/red",
        Tags: [
          { Key: "team", Value: "red" },
          { Key, Value: "x" },
        ],
      }),
    );
  await tag("team");
  await assert.rejects(tag("owner"), { name: "AccessDeniedException" });
});

test("CloudWatch Logs", async () => {
  const group = `arn:aws:logs:${region}:${account}:log-group:own`;
  const logGroupName = "own";
  const onGroup = `${group}:log-stream:`;
  const cases = commands(
    new logs.CloudWatchLogsClient(walker),
    [
      new logs.CreateLogGroupCommand({ logGroupName, tags: { a: "b" } }),
      `logs:CreateLogGroup ${onGroup}`,
      `logs:TagResource ${onGroup}`,
    ],
    [
      new logs.PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }),
      `logs:PutRetentionPolicy ${group}:*`,
    ],
    [new logs.DeleteRetentionPolicyCommand({ logGroupName }), `logs:DeleteRetentionPolicy ${group}:*`],
    [
      new logs.DescribeLogGroupsCommand({}),
      `logs:DescribeLogGroups arn:aws:logs:${region}:${account}:log-group::log-stream:`,
    ],
    [new logs.DescribeLogStreamsCommand({ logGroupName }), `logs:DescribeLogStreams ${onGroup}`],
    [new logs.DescribeLogStreamsCommand({ logGroupIdentifier: group }), `logs:DescribeLogStreams ${onGroup}`],
    [
      new logs.GetLogEventsCommand({ logGroupName, logStreamName: "one" }),
      `logs:GetLogEvents ${group}:log-stream:one`,
    ],
    [new logs.FilterLogEventsCommand({ logGroupName }), `logs:FilterLogEvents ${group}:*`],
    [new logs.DeleteLogGroupCommand({ logGroupName }), `logs:DeleteLogGroup ${onGroup}`],
  );
  await walk(cases, permissionTable.logs);
});

/** For services whose SDK is not among those that functions are given. */
async function signedCall(service: string, target: string, input: object): Promise<void> {
  const { host } = new URL(local.cloud.endpoint);
  const body = JSON.stringify(input);
  const signer = new RequestSigner({ credential: walker.credentials, region, service });
  const { host: _host, ...headers } = signer.signHeaders(
    { method: "POST", path: "/", headers: { host, "x-amz-target": target }, payloadHash: payloadHash(body) },
    Date.now(),
  );
  const response = await fetch(local.cloud.endpoint, { method: "POST", headers, body });
  if (response.status === 200) return;
  const { message } = (await response.json()) as { message: string };
  throw new Error(message);
}

test("ECR", async () => {
  const prefix = `arn:aws:ecr:${region}:${account}:repository`;
  const ask = (operation: string, input: object, ...needs: string[]): Case => ({
    operation,
    needs,
    send: () => signedCall("ecr", `AmazonEC2ContainerRegistry_V20150921.${operation}`, input),
  });
  const repositoryName = "own";
  const tags = [{ Key: "a", Value: "b" }];
  const cases = [
    ask(
      "CreateRepository",
      { repositoryName, tags },
      `ecr:CreateRepository ${prefix}/own`,
      `ecr:TagResource ${prefix}/own`,
    ),
    ask("DescribeRepositories", {}, `ecr:DescribeRepositories ${prefix}/*`),
    ask(
      "DescribeRepositories",
      { repositoryNames: ["own", "other"] },
      `ecr:DescribeRepositories ${prefix}/own`,
      `ecr:DescribeRepositories ${prefix}/other`,
    ),
    ask("DescribeImages", { repositoryName }, `ecr:DescribeImages ${prefix}/own`),
    ask("ListImages", { repositoryName }, `ecr:ListImages ${prefix}/own`),
    ask("DeleteRepository", { repositoryName }, `ecr:DeleteRepository ${prefix}/own`),
  ];
  await walk(cases, permissionTable.ecr);
});

test("CloudFormation", async () => {
  const prefix = `arn:aws:cloudformation:${region}:${account}:stack`;
  const StackName = "walked";
  const TemplateBody = JSON.stringify({
    Resources: { Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" } },
  });
  const administrator = new cloudformation.CloudFormationClient(local.client);
  const { Id: changeSet = "", StackId: stack = "" } = await administrator.send(
    new cloudformation.CreateChangeSetCommand({
      StackName: "reviewed",
      ChangeSetName: "first",
      ChangeSetType: "CREATE",
      TemplateBody,
    }),
  );
  const RoleARN = `arn:aws:iam::${account}:role/nobody`;
  const pass = `iam:PassRole ${RoleARN}`;
  const TemplateURL = `https://s3.${region}.amazonaws.com/source/template.json`;
  const template = "s3:GetObject arn:aws:s3:::source/template.json";
  const on = (operation: string, name = StackName): string =>
    `cloudformation:${operation} ${prefix}/${name}/*`;
  const everywhere = (operation: string): string => `cloudformation:${operation} *`;
  const LogicalResourceId = "Handle";
  const cases = commands(
    new cloudformation.CloudFormationClient(walker),
    [
      new cloudformation.CreateStackCommand({ StackName, TemplateURL, RoleARN }),
      on("CreateStack"),
      template,
      pass,
    ],
    [
      new cloudformation.UpdateStackCommand({ StackName, TemplateURL, RoleARN }),
      on("UpdateStack"),
      template,
      pass,
    ],
    [new cloudformation.DeleteStackCommand({ StackName, RoleARN }), on("DeleteStack"), pass],
    [new cloudformation.RollbackStackCommand({ StackName, RoleARN }), on("RollbackStack"), pass],
    [
      new cloudformation.UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: true }),
      on("UpdateTerminationProtection"),
    ],
    [
      new cloudformation.CreateChangeSetCommand({ StackName, ChangeSetName: "c", TemplateURL, RoleARN }),
      on("CreateChangeSet"),
      template,
      pass,
    ],
    // Named by its ARN alone, a change set is still its stack's.
    [
      new cloudformation.DescribeChangeSetCommand({ ChangeSetName: changeSet }),
      `cloudformation:DescribeChangeSet ${stack}`,
    ],
    [
      new cloudformation.GetTemplateCommand({ ChangeSetName: changeSet }),
      `cloudformation:GetTemplate ${stack}`,
    ],
    [
      new cloudformation.DeleteChangeSetCommand({ ChangeSetName: changeSet }),
      `cloudformation:DeleteChangeSet ${stack}`,
    ],
    [
      new cloudformation.ExecuteChangeSetCommand({ ChangeSetName: "first", StackName: "reviewed" }),
      `cloudformation:ExecuteChangeSet ${stack}`,
    ],
    [
      new cloudformation.ListChangeSetsCommand({ StackName: "reviewed" }),
      `cloudformation:ListChangeSets ${stack}`,
    ],
    [
      new cloudformation.DescribeStacksCommand({ StackName: stack }),
      `cloudformation:DescribeStacks ${stack}`,
    ],
    [new cloudformation.DescribeStacksCommand({}), on("DescribeStacks", "*")],
    [new cloudformation.ListStacksCommand({}), on("ListStacks", "*")],
    [new cloudformation.DescribeStackEventsCommand({ StackName }), on("DescribeStackEvents")],
    [
      new cloudformation.DescribeStackResourceCommand({ StackName, LogicalResourceId }),
      on("DescribeStackResource"),
    ],
    [new cloudformation.DescribeStackResourcesCommand({ StackName }), on("DescribeStackResources")],
    [new cloudformation.ListStackResourcesCommand({ StackName }), on("ListStackResources")],
    [new cloudformation.ListExportsCommand({}), everywhere("ListExports")],
    [new cloudformation.ListImportsCommand({ ExportName: "x" }), everywhere("ListImports")],
    [new cloudformation.GetStackPolicyCommand({ StackName }), on("GetStackPolicy")],
    [new cloudformation.ListStackRefactorsCommand({}), everywhere("ListStackRefactors")],
    [new cloudformation.DescribeAccountLimitsCommand({}), everywhere("DescribeAccountLimits")],
    [new cloudformation.GetTemplateCommand({ StackName }), on("GetTemplate")],
    [new cloudformation.GetTemplateSummaryCommand({ StackName }), on("GetTemplateSummary")],
    [
      new cloudformation.GetTemplateSummaryCommand({ TemplateURL }),
      everywhere("GetTemplateSummary"),
      template,
    ],
    [new cloudformation.ValidateTemplateCommand({ TemplateURL }), everywhere("ValidateTemplate"), template],
    [new cloudformation.DetectStackDriftCommand({ StackName }), on("DetectStackDrift")],
    [
      new cloudformation.DetectStackResourceDriftCommand({ StackName, LogicalResourceId }),
      on("DetectStackResourceDrift"),
    ],
    [
      new cloudformation.DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId: "x" }),
      everywhere("DescribeStackDriftDetectionStatus"),
    ],
    [new cloudformation.DescribeStackResourceDriftsCommand({ StackName }), on("DescribeStackResourceDrifts")],
  );
  await walk(cases, permissionTable.cloudformation);
});

test("Lambda", async () => {
  const FunctionName = "own";
  const arn = `arn:aws:lambda:${region}:${account}:function:own`;
  const Role = `arn:aws:iam::${account}:role/nobody`;
  const pass = `iam:PassRole ${Role}`;
  const Code = { S3Bucket: "source", S3Key: "code.zip" };
  const code = "s3:GetObject arn:aws:s3:::source/code.zip";
  const on = (operation: string): string => `lambda:${operation} ${arn}`;
  const onAlias = (operation: string): string => `lambda:${operation} ${arn}:live`;
  const Qualifier = "live";
  const EventInvoke = { FunctionName, Qualifier, MaximumRetryAttempts: 0 };
  const cases = commands(
    new lambda.LambdaClient(walker),
    [
      new lambda.CreateFunctionCommand({
        FunctionName,
        Role,
        Code,
        Tags: { a: "b" },
        Handler: "a.b",
        Runtime: "nodejs22.x",
      }),
      on("CreateFunction"),
      on("TagResource"),
      pass,
      code,
    ],
    [new lambda.InvokeCommand({ FunctionName }), on("InvokeFunction")],
    [new lambda.InvokeCommand({ FunctionName, Qualifier }), onAlias("InvokeFunction")],
    [new lambda.InvokeCommand({ FunctionName: "own:live" }), onAlias("InvokeFunction")],
    [new lambda.ListFunctionsCommand({}), "lambda:ListFunctions *"],
    [new lambda.GetFunctionCommand({ FunctionName }), on("GetFunction")],
    [new lambda.DeleteFunctionCommand({ FunctionName }), on("DeleteFunction")],
    [new lambda.GetFunctionConfigurationCommand({ FunctionName }), on("GetFunctionConfiguration")],
    [
      new lambda.UpdateFunctionConfigurationCommand({ FunctionName, Role }),
      on("UpdateFunctionConfiguration"),
      pass,
    ],
    [
      new lambda.UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 4 }),
      on("UpdateFunctionConfiguration"),
    ],
    [new lambda.UpdateFunctionCodeCommand({ FunctionName, ...Code }), on("UpdateFunctionCode"), code],
    [new lambda.PublishVersionCommand({ FunctionName }), on("PublishVersion")],
    [new lambda.ListVersionsByFunctionCommand({ FunctionName }), on("ListVersionsByFunction")],
    [new lambda.CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }), on("CreateAlias")],
    [new lambda.ListAliasesCommand({ FunctionName }), on("ListAliases")],
    [new lambda.GetAliasCommand({ FunctionName, Name: "live" }), on("GetAlias")],
    [new lambda.UpdateAliasCommand({ FunctionName, Name: "live" }), on("UpdateAlias")],
    [new lambda.DeleteAliasCommand({ FunctionName, Name: "live" }), on("DeleteAlias")],
    [
      new lambda.AddPermissionCommand({
        FunctionName,
        StatementId: "s",
        Action: "lambda:InvokeFunction",
        Principal: "s3.amazonaws.com",
      }),
      on("AddPermission"),
    ],
    [new lambda.GetPolicyCommand({ FunctionName }), on("GetPolicy")],
    [new lambda.RemovePermissionCommand({ FunctionName, StatementId: "s" }), on("RemovePermission")],
    [new lambda.ListTagsCommand({ Resource: arn }), on("ListTags")],
    [new lambda.TagResourceCommand({ Resource: arn, Tags: { a: "b" } }), on("TagResource")],
    [new lambda.UntagResourceCommand({ Resource: arn, TagKeys: ["a"] }), on("UntagResource")],
    [
      new lambda.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }),
      on("PutFunctionConcurrency"),
    ],
    [new lambda.DeleteFunctionConcurrencyCommand({ FunctionName }), on("DeleteFunctionConcurrency")],
    [new lambda.GetFunctionConcurrencyCommand({ FunctionName }), on("GetFunctionConcurrency")],
    [new lambda.GetAccountSettingsCommand({}), "lambda:GetAccountSettings *"],
    [
      new lambda.PutProvisionedConcurrencyConfigCommand({
        FunctionName,
        Qualifier,
        ProvisionedConcurrentExecutions: 1,
      }),
      onAlias("PutProvisionedConcurrencyConfig"),
    ],
    [
      new lambda.GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }),
      onAlias("GetProvisionedConcurrencyConfig"),
    ],
    [
      new lambda.DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }),
      onAlias("DeleteProvisionedConcurrencyConfig"),
    ],
    [
      new lambda.CreateFunctionUrlConfigCommand({ FunctionName, Qualifier, AuthType: "AWS_IAM" }),
      onAlias("CreateFunctionUrlConfig"),
    ],
    [new lambda.GetFunctionUrlConfigCommand({ FunctionName, Qualifier }), onAlias("GetFunctionUrlConfig")],
    [
      new lambda.UpdateFunctionUrlConfigCommand({ FunctionName, Qualifier }),
      onAlias("UpdateFunctionUrlConfig"),
    ],
    [
      new lambda.DeleteFunctionUrlConfigCommand({ FunctionName, Qualifier }),
      onAlias("DeleteFunctionUrlConfig"),
    ],
    [new lambda.ListFunctionUrlConfigsCommand({ FunctionName }), on("ListFunctionUrlConfigs")],
    [new lambda.PutFunctionEventInvokeConfigCommand(EventInvoke), onAlias("PutFunctionEventInvokeConfig")],
    [
      new lambda.UpdateFunctionEventInvokeConfigCommand(EventInvoke),
      onAlias("UpdateFunctionEventInvokeConfig"),
    ],
    [
      new lambda.GetFunctionEventInvokeConfigCommand({ FunctionName, Qualifier }),
      onAlias("GetFunctionEventInvokeConfig"),
    ],
    [
      new lambda.DeleteFunctionEventInvokeConfigCommand({ FunctionName, Qualifier }),
      onAlias("DeleteFunctionEventInvokeConfig"),
    ],
    [
      new lambda.ListFunctionEventInvokeConfigsCommand({ FunctionName }),
      on("ListFunctionEventInvokeConfigs"),
    ],
  );
  const listed = commands(new lambda.LambdaClient(walker), [
    new lambda.ListProvisionedConcurrencyConfigsCommand({ FunctionName }),
    on("ListProvisionedConcurrencyConfigs"),
  ]).map((each) => ({ ...each, operation: "GetProvisionedConcurrencyConfig" })); // one route serves both
  const named = cases.map((each) => ({
    ...each,
    operation: each.operation === "Invoke" ? "Invoke" : each.operation,
  }));
  const { InvokeFunctionUrl: _url, ...routes } = permissionTable.lambda; // test/lambda-access.test.ts
  await walk([...named, ...listed], routes);
});

test("DSQL", async () => {
  const prefix = `arn:aws:dsql:${region}:${account}:cluster`;
  const identifier = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
  const streamIdentifier = "yyyyyyyyyyyyyyyyyyyyyyyyyy";
  const arn = `${prefix}/${identifier}`;
  const peer = `arn:aws:dsql:us-east-2:${account}:cluster/${identifier}`;
  const multiRegionProperties = { witnessRegion: "us-west-2", clusters: [peer] };
  const roleArn = `arn:aws:iam::${account}:role/writer`;
  const targetDefinition = {
    kinesis: { streamArn: `arn:aws:kinesis:${region}:${account}:stream/s`, roleArn },
  };
  const on = (operation: string): string => `dsql:${operation} ${arn}`;
  const onAny = (operation: string): string => `dsql:${operation} ${prefix}/*`;
  const policy = JSON.stringify(
    policyOf([{ Effect: "Allow", Principal: { AWS: account }, Action: "dsql:*", Resource: "*" }]),
  );
  const ids = { clusterIdentifier: identifier, streamIdentifier };
  const cases = commands(
    new dsql.DSQLClient(walker),
    [
      new dsql.CreateClusterCommand({ tags: { a: "b" }, policy, multiRegionProperties }),
      onAny("CreateCluster"),
      onAny("TagResource"),
      onAny("PutClusterPolicy"),
      onAny("PutMultiRegionProperties"),
      onAny("PutWitnessRegion"),
      onAny("AddPeerCluster"),
      `dsql:AddPeerCluster ${peer}`,
    ],
    [new dsql.ListClustersCommand({}), "dsql:ListClusters *"],
    [new dsql.GetClusterCommand({ identifier }), on("GetCluster")],
    [
      new dsql.UpdateClusterCommand({ identifier, multiRegionProperties }),
      on("UpdateCluster"),
      on("PutMultiRegionProperties"),
      on("PutWitnessRegion"),
      on("AddPeerCluster"),
      `dsql:AddPeerCluster ${peer}`,
      `dsql:RemovePeerCluster arn:aws:dsql:*:${account}:cluster/*`,
    ],
    [new dsql.DeleteClusterCommand({ identifier }), on("DeleteCluster")],
    [new dsql.GetVpcEndpointServiceNameCommand({ identifier }), on("GetVpcEndpointServiceName")],
    [new dsql.PutClusterPolicyCommand({ identifier, policy }), on("PutClusterPolicy")],
    [new dsql.GetClusterPolicyCommand({ identifier }), on("GetClusterPolicy")],
    [new dsql.DeleteClusterPolicyCommand({ identifier }), on("DeleteClusterPolicy")],
    [new dsql.TagResourceCommand({ resourceArn: arn, tags: { a: "b" } }), on("TagResource")],
    [new dsql.UntagResourceCommand({ resourceArn: arn, tagKeys: ["a", "b"] }), on("UntagResource")],
    [new dsql.ListTagsForResourceCommand({ resourceArn: arn }), on("ListTagsForResource")],
    [
      new dsql.ListTagsForResourceCommand({ resourceArn: `${arn}/stream/${streamIdentifier}` }),
      `dsql:ListTagsForResource ${arn}/stream/${streamIdentifier}`,
    ],
    [
      new dsql.CreateStreamCommand({
        clusterIdentifier: identifier,
        targetDefinition,
        ordering: "UNORDERED",
        format: "JSON",
        tags: { a: "b" },
      }),
      on("CreateStream"),
      on("TagResource"),
      `iam:PassRole ${roleArn}`,
    ],
    [new dsql.ListStreamsCommand({ clusterIdentifier: identifier }), on("ListStreams")],
    [new dsql.GetStreamCommand(ids), `dsql:GetStream ${arn}/stream/${streamIdentifier}`],
    [new dsql.DeleteStreamCommand(ids), `dsql:DeleteStream ${arn}/stream/${streamIdentifier}`],
  );
  await walk(cases, permissionTable.dsql);
});

test("S3: buckets", async () => {
  const Bucket = "target";
  const bucket = "arn:aws:s3:::target";
  const created = "arn:aws:s3:::created";
  const on = (action: string): string => `s3:${action} ${bucket}`;
  const status = "Enabled" as const;
  const rules = { Rules: [{ ID: "r", Status: status, Filter: { Prefix: "" }, Expiration: { Days: 1 } }] };
  const client = new s3.S3Client(walker);
  const cases = commands(
    client,
    [new s3.ListBucketsCommand({}), "s3:ListAllMyBuckets arn:aws:s3:::*"],
    [
      new s3.CreateBucketCommand({
        Bucket: "created",
        ACL: "private",
        ObjectOwnership: "BucketOwnerEnforced",
      }),
      `s3:CreateBucket ${created}`,
      `s3:PutBucketAcl ${created}`,
      `s3:PutBucketOwnershipControls ${created}`,
    ],
    [new s3.HeadBucketCommand({ Bucket }), on("ListBucket")],
    [new s3.DeleteBucketCommand({ Bucket: "created" }), `s3:DeleteBucket ${created}`],
    [new s3.GetBucketLocationCommand({ Bucket }), on("GetBucketLocation")],
    [new s3.ListObjectsCommand({ Bucket }), on("ListBucket")],
    [new s3.ListObjectsV2Command({ Bucket }), on("ListBucket")],
    [new s3.ListObjectVersionsCommand({ Bucket }), on("ListBucketVersions")],
    [new s3.ListMultipartUploadsCommand({ Bucket }), on("ListBucketMultipartUploads")],
    [new s3.GetBucketAclCommand({ Bucket }), on("GetBucketAcl")],
    [new s3.PutBucketAclCommand({ Bucket, AccessControlPolicy: {} }), on("PutBucketAcl")],
    [new s3.GetBucketCorsCommand({ Bucket }), on("GetBucketCORS")],
    [new s3.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [] } }), on("PutBucketCORS")],
    [new s3.DeleteBucketCorsCommand({ Bucket }), on("PutBucketCORS")],
    [new s3.GetBucketEncryptionCommand({ Bucket }), on("GetEncryptionConfiguration")],
    [
      new s3.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [] } }),
      on("PutEncryptionConfiguration"),
    ],
    [new s3.DeleteBucketEncryptionCommand({ Bucket }), on("PutEncryptionConfiguration")],
    [new s3.GetBucketLifecycleConfigurationCommand({ Bucket }), on("GetLifecycleConfiguration")],
    [
      new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: rules }),
      on("PutLifecycleConfiguration"),
    ],
    [new s3.DeleteBucketLifecycleCommand({ Bucket }), on("PutLifecycleConfiguration")],
    [new s3.GetBucketLoggingCommand({ Bucket }), on("GetBucketLogging")],
    [new s3.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }), on("PutBucketLogging")],
    [new s3.GetBucketNotificationConfigurationCommand({ Bucket }), on("GetBucketNotification")],
    [
      new s3.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} }),
      on("PutBucketNotification"),
    ],
    [new s3.GetBucketOwnershipControlsCommand({ Bucket }), on("GetBucketOwnershipControls")],
    [
      new s3.PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [] } }),
      on("PutBucketOwnershipControls"),
    ],
    [new s3.DeleteBucketOwnershipControlsCommand({ Bucket }), on("PutBucketOwnershipControls")],
    [new s3.GetBucketPolicyCommand({ Bucket }), on("GetBucketPolicy")],
    [new s3.PutBucketPolicyCommand({ Bucket, Policy: "no policy" }), on("PutBucketPolicy")],
    [new s3.DeleteBucketPolicyCommand({ Bucket }), on("DeleteBucketPolicy")],
    [new s3.GetPublicAccessBlockCommand({ Bucket }), on("GetBucketPublicAccessBlock")],
    [
      new s3.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: {} }),
      on("PutBucketPublicAccessBlock"),
    ],
    [new s3.DeletePublicAccessBlockCommand({ Bucket }), on("PutBucketPublicAccessBlock")],
    [new s3.GetBucketRequestPaymentCommand({ Bucket }), on("GetBucketRequestPayment")],
    [
      new s3.PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: "Requester" } }),
      on("PutBucketRequestPayment"),
    ],
    [new s3.GetBucketTaggingCommand({ Bucket }), on("GetBucketTagging")],
    [new s3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [] } }), on("PutBucketTagging")],
    [new s3.DeleteBucketTaggingCommand({ Bucket }), on("PutBucketTagging")],
    [new s3.GetBucketVersioningCommand({ Bucket }), on("GetBucketVersioning")],
    [
      new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: status } }),
      on("PutBucketVersioning"),
    ],
    [new s3.GetBucketWebsiteCommand({ Bucket }), on("GetBucketWebsite")],
    [new s3.PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: {} }), on("PutBucketWebsite")],
    [new s3.DeleteBucketWebsiteCommand({ Bucket }), on("DeleteBucketWebsite")],
  );
  const names: Readonly<Record<string, string>> = {
    GetBucketLifecycleConfiguration: "GetBucketLifecycle",
    PutBucketLifecycleConfiguration: "PutBucketLifecycle",
    GetBucketNotificationConfiguration: "GetBucketNotification",
    PutBucketNotificationConfiguration: "PutBucketNotification",
  };
  const offered = new Set(operationNames);
  const table = Object.keys(permissionTable.s3).filter(
    (name) => offered.has(name) && !/Object$|Objects$|Part|Multipart|ObjectTagging/.test(name),
  );
  const walked = Object.fromEntries(
    [...table, "ListObjects", "ListMultipartUploads"].map((name) => [name, true]),
  );
  await walk(
    cases.map((each) => ({ ...each, operation: names[each.operation] ?? each.operation })),
    walked,
  );
});

test("S3: objects", async () => {
  const Bucket = "target";
  const Key = "a/b";
  const object = "arn:aws:s3:::target/a/b";
  const on = (action: string): string => `s3:${action} ${object}`;
  const UploadId = "0".repeat(32);
  const CopySource = "source/plain";
  const source = "arn:aws:s3:::source/plain";
  const client = new s3.S3Client(walker);
  const remove = { Objects: [{ Key: "a/b" }, { Key: "c" }] };
  const cases = commands(
    client,
    [new s3.PutObjectCommand({ Bucket, Key, Body: "x" }), on("PutObject")],
    [
      new s3.PutObjectCommand({ Bucket, Key, Body: "x", Tagging: "a=b", ACL: "private" }),
      on("PutObject"),
      on("PutObjectTagging"),
      on("PutObjectAcl"),
    ],
    [new s3.CopyObjectCommand({ Bucket, Key, CopySource }), on("PutObject"), `s3:GetObject ${source}`],
    [
      new s3.CopyObjectCommand({ Bucket, Key, CopySource: "/source/tagged" }),
      on("PutObject"),
      on("PutObjectTagging"),
      "s3:GetObject arn:aws:s3:::source/tagged",
      "s3:GetObjectTagging arn:aws:s3:::source/tagged",
    ],
    [
      new s3.CopyObjectCommand({ Bucket, Key, CopySource: "source%2Fplain?versionId=null" }),
      on("PutObject"),
      `s3:GetObjectVersion ${source}`,
    ],
    [new s3.GetObjectCommand({ Bucket, Key }), on("GetObject")],
    [new s3.GetObjectCommand({ Bucket, Key, VersionId: "null" }), on("GetObjectVersion")],
    [new s3.HeadObjectCommand({ Bucket, Key }), on("GetObject")],
    [new s3.GetObjectTaggingCommand({ Bucket, Key }), on("GetObjectTagging")],
    [new s3.PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [] } }), on("PutObjectTagging")],
    [new s3.DeleteObjectTaggingCommand({ Bucket, Key }), on("DeleteObjectTagging")],
    [new s3.CreateMultipartUploadCommand({ Bucket, Key }), on("PutObject")],
    [new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: "x" }), on("PutObject")],
    [
      new s3.UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 1, CopySource }),
      on("PutObject"),
      `s3:GetObject ${source}`,
    ],
    [
      new s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: [] } }),
      on("PutObject"),
    ],
    [new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), on("AbortMultipartUpload")],
    [new s3.ListPartsCommand({ Bucket, Key, UploadId }), on("ListMultipartUploadParts")],
    [
      new s3.DeleteObjectsCommand({ Bucket, Delete: remove }),
      "s3:DeleteObject arn:aws:s3:::target/a/b",
      "s3:DeleteObject arn:aws:s3:::target/c",
    ],
    [new s3.DeleteObjectCommand({ Bucket, Key }), on("DeleteObject")],
    [new s3.DeleteObjectCommand({ Bucket, Key, VersionId: "null" }), on("DeleteObjectVersion")],
  );
  const ofObjects = operationNames.filter((name) =>
    /Object(Tagging)?$|^DeleteObjects$|Part|MultipartUpload$/.test(name),
  );
  await walk(cases, Object.fromEntries(ofObjects.map((name) => [name, true])));
});

test("of many objects those are deleted that may be, and the others are named and stay", async () => {
  const administrator = new s3.S3Client(local.client);
  for (const Key of ["open/1", "closed/1"])
    await administrator.send(new s3.PutObjectCommand({ Bucket: "target", Key, Body: "x" }));
  mayDo([
    { Effect: "Allow", Action: "s3:*", Resource: "*" },
    statementOf("Deny", "s3:DeleteObject arn:aws:s3:::target/closed/*"),
  ]);
  const { Deleted = [], Errors = [] } = await new s3.S3Client(walker).send(
    new s3.DeleteObjectsCommand({
      Bucket: "target",
      Delete: { Objects: [{ Key: "open/1" }, { Key: "closed/1" }] },
    }),
  );
  assert.deepEqual(
    Deleted.map(({ Key }) => Key),
    ["open/1"],
  );
  assert.deepEqual(
    Errors.map(({ Key, Code }) => `${Key ?? ""} ${Code ?? ""}`),
    ["closed/1 AccessDenied"],
  );
  const { Contents = [] } = await administrator.send(new s3.ListObjectsV2Command({ Bucket: "target" }));
  const keys = Contents.map(({ Key }) => Key);
  assert.ok(keys.includes("closed/1") && !keys.includes("open/1"), keys.join());
});

test("a bucket's policy has a say in a copy from it, and in a template read from it", async () => {
  const administrator = new s3.S3Client(local.client);
  const Policy = JSON.stringify(
    policyOf([{ Effect: "Deny", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::source/*" }]),
  );
  await administrator.send(new s3.PutBucketPolicyCommand({ Bucket: "source", Policy }));
  const copy = new s3.CopyObjectCommand({ Bucket: "target", Key: "copy", CopySource: "source/plain" });
  await assert.rejects(administrator.send(copy), { name: "AccessDenied" });
  const TemplateURL = `https://source.s3.${region}.amazonaws.com/template.json`;
  await assert.rejects(
    new cloudformation.CloudFormationClient(local.client).send(
      new cloudformation.ValidateTemplateCommand({ TemplateURL }),
    ),
    { message: /not authorized to perform: s3:GetObject.*explicit deny in a resource-based policy/ },
  );
  await administrator.send(new s3.DeleteBucketPolicyCommand({ Bucket: "source" }));
  await administrator.send(copy);
});

test("a list may be limited to prefixes", async () => {
  const client = new s3.S3Client(walker);
  const Condition = { StringLike: { "s3:prefix": "mine/*" } };
  mayDo([{ Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::target", Condition }]);
  await client.send(new s3.ListObjectsV2Command({ Bucket: "target", Prefix: "mine/a" }));
  for (const Prefix of ["yours/", undefined])
    await assert.rejects(client.send(new s3.ListObjectsV2Command({ Bucket: "target", Prefix })), {
      name: "AccessDenied",
    });
});

/** Signs and sends what no SDK would. */
async function raw(service: string, method: string, target: string, body = ""): Promise<string> {
  const url = new URL(target, local.cloud.endpoint);
  const query = [...url.searchParams].map(([name, value]) => [name, value] as const);
  const signer = new RequestSigner({ credential: walker.credentials, region, service });
  const { host: _host, ...headers } = signer.signHeaders(
    { method, path: url.pathname, query, headers: { host: url.host }, payloadHash: payloadHash(body) },
    Date.now(),
  );
  const response = await fetch(url, { method, headers, ...(body === "" ? {} : { body }) });
  return response.text();
}

test("a request that names two things, or one that is not offered, is no request for another", async () => {
  mayDo([{ Effect: "Allow", Action: "*", Resource: "*" }]);
  const policy = JSON.stringify(
    policyOf([{ Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::target" }]),
  );
  const refused: readonly [method: string, target: string, code: string][] = [
    ["PUT", "/target?website&policy", "InvalidArgument"],
    ["PUT", "/target?location", "MethodNotAllowed"],
    ["DELETE", "/target?location", "MethodNotAllowed"],
    ["DELETE", "/target?replication", "NotImplemented"],
    ["PUT", "/target?accelerate", "NotImplemented"],
    ["GET", "/target/a?uploads", "MethodNotAllowed"],
    ["PUT", "/target/a?acl", "NotImplemented"],
    ["DELETE", "/target?acl", "MethodNotAllowed"],
    ["POST", "/target", "MethodNotAllowed"],
    ["PUT", "/", "MethodNotAllowed"],
  ];
  for (const [method, target, code] of refused) {
    const answer = await raw("s3", method, target, method === "PUT" ? policy : "");
    assert.match(answer, new RegExp(`<Code>${code}</Code>`), `${method} ${target}`);
  }
  const administrator = new s3.S3Client(local.client);
  await administrator.send(new s3.HeadBucketCommand({ Bucket: "target" }));
  await assert.rejects(administrator.send(new s3.GetBucketPolicyCommand({ Bucket: "target" })), {
    name: "NoSuchBucketPolicy",
  });
});

test("the table names what is offered, and no more", async () => {
  const offered = async (
    service: string,
    method: string,
    target: string,
    body = "",
  ): Promise<readonly string[]> => {
    const answer = await raw(service, method, target, body);
    const names = /It offers: ([^.]*)\./.exec(answer)?.[1]?.split(", ") ?? [];
    return [...new Set(names)].sort();
  };
  for (const service of ["cloudformation", "iam", "sts"] as const)
    assert.deepEqual(
      await offered(service, "POST", "/", "Action=Nothing"),
      Object.keys(permissionTable[service]).sort(),
    );
  for (const service of ["ecr", "logs", "ssm"] as const)
    assert.deepEqual(await offered(service, "POST", "/", "{}"), Object.keys(permissionTable[service]).sort());
  assert.deepEqual(await offered("dsql", "GET", "/nothing"), Object.keys(permissionTable.dsql).sort());
  const { InvokeFunctionUrl: _url, ...routes } = permissionTable.lambda;
  assert.deepEqual(await offered("lambda", "GET", "/nothing"), Object.keys(routes).sort());
  assert.deepEqual([...new Set(operationNames)].sort(), Object.keys(permissionTable.s3).sort());
});

test("a cluster's own policy decides beside the caller's", async () => {
  const client = new dsql.DSQLClient(walker);
  mayDo([]);
  await assert.rejects(client.send(new dsql.GetClusterCommand({ identifier: clusterId })), {
    name: "AccessDeniedException",
  });
});
