import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import { DescribeStacksCommand, CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { payloadHash, RequestSigner } from "@dsql-local/account";

import { bodyBytesMax } from "../src/request-body.ts";
import { region, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
before(async () => {
  local = await startCloud();
});
after(() => local.close());

/** Signs and sends what no SDK would. */
async function send(options: {
  service: string;
  path?: string;
  body?: string;
  headers?: Record<string, string>;
  atMs?: number;
  region?: string;
}) {
  const { service, path = "/", body = "", atMs = Date.now() } = options;
  const signer = new RequestSigner({
    credential: local.identities.administrator,
    region: options.region ?? region,
    service,
  });
  const url = new URL(path, local.cloud.endpoint);
  const headers = signer.signHeaders(
    { method: "POST", path, headers: { host: url.host, ...options.headers }, payloadHash: payloadHash(body) },
    atMs,
  );
  const { host: _host, ...sent } = headers;
  const response = await fetch(url, { method: "POST", headers: sent, body });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test("a caller is told who it is", async () => {
  const identity = await new STSClient(local.client).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Account, local.identities.account);
  assert.equal(identity.Arn, `arn:aws:iam::${local.identities.account}:user/local-admin`);
});

test("an access key of another account is refused by every protocol in its own form", async () => {
  const stranger = local.clientOf({ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" });
  await assert.rejects(new STSClient(stranger).send(new GetCallerIdentityCommand({})), {
    name: "InvalidClientTokenId",
    message: /security token included in the request is invalid.*dsql env/,
  });
  await assert.rejects(new SSMClient(stranger).send(new GetParameterCommand({ Name: "a" })), {
    name: "UnrecognizedClientException",
  });
  await assert.rejects(new S3Client(stranger).send(new ListBucketsCommand({})), {
    name: "InvalidClientTokenId",
  });
});

test("a wrong secret is refused", async () => {
  const { accessKeyId } = local.identities.administrator;
  const client = new STSClient(local.clientOf({ accessKeyId, secretAccessKey: "wrong" }));
  await assert.rejects(client.send(new GetCallerIdentityCommand({})), { name: "SignatureDoesNotMatch" });
});

test("a request signed too long ago is refused", async () => {
  const answer = await send({
    service: "sts",
    body: "Action=GetCallerIdentity&Version=2011-06-15",
    atMs: Date.now() - 3_600_000,
  });
  assert.equal(answer.status, 403);
  assert.match(answer.text, /Signature expired: \d{8}T\d{6}Z is now earlier than/);
});

test("an unsigned request is refused", async () => {
  const response = await fetch(local.cloud.endpoint);
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("x-amzn-errortype"), "MissingAuthenticationTokenException");
});

test("a request signed for what is no Region is told so", async () => {
  const answer = await send({
    service: "ssm",
    region: "atlantis",
    headers: { "x-amz-target": "AmazonSSM.GetParameter" },
    body: "{}",
  });
  assert.equal(answer.status, 403);
  assert.match(answer.text, /signed for atlantis, which is not the name of an AWS Region/);
});

test("a service that is not offered is refused with the names of those that are", async () => {
  const answer = await send({
    service: "sqs",
    headers: { "x-amz-target": "AmazonSQS.ListQueues" },
    body: "{}",
  });
  assert.equal(answer.status, 400);
  assert.match(
    answer.text,
    /does not offer the service sqs. It offers: cloudformation, dsql, ecr, iam, lambda/,
  );
});

test("an operation that is not offered is refused with the names of those that are", async () => {
  const answer = await send({ service: "sts", body: "Action=GetFederationToken&Version=2011-06-15" });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /<Code>InvalidAction<\/Code>/);
  assert.match(
    answer.text,
    /does not offer STS GetFederationToken. It offers: AssumeRole, GetCallerIdentity\./,
  );
});

test("a body beyond the bound is refused, and the endpoint goes on", async () => {
  const answer = await send({
    service: "lambda",
    path: "/2015-03-31/functions/f/invocations",
    body: "x".repeat(bodyBytesMax + 1),
  }).catch((error: unknown) => error);
  // The connection is closed while the client still writes; it may see the answer or the closing.
  if (!(answer instanceof Error)) assert.equal((answer as { status: number }).status, 413);
  await new STSClient(local.client).send(new GetCallerIdentityCommand({}));
});

test("a client that vanishes in the middle of its body harms nobody", async () => {
  for (const service of ["lambda", "s3"]) {
    const socket = connect(local.cloud.port, "127.0.0.1");
    await once(socket, "connect");
    const scope = `Credential=AKIA/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
    socket.write(
      `PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nAuthorization: AWS4-HMAC-SHA256 ${scope}\r\n\r\nhalf`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
  }
  await new STSClient(local.client).send(new GetCallerIdentityCommand({}));
});

test("what is no HTTP is cut off, and the endpoint goes on", async () => {
  const socket = connect(local.cloud.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("\x16\x03\x01 this is not HTTP\r\n\r\n");
  await once(socket, "close");
  await new STSClient(local.client).send(new GetCallerIdentityCommand({}));
});

test("every answer carries a request id", async () => {
  const answer = await send({ service: "sts", body: "Action=GetCallerIdentity&Version=2011-06-15" });
  assert.match(answer.headers.get("x-amzn-requestid") ?? "", /^[0-9a-f-]{36}$/);
  assert.match(answer.text, /<RequestId>[0-9a-f-]{36}<\/RequestId>/);
});

test("the account is bootstrapped for the CDK from the first start", async () => {
  const { Parameter } = await new SSMClient(local.client).send(
    new GetParameterCommand({ Name: "/cdk-bootstrap/hnb659fds/version" }),
  );
  assert.ok(Number(Parameter?.Value) >= 6, "the CDK asks for version 6 at least");
  const { Stacks = [] } = await new CloudFormationClient(local.client).send(
    new DescribeStacksCommand({ StackName: "CDKToolkit" }),
  );
  assert.equal(Stacks[0]?.StackStatus, "CREATE_COMPLETE");
});

async function assume(roleName: string): Promise<ReturnType<StartedCloud["clientOf"]>> {
  const { Credentials } = await new STSClient(local.client).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${local.identities.account}:role/${roleName}`,
      RoleSessionName: "test",
    }),
  );
  assert.ok(Credentials?.AccessKeyId && Credentials.SecretAccessKey && Credentials.SessionToken);
  return local.clientOf({
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  });
}

test("an assumed role is known by its session and may do what its policies allow, and no more", async () => {
  const iam = new IAMClient(local.client);
  const trust = {
    Statement: [{ Effect: "Allow", Principal: { AWS: local.identities.account }, Action: "sts:AssumeRole" }],
  };
  await iam.send(
    new CreateRoleCommand({
      RoleName: "reader",
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", ...trust }),
    }),
  );
  const parameterArn = `arn:aws:ssm:${region}:${local.identities.account}:parameter/open/*`;
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: parameterArn }],
  };
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: "reader",
      PolicyName: "read",
      PolicyDocument: JSON.stringify(policy),
    }),
  );
  const administrator = new SSMClient(local.client);
  await administrator.send(new PutParameterCommand({ Name: "/open/a", Value: "1", Type: "String" }));
  await administrator.send(new PutParameterCommand({ Name: "/closed/a", Value: "2", Type: "String" }));

  const reader = await assume("reader");
  const identity = await new STSClient(reader).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, `arn:aws:sts::${local.identities.account}:assumed-role/reader/test`);
  const { Parameter } = await new SSMClient(reader).send(new GetParameterCommand({ Name: "/open/a" }));
  assert.equal(Parameter?.Value, "1");
  await assert.rejects(new SSMClient(reader).send(new GetParameterCommand({ Name: "/closed/a" })), {
    name: "AccessDeniedException",
    message:
      /assumed-role\/reader\/test is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:.*closed\/a/,
  });
  await assert.rejects(new S3Client(reader).send(new ListBucketsCommand({})), { name: "AccessDenied" });
});

test("a role that does not exist cannot be assumed", async () => {
  await assert.rejects(assume("nobody"), {
    name: "AccessDenied",
    message: /is not authorized to perform: sts:AssumeRole/,
  });
});
