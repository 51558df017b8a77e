/** One endpoint, every Region: what is each Region's own, what the Regions share, and what may not cross between them. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { CreateRoleCommand, GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  InvokeCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";
import { trustsLambda, zipOf } from "./lambda-support.ts";

const away = "eu-west-1";

let local: StartedCloud;
let role: string;
before(async () => {
  local = await startCloud();
  const iam = new IAMClient(local.client);
  const AssumeRolePolicyDocument = JSON.stringify(trustsLambda);
  const created = await iam.send(new CreateRoleCommand({ RoleName: "functions", AssumeRolePolicyDocument }));
  role = created.Role?.Arn ?? "";
  iam.destroy();
});
after(() => local.close());

/** A client's options in another Region. */
const inRegion = (region: string) => ({ ...local.client, region });

const stackNamed = (StackName: string, Value: string) =>
  new CreateStackCommand({
    StackName,
    TemplateBody: JSON.stringify({
      Resources: {
        Place: {
          Type: "AWS::SSM::Parameter",
          Properties: { Name: `/${StackName}`, Type: "String", Value: { "Fn::Sub": Value } },
        },
      },
    }),
  });

test("a Region is bootstrapped for the CDK when it is first asked for, with roles of its own", async (t) => {
  const region = "ap-southeast-2";
  const ssm = new SSMClient(inRegion(region));
  const iam = new IAMClient(local.client);
  t.after(() => [ssm, iam].forEach((client) => client.destroy()));
  const version = await ssm.send(new GetParameterCommand({ Name: "/cdk-bootstrap/hnb659fds/version" }));
  assert.ok(Number(version.Parameter?.Value) >= 6);
  const RoleName = `cdk-hnb659fds-deploy-role-${local.identities.account}-${region}`;
  assert.ok((await iam.send(new GetRoleCommand({ RoleName }))).Role);
});

test("stacks of one name in two Regions are nothing to each other, also after a restart", async (t) => {
  const there = new CloudFormationClient(inRegion(away));
  const here = new CloudFormationClient(local.client);
  t.after(() => [there, here].forEach((client) => client.destroy()));
  for (const client of [here, there]) {
    await client.send(stackNamed("twin", "in ${AWS::Region}"));
    assert.equal(await settledStatus(client, "twin"), "CREATE_COMPLETE");
  }
  await local.restart();
  for (const region of [local.client.region, away]) {
    const ssm = new SSMClient(inRegion(region));
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: "/twin" }));
    ssm.destroy();
    assert.equal(Parameter?.Value, `in ${region}`);
  }
  const { Stacks = [] } = await there.send(new DescribeStacksCommand({ StackName: "twin" }));
  assert.match(Stacks[0]?.StackId ?? "", new RegExp(`^arn:aws:cloudformation:${away}:`));
});

test("many first requests of a Region open it once", async (t) => {
  const ssm = new SSMClient(inRegion("sa-east-1"));
  t.after(() => ssm.destroy());
  const Names = Array.from({ length: 20 }, (_, index) => `/many/${index}`);
  await Promise.all(
    Names.map((Name) => ssm.send(new PutParameterCommand({ Name, Value: "1", Type: "String" }))),
  );
  for (const Name of Names) assert.ok((await ssm.send(new GetParameterCommand({ Name }))).Parameter);
});

test("a bucket answers in its own Region only, and tells another one where it is", async (t) => {
  const here = new S3Client(local.client);
  const there = new S3Client({ ...inRegion(away), followRegionRedirects: true });
  t.after(() => [here, there].forEach((client) => client.destroy()));
  const Bucket = "only-here";
  await here.send(new CreateBucketCommand({ Bucket }));
  await here.send(new PutObjectCommand({ Bucket, Key: "a", Body: "found" }));
  const strict = new S3Client(inRegion(away));
  t.after(() => strict.destroy());
  await assert.rejects(strict.send(new GetObjectCommand({ Bucket, Key: "a" })), {
    name: "PermanentRedirect",
    message: /The bucket is in this region: us-east-1/,
  });
  assert.equal((await strict.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint, undefined);
  const { Body } = await there.send(new GetObjectCommand({ Bucket, Key: "a" }));
  assert.equal(await Body?.transformToString(), "found");
  await assert.rejects(strict.send(new CreateBucketCommand({ Bucket })), { name: "PermanentRedirect" });
});

test("a function runs in its Region, is called at its address, and takes no code from another Region", async (t) => {
  const lambda = new LambdaClient(inRegion(away));
  const s3 = new S3Client(local.client);
  t.after(() => [lambda, s3].forEach((client) => client.destroy()));
  const common = {
    FunctionName: "where",
    Role: role,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
  } as const;
  const zip = zipOf("exports.handler = async () => process.env.AWS_REGION;");
  await s3.send(new CreateBucketCommand({ Bucket: "code-here" }));
  await s3.send(new PutObjectCommand({ Bucket: "code-here", Key: "zip", Body: zip }));
  const Code = { S3Bucket: "code-here", S3Key: "zip" };
  await assert.rejects(
    lambda.send(new CreateFunctionCommand({ ...common, Code })),
    /in this region: us-east-1/,
  );

  const { FunctionArn } = await lambda.send(new CreateFunctionCommand({ ...common, Code: { ZipFile: zip } }));
  const here = new LambdaClient(local.client);
  t.after(() => here.destroy());
  await assert.rejects(here.send(new InvokeCommand({ FunctionName: FunctionArn })), {
    name: "ResourceNotFoundException",
    message: `Functions from '${away}' are not reachable in this region ('us-east-1')`,
  });
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: "where" }));
  assert.equal(Payload?.transformToString(), `"${away}"`);

  await lambda.send(
    new AddPermissionCommand({
      FunctionName: "where",
      StatementId: "everybody",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType: "NONE",
    }),
  );
  const { FunctionUrl = "" } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: "where", AuthType: "NONE" }),
  );
  assert.equal(await (await fetch(FunctionUrl)).text(), away);
});
