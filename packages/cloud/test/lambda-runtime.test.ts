/** What a function's code finds when it runs: modules, handler, context, environment, isolation. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { region, roleArn, startLambda, type LocalLambda } from "./lambda-support.ts";

function local(t: TestContext, options: Parameters<typeof startLambda>[0] = {}): LocalLambda {
  const started = startLambda(options);
  t.after(() => started.close());
  return started;
}

test("an async handler gets the event and its value is the payload", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy("exports.handler = async (event) => ({ sum: event.a + event.b });");

  assert.deepEqual(await invoke(name, { a: 1, b: 2 }), { value: { sum: 3 }, functionError: undefined });
});

test("an invocation without a payload sees an empty event", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy("exports.handler = async (event) => event;");

  assert.deepEqual((await invoke(name)).value, {});
});

test("a handler that returns nothing answers null", async (t) => {
  const { deploy, invoke } = local(t);

  assert.equal((await invoke(await deploy("exports.handler = async () => {};"))).value, null);
  assert.equal((await invoke(await deploy("exports.handler = () => 5;"))).value, null);
});

test("a callback answers up to nodejs22.x and is refused from nodejs24.x on", async (t) => {
  const { deploy, invoke } = local(t);
  const source =
    "exports.handler = (event, context, callback) => setTimeout(() => callback(null, 'called'), 1);";

  assert.equal((await invoke(await deploy(source))).value, "called");
  const newer = await invoke(await deploy(source, { Runtime: "nodejs24.x" }));
  assert.equal((newer.value as { errorType: string }).errorType, "Runtime.CallbackHandlerDeprecated");
});

test("the context tells function, version, request and remaining time", async (t) => {
  const { deploy, lambda } = local(t);
  const source = `exports.handler = async (event, context) => ({ ...context, remaining: context.getRemainingTimeInMillis() });`;
  const functionName = await deploy(source, { MemorySize: 256, Timeout: 7 });

  const { payload } = await lambda.invoke({
    functionName,
    payload: "",
    requestId: "3f6b0a4e-0000-4000-8000-000000000001",
  });

  const context = JSON.parse(payload) as Record<string, unknown>;
  assert.equal(context["functionName"], functionName);
  assert.equal(context["functionVersion"], "$LATEST");
  assert.equal(context["memoryLimitInMB"], "256");
  assert.equal(context["awsRequestId"], "3f6b0a4e-0000-4000-8000-000000000001");
  assert.equal(
    context["invokedFunctionArn"],
    `arn:aws:lambda:${region}:123456789012:function:${functionName}`,
  );
  assert.equal(context["logGroupName"], `/aws/lambda/${functionName}`);
  assert.match(String(context["logStreamName"]), /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  assert.ok(Number(context["remaining"]) > 6_000 && Number(context["remaining"]) <= 7_000);
});

test("the environment has Lambda's variables, the function's and the role's credentials, and nothing of the host's", async (t) => {
  process.env["HOST_SECRET"] = "must not leak";
  t.after(() => delete process.env["HOST_SECRET"]);
  const { deploy, invoke, identities } = local(t, { awsEndpoint: () => "http://127.0.0.1:4566" });
  const name = await deploy("exports.handler = async () => ({ ...process.env });", {
    Environment: { Variables: { CLUSTER_USER: "myapp" } },
  });

  const variables = (await invoke(name)).value as Record<string, string>;

  assert.equal(variables["AWS_REGION"], region);
  assert.equal(variables["AWS_DEFAULT_REGION"], region);
  assert.equal(variables["AWS_LAMBDA_FUNCTION_NAME"], name);
  assert.equal(variables["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
  assert.equal(variables["AWS_EXECUTION_ENV"], "AWS_Lambda_nodejs22.x");
  assert.equal(variables["_HANDLER"], "index.handler");
  assert.equal(variables["TZ"], ":UTC");
  assert.equal(variables["CLUSTER_USER"], "myapp");
  assert.equal(variables["AWS_ENDPOINT_URL"], "http://127.0.0.1:4566");
  assert.equal(identities.find(variables["AWS_ACCESS_KEY_ID"] ?? "")?.principalArn, roleArn);
  assert.ok((variables["AWS_SESSION_TOKEN"] ?? "").length > 0);
  assert.equal(variables["HOST_SECRET"], undefined);
  assert.equal(variables["DSQL_LOCAL_HOST"], undefined);
});

test("module state, globalThis and process.env of one environment are unseen by another", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy(`
    let calls = 0;
    globalThis.pool ??= { made: 0 };
    exports.handler = async ({ waitMs }) => {
      calls += 1;
      globalThis.pool.made += 1;
      process.env.CALLS = calls;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      return [calls, globalThis.pool.made, process.env.CALLS];
    };`);

  const both = await Promise.all([invoke(name, { waitMs: 200 }), invoke(name, { waitMs: 200 })]);
  const again = await invoke(name, { waitMs: 0 });

  assert.deepEqual(
    both.map(({ value }) => value),
    [
      [1, 1, "1"],
      [1, 1, "1"],
    ],
  );
  assert.deepEqual(again.value, [2, 2, "2"]);
});

test("ES modules run with instances of their own, top-level await and imports of files, packages and builtins", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy({
    "index.mjs": `
      import { basename } from "node:path";
      import legacy, { word } from "./legacy.cjs";
      import { counter } from "./lib/counter.mjs";
      import { twice } from "twice";
      const later = await Promise.resolve("later");
      export const handler = async () => {
        const { name } = await import("./lib/lazy.mjs");
        return [counter.next(), legacy.word, word, later, twice(4), name, basename(import.meta.url), import.meta.filename.endsWith("index.mjs")];
      };`,
    "legacy.cjs": "exports.word = 'old';",
    "lib/counter.mjs": "let n = 0; export const counter = { next: () => (n += 1) };",
    "lib/lazy.mjs": "export const name = 'lazy';",
    "node_modules/twice/package.json": JSON.stringify({
      name: "twice",
      type: "module",
      exports: { import: "./main.js" },
    }),
    "node_modules/twice/main.js": "export const twice = (n) => 2 * n;",
  });

  const first = await Promise.all([invoke(name), invoke(name)]);

  for (const { value } of first)
    assert.deepEqual(value, [1, "old", "old", "later", 8, "lazy", "index.mjs", true]);
  assert.deepEqual(((await invoke(name)).value as unknown[])[0], 2);
});

test("a .js file is an ES module where package.json says so", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy(
    {
      "package.json": '{"type":"module"}',
      "src/app.js": "export const api = { handler: async () => 'module' };",
    },
    { Handler: "src/app.api.handler" },
  );

  assert.equal((await invoke(name)).value, "module");
});

test("CommonJS requires files, JSON and packages of the zip, also in a circle", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy({
    "index.js": `#!/usr/bin/env node
      const { createRequire } = require("node:module");
      const data = require("./data.json");
      const a = require("./a");
      exports.handler = async () => [data.n, a.name, a.other(), require("tool").kind, createRequire(__filename)("./a") === a, typeof require.resolve("./a"), (await import("node:os")).EOL];`,
    "data.json": '{"n":7}',
    "a.js": "exports.name = 'a'; const b = require('./b'); exports.other = () => b.name;",
    "b.js": "const a = require('./a'); exports.name = 'b of ' + a.name;",
    "node_modules/tool/package.json": '{"name":"tool","main":"lib/index.js"}',
    "node_modules/tool/lib/index.js": "module.exports = { kind: 'package' };",
  });

  assert.deepEqual((await invoke(name)).value, [7, "a", "b of a", "package", true, "string", "\n"]);
});

test("the AWS SDK's signer is provided, signs with the role's credentials, and a missing package says how to bundle it", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy(`
    const { DsqlSigner } = require("@aws-sdk/dsql-signer");
    exports.handler = async () => {
      const signer = new DsqlSigner({ hostname: "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws", region: process.env.AWS_REGION });
      const token = await signer.getDbConnectAdminAuthToken();
      return token.includes(encodeURIComponent(process.env.AWS_ACCESS_KEY_ID + "/"));
    };`);
  const missing = await deploy('require("@aws-sdk/that-nobody-installed"); exports.handler = async () => 1;');

  assert.equal((await invoke(name)).value, true);
  const { value } = await invoke(missing);
  const { errorType, errorMessage } = value as { errorType: string; errorMessage: string };
  assert.equal(errorType, "Runtime.ImportModuleError");
  assert.match(errorMessage, /does not bring @aws-sdk\/that-nobody-installed along.*externalModules/s);
});

test("clients of the services that the endpoint offers are provided; those of others load, and refuse to be made", async (t) => {
  const { deploy, invoke } = local(t);
  const offered = ["cloudformation", "cloudwatch-logs", "dsql", "iam", "lambda", "s3", "ssm", "sts"];
  const name = await deploy(`
    exports.handler = async ({ clients }) => clients.map((client) => Object.keys(require("@aws-sdk/client-" + client)).length > 5);
  `);
  assert.deepEqual(
    (await invoke(name, { clients: offered })).value,
    offered.map(() => true),
  );

  const other = await deploy(`
    const { SFN } = require("@aws-sdk/client-of-a-service-not-offered");
    exports.handler = async ({ isUsed }) => (isUsed ? new SFN({}) : typeof SFN);
  `);
  assert.equal((await invoke(other, { isUsed: false })).value, "function");
  const { errorMessage } = (await invoke(other, { isUsed: true })).value as { errorMessage: string };
  assert.match(
    errorMessage,
    /SFN of @aws-sdk\/client-of-a-service-not-offered is not there.*externalModules/,
  );
});

test("packages that lie above the zip on this machine are not found, as they would not be in AWS", async (t) => {
  const { deploy, invoke } = local(t);
  const name = await deploy('require("fflate"); exports.handler = async () => 1;');

  assert.match(
    String((await invoke(name)).value && JSON.stringify((await invoke(name)).value)),
    /Cannot find module 'fflate'/,
  );
});

test("the log holds START, console lines, END and REPORT, on disk and at the end of the answer", async (t) => {
  const { deploy, lambda, dataDir } = local(t);
  const functionName = await deploy(
    "exports.handler = async () => { console.log('moved %d', 10); process.stdout.write('raw\\n'); };",
  );

  const { logResult = "" } = await lambda.invoke({
    functionName,
    payload: "",
    logType: "Tail",
    requestId: "request-1",
  });

  const tail = Buffer.from(logResult, "base64").toString("utf8").split("\n");
  assert.match(tail[0] ?? "", /^INIT_START Runtime Version: nodejs:22 \(run by Node\.js v/);
  assert.equal(tail[1], "START RequestId: request-1 Version: $LATEST");
  assert.match(tail[2] ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z\trequest-1\tINFO\tmoved 10$/);
  assert.equal(tail[3], "raw");
  assert.equal(tail[4], "END RequestId: request-1");
  assert.match(
    tail[5] ?? "",
    /^REPORT RequestId: request-1\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t$/,
  );

  await lambda.stop();
  const group = join(dataDir, "logs", encodeURIComponent(`/aws/lambda/${functionName}`));
  const text = readdirSync(group)
    .map((name) => readFileSync(join(group, name), "utf8"))
    .join("");
  assert.match(
    text,
    /^\d+\t\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}\t"START RequestId: request-1 Version: \$LATEST"$/m,
  );
});

test("with JSON logging a line is an object with level and request", async (t) => {
  const { deploy, lambda } = local(t);
  const functionName = await deploy("exports.handler = async () => console.warn({ order: 1 });", {
    LoggingConfig: { LogFormat: "JSON" },
  });

  const { logResult = "" } = await lambda.invoke({
    functionName,
    payload: "",
    logType: "Tail",
    requestId: "request-2",
  });

  const lines = Buffer.from(logResult, "base64").toString("utf8").trim().split("\n");
  const line = lines
    .map((text) => JSON.parse(text) as Record<string, unknown>)
    .find((each) => each["level"] === "WARN");
  assert.deepEqual(
    { ...line, timestamp: "" },
    { timestamp: "", level: "WARN", requestId: "request-2", message: { order: 1 } },
  );
});
