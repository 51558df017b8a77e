/** The real CDK CLI deploys HTTP APIs, and fetch calls them: routes, stages, CORS, permissions, failures. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { GetPolicyCommand, LambdaClient, RemovePermissionCommand } from "@aws-sdk/client-lambda";
import { type Cluster, createCluster, silentLog } from "@dsql-local/cluster";

import { type Cloud, createCloud } from "../src/index.ts";
import { type CdkRun, runCdk } from "./cdk-support.ts";

const sources = fileURLToPath(new URL("../../test/cdk-http-api/", import.meta.url));
const nodeModules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));
const region = "us-east-1";

let scratch: string;
let cluster: Cluster;
let cloud: Cloud;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "dsql-local-http-api-"));
  cpSync(sources, join(scratch, "app"), { recursive: true });
  symlinkSync(nodeModules, join(scratch, "app", "node_modules"), "dir");
  cluster = createCluster({ dataDir: join(scratch, "data"), host: "127.0.0.1", port: 0 });
  await cluster.start();
  await startCloud();
  const { code, output } = await cdk("deploy", "--require-approval", "never");
  assert.equal(code, 0, output);
  outputs = await outputsOfStack();
});
after(async () => {
  await cloud.stop();
  await cluster.stop();
  rmSync(scratch, { recursive: true, force: true });
});

let outputs: Readonly<Record<string, string>>;

async function startCloud(port = 0): Promise<void> {
  cloud = createCloud({ cluster, port, dataDir: join(scratch, "data", "cloud"), region, log: silentLog });
  await cloud.start();
}

function cdk(...args: readonly string[]): Promise<CdkRun> {
  const credentials = cluster.identities.administrator;
  return runCdk({ app: join(scratch, "app"), home: scratch, endpoint: cloud.endpoint, credentials }, args);
}

const client = () => ({ endpoint: cloud.endpoint, region, credentials: cluster.identities.administrator });

async function outputsOfStack(): Promise<Record<string, string>> {
  const { Stacks = [] } = await new CloudFormationClient(client()).send(
    new DescribeStacksCommand({ StackName: "ApiStack" }),
  );
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]),
  );
}

interface Told {
  readonly [member: string]: unknown;
}

async function call(url: string, init: RequestInit = {}): Promise<{ response: Response; told: Told }> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { response, told: (text === "" ? {} : JSON.parse(text)) as Told };
}

test("the outputs are addresses that work here, and the function knows its own", async () => {
  const { Url = "", Endpoint = "" } = outputs;
  assert.match(Url, new RegExp(`^${cloud.endpoint}/http-api/[a-z0-9]{10}/$`));
  assert.equal(`${Endpoint}/`, Url);
  const { told } = await call(`${Url}items/7`);
  assert.equal(told["url"], Url);
});

test("a route's function gets payload format 2.0, with path parameters, query, body and the caller's own headers", async () => {
  const { Url = "" } = outputs;
  const read = await call(`${Url}items/a%20b?n=1&n=2`, { headers: { authorization: "Bearer x" } });
  assert.equal(read.response.status, 200);
  assert.equal(read.response.headers.get("x-authorization"), "Bearer x");
  assert.equal(read.response.headers.get("set-cookie"), "seen=yes");
  const { routeKey, pathParameters, rawPath, rawQueryString, version, stage } = read.told;
  assert.deepEqual(
    { routeKey, pathParameters, rawPath, rawQueryString, version, stage },
    {
      routeKey: "GET /items/{id}",
      pathParameters: { id: "a b" },
      rawPath: "/items/a b",
      rawQueryString: "n=1&n=2",
      version: "2.0",
      stage: "$default",
    },
  );
  const written = await call(`${Url}items`, { method: "POST", body: '{"a":1}' });
  assert.equal(written.response.status, 201);
  assert.deepEqual([written.told["body"], written.told["isBase64Encoded"]], ['{"a":1}', false]);
});

test("a named stage stands in the path; a path, method or API that is not there is 404", async () => {
  const { Url = "" } = outputs;
  const { told } = await call(`${Url}beta/items/7`);
  assert.deepEqual(
    [told["stage"], told["routeKey"], told["rawPath"]],
    ["beta", "GET /items/{id}", "/beta/items/7"],
  );
  for (const url of [`${Url}nowhere`, `${Url}items`, `${cloud.endpoint}/http-api/0000000000/items/7`]) {
    const missing = await call(url);
    assert.deepEqual([missing.response.status, missing.told], [404, { message: "Not Found" }]);
  }
});

test("$default takes every path and method", async () => {
  const { told } = await call(`${outputs["OpenUrl"] ?? ""}any/path`, { method: "PUT", body: "x" });
  assert.deepEqual([told["routeKey"], told["rawPath"]], ["$default", "/any/path"]);
});

test("a browser's question is answered without the function, and answers carry what its origin may know", async () => {
  const { Url = "" } = outputs;
  const origin = "https://shop.example";
  const asked = await fetch(`${Url}items`, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST" },
  });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get("access-control-allow-origin"), origin);
  assert.equal(asked.headers.get("access-control-allow-methods"), "GET,POST");
  assert.equal(asked.headers.get("access-control-max-age"), "300");
  const answered = await fetch(`${Url}items/7`, { headers: { origin } });
  assert.equal(answered.headers.get("access-control-allow-origin"), origin);
  const other = await fetch(`${Url}items/7`, { headers: { origin: "https://other.example" } });
  assert.equal(other.headers.get("access-control-allow-origin"), null);
});

test("a function that fails, and one that does not let API Gateway in, are 500 and no more", async () => {
  const { Url = "", OpenUrl = "" } = outputs;
  const failed = await call(`${Url}broken`);
  assert.deepEqual([failed.response.status, failed.told], [500, { message: "Internal Server Error" }]);

  const { StackResources = [] } = await new CloudFormationClient(client()).send(
    new DescribeStackResourcesCommand({ StackName: "ApiStack" }),
  );
  const FunctionName = StackResources.find(({ LogicalResourceId = "" }) =>
    /^AllFunction[0-9A-F]{8}$/.test(LogicalResourceId),
  )?.PhysicalResourceId;
  const lambda = new LambdaClient(client());
  const { Policy = "" } = await lambda.send(new GetPolicyCommand({ FunctionName }));
  for (const { Sid } of (JSON.parse(Policy) as { Statement: { Sid: string }[] }).Statement)
    await lambda.send(new RemovePermissionCommand({ FunctionName, StatementId: Sid }));
  const refused = await call(OpenUrl);
  assert.deepEqual([refused.response.status, refused.told], [500, { message: "Internal Server Error" }]);
});

test("APIs are there after a restart; cdk diff finds no difference; destroyed, they answer no more", async () => {
  const { port } = cloud;
  await cloud.stop();
  await startCloud(port);
  assert.equal((await fetch(`${outputs["Url"] ?? ""}items/7`)).status, 200);
  const diff = await cdk("diff", "--fail");
  assert.equal(diff.code, 0, diff.output);
  const { code, output } = await cdk("destroy", "--force");
  assert.equal(code, 0, output);
  assert.equal((await fetch(`${outputs["Url"] ?? ""}items/7`)).status, 404);
});

test("what is not offered is refused by name before anything is made", async () => {
  const template = (type: string, properties: object): string =>
    JSON.stringify({ Resources: { Part: { Type: `AWS::ApiGatewayV2::${type}`, Properties: properties } } });
  const cases: readonly (readonly [type: string, properties: object, refusal: RegExp])[] = [
    [
      "Api",
      { Name: "a", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "x" },
      /ProtocolType WEBSOCKET is not offered/,
    ],
    [
      "Route",
      { ApiId: "a", RouteKey: "GET /a", Target: "integrations/b", AuthorizationType: "JWT" },
      /AuthorizationType JWT is not offered/,
    ],
    ["Route", { ApiId: "a", RouteKey: "GET a", Target: "integrations/b" }, /not properly formatted/],
    [
      "Integration",
      { ApiId: "a", IntegrationType: "HTTP_PROXY", IntegrationUri: "https://x" },
      /IntegrationType HTTP_PROXY is not offered/,
    ],
    [
      "Integration",
      { ApiId: "a", IntegrationUri: "x", PayloadFormatVersion: "1.0" },
      /PayloadFormatVersion 1\.0 is not offered/,
    ],
    ["Stage", { ApiId: "a", StageName: "b" }, /a stage without AutoDeploy is not offered/],
    [
      "Stage",
      { ApiId: "a", StageName: "b", AutoDeploy: true, DefaultRouteSettings: {} },
      /DefaultRouteSettings is not offered/,
    ],
    ["Authorizer", {}, /Unrecognized resource types: \[AWS::ApiGatewayV2::Authorizer\]/],
  ];
  const { CreateStackCommand, waitUntilStackCreateComplete } = await import("@aws-sdk/client-cloudformation");
  const formation = new CloudFormationClient(client());
  for (const [index, [type, properties, refusal]] of cases.entries()) {
    const StackName = `Refused${index}`;
    const made = async (): Promise<void> => {
      await formation.send(new CreateStackCommand({ StackName, TemplateBody: template(type, properties) }));
      await waitUntilStackCreateComplete({ client: formation, maxWaitTime: 60, minDelay: 1 }, { StackName });
    };
    await assert.rejects(made, (error: Error) => {
      assert.match(error.message, refusal);
      return true;
    });
  }
});
