/** Addresses, weights of aliases, provisioned concurrency: through the SDK, and with a plain HTTP client. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetFunctionUrlConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionUrlConfigsCommand,
  ListProvisionedConcurrencyConfigsCommand,
  PublishVersionCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { payloadHash, RequestSigner } from "@dsql-local/account";

import { region, startCloud, type StartedCloud } from "./cloud-support.ts";
import { trustsLambda, zipOf } from "./lambda-support.ts";

let local: StartedCloud;
let lambda: LambdaClient;
let role: string;
let names = 0;
before(async () => {
  local = await startCloud();
  lambda = new LambdaClient(local.client);
  const iam = new IAMClient(local.client);
  const created = await iam.send(
    new CreateRoleCommand({ RoleName: "functions", AssumeRolePolicyDocument: JSON.stringify(trustsLambda) }),
  );
  role = created.Role?.Arn ?? "";
  iam.destroy();
});
after(async () => {
  lambda.destroy();
  await local.close();
});

async function deploy(source: string): Promise<string> {
  names += 1;
  const FunctionName = `function-${names}`;
  const Code = { ZipFile: zipOf(source) };
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Code,
    }),
  );
  return FunctionName;
}

/** Two versions that say which they are. */
async function deployTwoVersions(): Promise<string> {
  const FunctionName = await deploy("exports.handler = async () => 1;");
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const ZipFile = zipOf("exports.handler = async () => 2;");
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile, Publish: true }));
  return FunctionName;
}

const echo = "exports.handler = async (event) => event;";

async function publicUrl(FunctionName: string, more: object = {}): Promise<string> {
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "public",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType: "NONE",
    }),
  );
  const { FunctionUrl = "" } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", ...more }),
  );
  return FunctionUrl;
}

test("a request to an address is an event of format 2.0", async () => {
  const url = await publicUrl(await deploy(echo));
  const answer = await fetch(`${url}accounts/7%20a?x=1&x=2&y=`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie: "a=1; b=2", "x-own": "yes" },
    body: '{"amount":10}',
  });
  assert.equal(answer.status, 200);
  const event = (await answer.json()) as Record<string, unknown>;
  assert.equal(event["version"], "2.0");
  assert.equal(event["rawPath"], "/accounts/7 a");
  assert.equal(event["rawQueryString"], "x=1&x=2&y=");
  assert.deepEqual(event["queryStringParameters"], { x: "1,2", y: "" });
  assert.deepEqual(event["cookies"], ["a=1", "b=2"]);
  assert.equal((event["headers"] as Record<string, string>)["x-own"], "yes");
  assert.equal(event["body"], '{"amount":10}');
  assert.equal(event["isBase64Encoded"], false);
  const context = event["requestContext"] as { http: { method: string } } & Record<string, string>;
  assert.equal(context["accountId"], "anonymous");
  assert.equal(context.http.method, "POST");
  assert.match(context["domainName"] ?? "", /^[a-z0-9]{32}\.lambda-url\.us-east-1\.on\.aws$/);
  assert.match(context["time"] ?? "", /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
});

test("a body that is no text arrives in base64", async () => {
  const url = await publicUrl(await deploy(echo));
  const body = new Uint8Array([0, 255, 1]);
  const answer = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body,
  });
  const event = (await answer.json()) as { body: string; isBase64Encoded: boolean };
  assert.deepEqual([event.body, event.isBase64Encoded], [Buffer.from(body).toString("base64"), true]);
});

test("what a function returns is a response: status, headers, cookies and body, or a body alone", async () => {
  const url = await publicUrl(
    await deploy(`exports.handler = async ({ rawPath }) => ({
      "/full": { statusCode: 201, headers: { "X-Own": 1 }, cookies: ["a=1", "b=2"], body: Buffer.from("bytes").toString("base64"), isBase64Encoded: true },
      "/empty": { statusCode: 204 },
      "/text": "plain",
      "/object": { balance: 10 },
    })[rawPath];`),
  );
  const full = await fetch(`${url}full`);
  assert.equal(full.status, 201);
  assert.equal(full.headers.get("x-own"), "1");
  assert.deepEqual(full.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(await full.text(), "bytes");
  assert.equal((await fetch(`${url}empty`)).status, 204);
  assert.equal(await (await fetch(`${url}text`)).text(), "plain");
  const object = await fetch(`${url}object`);
  assert.equal(object.headers.get("content-type"), "application/json");
  assert.deepEqual(await object.json(), { balance: 10 });
});

test("a function that fails is a bad gateway, one that throttles says so", async () => {
  const url = await publicUrl(await deploy("exports.handler = async () => { throw new Error('secret'); };"));
  const answer = await fetch(url);
  assert.equal(answer.status, 502);
  assert.doesNotMatch(await answer.text(), /secret/);
});

test("without a permission for everybody, and at an address that nobody has, everybody is forbidden", async () => {
  const FunctionName = await deploy(echo);
  const { FunctionUrl = "" } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE" }),
  );
  assert.equal((await fetch(FunctionUrl)).status, 403);
  assert.equal((await fetch(`${local.cloud.endpoint}/lambda-url/nobody/`)).status, 403);
});

test("an address with AWS_IAM asks for a signature, and tells the function whose it is", async () => {
  const FunctionName = await deploy(echo);
  const { FunctionUrl = "" } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "AWS_IAM" }),
  );
  assert.equal((await fetch(FunctionUrl)).status, 403);
  const { pathname, host } = new URL(FunctionUrl);
  const signer = new RequestSigner({
    credential: local.identities.administrator,
    region,
    service: "lambda",
  });
  const { host: _host, ...headers } = signer.signHeaders(
    { method: "GET", path: pathname, headers: { host }, payloadHash: payloadHash("") },
    Date.now(),
  );
  const answer = await fetch(FunctionUrl, { headers });
  assert.equal(answer.status, 200);
  const { requestContext } = (await answer.json()) as {
    requestContext: { authorizer: { iam: { userArn: string } } };
  };
  assert.match(requestContext.authorizer.iam.userArn, /:user\/local-admin$/);
});

test("an address's own CORS settings answer a browser", async () => {
  const cors = {
    AllowOrigins: ["https://app.example"],
    AllowMethods: ["*"],
    AllowHeaders: ["x-own"],
    MaxAge: 60,
  };
  const url = await publicUrl(await deploy(echo), { Cors: cors });
  const headers = { origin: "https://app.example", "access-control-request-method": "PUT" };
  const preflight = await fetch(url, { method: "OPTIONS", headers });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(preflight.headers.get("access-control-allow-methods"), "*");
  assert.equal(preflight.headers.get("access-control-max-age"), "60");
  const stranger = await fetch(url, { headers: { origin: "https://other.example" } });
  assert.equal(stranger.headers.get("access-control-allow-origin"), null);
});

test("addresses are described, changed, listed, deleted, and go with their alias", async () => {
  const FunctionName = await deployTwoVersions();
  const alias = { FunctionName, Qualifier: "live" };
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
  await lambda.send(new CreateFunctionUrlConfigCommand({ ...alias, AuthType: "NONE" }));
  await assert.rejects(lambda.send(new CreateFunctionUrlConfigCommand({ ...alias, AuthType: "NONE" })), {
    name: "ResourceConflictException",
  });
  await lambda.send(new UpdateFunctionUrlConfigCommand({ ...alias, AuthType: "AWS_IAM" }));
  const { AuthType, FunctionArn } = await lambda.send(new GetFunctionUrlConfigCommand(alias));
  assert.equal(AuthType, "AWS_IAM");
  assert.match(FunctionArn ?? "", /:live$/);
  await lambda.send(new DeleteAliasCommand({ FunctionName, Name: "live" }));
  const { FunctionUrlConfigs = [] } = await lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName }));
  assert.equal(FunctionUrlConfigs.length, 0);
  await assert.rejects(lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName })), {
    name: "ResourceNotFoundException",
  });
});

test("an alias with weights sends its share to the other version", async () => {
  const FunctionName = await deployTwoVersions();
  const invoke = async (): Promise<string> => {
    const { Payload, ExecutedVersion } = await lambda.send(
      new InvokeCommand({ FunctionName, Qualifier: "live" }),
    );
    assert.equal(Payload?.transformToString(), ExecutedVersion);
    return ExecutedVersion ?? "";
  };
  const weights = (weight: number) => ({ RoutingConfig: { AdditionalVersionWeights: { "2": weight } } });
  await lambda.send(
    new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1", ...weights(0.5) }),
  );
  const seen = new Set<string>();
  // Both are seen, unless a fair coin falls alike 64 times.
  for (let call = 0; call < 64 && seen.size < 2; call += 1) seen.add(await invoke());
  assert.deepEqual([...seen].sort(), ["1", "2"]);
  await lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", ...weights(1) }));
  assert.equal(await invoke(), "2");
  await assert.rejects(lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "2" })), {
    name: "ResourceConflictException",
  });
  await lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", RoutingConfig: {} }));
  assert.equal(await invoke(), "1");
  for (const weight of [1.5, -0.1]) {
    await assert.rejects(
      lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", ...weights(weight) })),
      { name: "InvalidParameterValueException" },
    );
  }
});

/** Waits until a configuration is no longer in progress; a machine that takes longer than a minute is not working. */
async function provisioned(target: { FunctionName: string; Qualifier: string }) {
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    const config = await lambda.send(new GetProvisionedConcurrencyConfigCommand(target));
    if (config.Status !== "IN_PROGRESS" || Date.now() > deadlineMs) return config;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("more provisioned concurrency than there is is refused with the option that gives more", async () => {
  const FunctionName = await deploy("exports.handler = async () => 1;");
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const target = { FunctionName, Qualifier: "1", ProvisionedConcurrentExecutions: 10_000 };
  await assert.rejects(lambda.send(new PutProvisionedConcurrencyConfigCommand(target)), {
    name: "InvalidParameterValueException",
    message:
      /greater than the unreservedConcurrentExecution for function: 1000\. Start the local stack with --limit concurrentExecutions=/,
  });
});

test("provisioned environments are made ahead of the first invocation, also after a restart", async () => {
  const FunctionName = await deploy(
    `const loadedAtMs = Date.now();
     exports.handler = async () => ({ loadedAtMs, type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });`,
  );
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const target = { FunctionName, Qualifier: "1" };
  const put = await lambda.send(
    new PutProvisionedConcurrencyConfigCommand({ ...target, ProvisionedConcurrentExecutions: 2 }),
  );
  assert.equal(put.Status, "IN_PROGRESS");
  for (const step of ["at first", "after a restart"]) {
    assert.equal((await provisioned(target)).AvailableProvisionedConcurrentExecutions, 2, step);
    const invokedAtMs = Date.now();
    const { Payload } = await lambda.send(new InvokeCommand(target));
    const { loadedAtMs, type } = JSON.parse(Payload?.transformToString() ?? "") as {
      loadedAtMs: number;
      type: string;
    };
    assert.ok(loadedAtMs <= invokedAtMs, `${step}: loaded before the invocation`);
    assert.equal(type, "provisioned-concurrency");
    await local.restart();
  }
  await lambda.send(new DeleteProvisionedConcurrencyConfigCommand(target));
});

test("provisioned concurrency of code that cannot be loaded fails with the code's error", async () => {
  const FunctionName = await deploy(`throw new Error("no table to sit at");`);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const target = { FunctionName, Qualifier: "1" };
  await lambda.send(
    new PutProvisionedConcurrencyConfigCommand({ ...target, ProvisionedConcurrentExecutions: 1 }),
  );
  const { Status, StatusReason } = await provisioned(target);
  assert.equal(Status, "FAILED");
  assert.match(StatusReason ?? "", /FUNCTION_ERROR_INIT_FAILURE: .*no table to sit at/);
});

test("provisioned concurrency is listed, taken away, and bounded by what there is", async () => {
  const FunctionName = await deployTwoVersions();
  const target = { FunctionName, Qualifier: "1" };
  await lambda.send(
    new PutProvisionedConcurrencyConfigCommand({ ...target, ProvisionedConcurrentExecutions: 3 }),
  );
  const config = await provisioned(target);
  assert.equal(config.Status, "READY");
  assert.equal(config.AvailableProvisionedConcurrentExecutions, 3);
  const { ProvisionedConcurrencyConfigs = [] } = await lambda.send(
    new ListProvisionedConcurrencyConfigsCommand({ FunctionName }),
  );
  assert.match(ProvisionedConcurrencyConfigs[0]?.FunctionArn ?? "", /:1$/);
  for (const [Qualifier, ProvisionedConcurrentExecutions] of [
    ["$LATEST", 1],
    ["1", 1_001],
  ] as const) {
    await assert.rejects(
      lambda.send(
        new PutProvisionedConcurrencyConfigCommand({
          FunctionName,
          Qualifier,
          ProvisionedConcurrentExecutions,
        }),
      ),
      { name: "InvalidParameterValueException" },
    );
  }
  await lambda.send(new DeleteProvisionedConcurrencyConfigCommand(target));
  await assert.rejects(lambda.send(new GetProvisionedConcurrencyConfigCommand(target)), {
    name: "ProvisionedConcurrencyConfigNotFoundException",
  });
});
