/** Requests that send without end, or do not say who they are: others are served, and memory stays within its bounds. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { CloudFormationClient, CreateStackCommand } from "@aws-sdk/client-cloudformation";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { payloadHash, RequestSigner } from "@dsql-local/account";

import { Endpoint } from "../src/endpoint.ts";
import type { S3 } from "../src/s3/index.ts";
import type { SignatureVerifier } from "../src/signature.ts";
import { region, startCloud, type StartedCloud } from "./cloud-support.ts";
import { eventually } from "./eventually.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const mebibyte = 1024 * 1024;

let local: StartedCloud;
before(async () => {
  local = await startCloud();
});
after(() => local.close());

async function served(): Promise<void> {
  const client = new STSClient({ ...local.client, maxAttempts: 1 });
  const { Account: account } = await client.send(new GetCallerIdentityCommand({}));
  assert.equal(account, local.identities.account);
  client.destroy();
}

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

function bufferBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test("bodies whose signature is not known to be good take a bounded memory together", async (t) => {
  await served();
  const before = bufferBytes();
  const { accessKeyId } = local.identities.administrator;
  // The hash of the body is not named, so it has to be read before the signature is judged.
  const head = [
    "POST / HTTP/1.1",
    "host: localhost",
    `authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261201/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    "x-amz-date: 20261201T000000Z",
    `content-length: ${8 * mebibyte}`,
    "\r\n",
  ].join("\r\n");
  const body = Buffer.alloc(8 * mebibyte - 1, "x"); // The last byte never comes.
  const port = Number(new URL(local.cloud.endpoint).port);
  const sockets: Socket[] = [];
  for (let number = 0; number < 40; number++) {
    const socket = await open(t, port);
    socket.resume();
    socket.write(head);
    socket.write(body);
    sockets.push(socket);
    if (number % 10 === 0) await served();
  }
  await eventually(
    "what is too much has been refused",
    () => sockets.filter(({ closed }) => closed).length >= 30,
  );
  await served();
  await eventually("no more than the bound is kept", () => bufferBytes() - before < 96 * mebibyte);
  for (const socket of sockets) socket.destroy();
  await eventually("all of it is free again", () => bufferBytes() - before < 32 * mebibyte);
  await served();
});

test("of connections without a verified request the one that has waited longest makes room", async (t) => {
  const endpoint = new Endpoint({
    services: {},
    s3: {} as S3,
    signatures: {} as SignatureVerifier,
    httpApis: { handle: () => Promise.resolve({ status: 200 }) },
    functionUrls: { handle: () => Promise.resolve({ status: 200, headers: {}, body: "hello" }) },
    log: () => undefined,
    newcomersMax: 3,
  });
  const port = await endpoint.listen(0);
  t.after(() => endpoint.close());
  const silent: Socket[] = [];
  for (let number = 0; number < 3; number++) silent.push(await open(t, port));
  const response = await fetch(`http://127.0.0.1:${port}/lambda-url/hello/`);
  assert.equal(await response.text(), "hello");
  await eventually("the first has made room", () => silent[0]?.closed === true);
  assert.deepEqual(
    silent.map(({ closed }) => closed),
    [true, false, false],
  );
});

test("an XML document nested deeper than can be walked is refused as such", async () => {
  const text = "<a>".repeat(200_000) + "</a>".repeat(200_000);
  const url = new URL("/bucket?delete=", local.cloud.endpoint);
  const signer = new RequestSigner({ credential: local.identities.administrator, region, service: "s3" });
  const { host: _host, ...headers } = signer.signHeaders(
    {
      method: "POST",
      path: url.pathname,
      query: [["delete", ""]],
      headers: { host: url.host, "x-amz-content-sha256": payloadHash(text) },
      payloadHash: payloadHash(text),
    },
    Date.now(),
  );
  await new S3Client({ ...local.client, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: "bucket" }),
  );
  const response = await fetch(url, { method: "POST", headers, body: text });
  assert.equal(response.status, 400, await response.text());
  await served();
});

test("a template nested deeper than can be walked is refused as such, and so is a pattern without end", async () => {
  const client = new CloudFormationClient({ ...local.client, maxAttempts: 1 });
  const deep = `{"Resources":{"a":{"Type":"AWS::SSM::Parameter","Properties":{"Value":${"[".repeat(20_000)}${"]".repeat(20_000)}}}}}`;
  await assert.rejects(client.send(new CreateStackCommand({ StackName: "deep", TemplateBody: deep })), {
    name: "ValidationError",
    message: /nested deeper than/,
  });
  const parameters = { Name: { Type: "String", AllowedPattern: "(a+)+$", Default: `${"a".repeat(100)}!` } };
  const resources = { a: { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value: "a" } } };
  const endless = JSON.stringify({ Parameters: parameters, Resources: resources });
  const creating = client.send(new CreateStackCommand({ StackName: "endless", TemplateBody: endless }));
  await assert.rejects(creating, { name: "ValidationError", message: /takes too long to be matched/ });
  await served();
  client.destroy();
});
