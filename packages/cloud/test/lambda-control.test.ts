/** Control operations, versions and aliases, concurrency, events, persistence. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceError } from "../src/service.ts";
import { eventually } from "./eventually.ts";
import { account, region, roleArn, startLambda, zipOf, type LocalLambda } from "./lambda-support.ts";

function local(t: TestContext, options: Parameters<typeof startLambda>[0] = {}): LocalLambda {
  const started = startLambda(options);
  t.after(() => started.close());
  return started;
}

const answers = (text: string): string => `exports.handler = async () => ${JSON.stringify(text)};`;

test("a function survives a restart with its code, configuration and versions", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(answers("one"), {
    Publish: true,
    MemorySize: 512,
    Tags: { team: "talk" },
  });
  const before = lambda.lambda.getFunction(name);

  await lambda.restart();

  assert.deepEqual(lambda.lambda.getFunction(name), before);
  assert.equal(before.Configuration.FunctionArn, `arn:aws:lambda:${region}:${account}:function:${name}`);
  assert.equal((await lambda.invoke(`${name}:1`)).value, "one");
});

test("code deployed through S3 is fetched, and an absent object is named", async (t) => {
  const lambda = local(t);
  lambda.objects.set("assets/one.zip", zipOf(answers("from S3")));

  const name = await lambda.deploy({}, { Code: { S3Bucket: "assets", S3Key: "one.zip" } });

  assert.equal((await lambda.invoke(name)).value, "from S3");
  await assert.rejects(lambda.deploy({}, { Code: { S3Bucket: "assets", S3Key: "two.zip" } }), {
    code: "InvalidParameterValueException",
    message: /GetObject of assets\/two\.zip.*NoSuchKey/,
  });
});

test("an update takes effect for the next invocation while the one under way ends on the old code", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(`
    const { existsSync, writeFileSync } = require("node:fs");
    exports.handler = async ({ begun, mayEnd }) => {
      writeFileSync(begun, "");
      while (!existsSync(mayEnd)) await new Promise((resolve) => setTimeout(resolve, 5));
      return "old";
    };`);
  const [begun, mayEnd] = [join(lambda.dataDir, "begun"), join(lambda.dataDir, "may-end")];
  const underWay = lambda.invoke(name, { begun, mayEnd });
  await eventually("the invocation has begun", () => existsSync(begun));

  await lambda.lambda.updateFunctionCode({ FunctionName: name, ZipFile: zipOf(answers("new")) });

  assert.equal((await lambda.invoke(name)).value, "new");
  writeFileSync(mayEnd, "");
  assert.equal((await underWay).value, "old");
});

test("a changed variable is seen by new environments, and the revision guards an update", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy("exports.handler = async () => process.env.MODE ?? 'none';");
  const { RevisionId } = lambda.lambda.getFunction(name).Configuration;
  assert.equal((await lambda.invoke(name)).value, "none");

  const Environment = { Variables: { MODE: "fast" } };
  await lambda.lambda.updateFunctionConfiguration({ FunctionName: name, Environment, RevisionId });

  assert.equal((await lambda.invoke(name)).value, "fast");
  await assert.rejects(
    lambda.lambda.updateFunctionConfiguration({ FunctionName: name, RevisionId, Timeout: 5 }),
    {
      code: "PreconditionFailedException",
    },
  );
});

test("a published version keeps its code, and an alias leads to it", async (t) => {
  const lambda = local(t);
  const { functions } = lambda.lambda;
  const name = await lambda.deploy(answers("first"));
  assert.equal(functions.publishVersion({ FunctionName: name }).Version, "1");
  assert.equal(functions.publishVersion({ FunctionName: name }).Version, "1");
  functions.createAlias({ FunctionName: name, Name: "live", FunctionVersion: "1" });
  await lambda.lambda.updateFunctionCode({
    FunctionName: name,
    ZipFile: zipOf(answers("second")),
    Publish: true,
  });

  assert.equal((await lambda.invoke(`${name}:live`)).value, "first");
  assert.equal((await lambda.invoke(name)).value, "second");
  functions.updateAlias({ FunctionName: name, Name: "live", FunctionVersion: "2" });
  const output = await lambda.lambda.invoke({ functionName: name, qualifier: "live", payload: "" });
  assert.deepEqual([output.payload, output.executedVersion], ['"second"', "2"]);
  assert.deepEqual(
    functions.listVersions(name).map(({ Version }) => Version),
    ["$LATEST", "1", "2"],
  );
  await assert.rejects(lambda.lambda.deleteFunction(name, "2"), { code: "ResourceConflictException" });
});

test("a function that is not there, is there already or asks for what is not offered is refused", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(answers("one"));

  await assert.rejects(lambda.invoke("absent"), {
    code: "ResourceNotFoundException",
    status: 404,
    message: `Function not found: arn:aws:lambda:${region}:${account}:function:absent`,
  });
  await assert.rejects(lambda.invoke(`${name}:absent`), { message: new RegExp(`function:${name}:absent$`) });
  await assert.rejects(lambda.deploy(answers("one"), { FunctionName: name }), {
    code: "ResourceConflictException",
  });
  await assert.rejects(lambda.deploy("", { Runtime: "python3.13" }), /runs, on Node\.js v/);
  await assert.rejects(lambda.deploy("", { Timeout: 901 }), { code: "ValidationException" });
  await assert.rejects(
    lambda.deploy("", { Environment: { Variables: { AWS_REGION: "x" } } }),
    /Reserved keys used in this request: AWS_REGION/,
  );
  await lambda.lambda.deleteFunction(name);
  await assert.rejects(lambda.invoke(name), { code: "ResourceNotFoundException" });
});

test("a role that is absent or does not trust Lambda is refused", async (t) => {
  const lambda = local(t);
  const arn = `arn:aws:iam::${account}:role/of-another-service`;
  const Statement = [
    { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
  ];
  lambda.identities.putRole({
    name: "of-another-service",
    arn,
    assumeRolePolicy: { Version: "2012-10-17", Statement },
  });
  const refusal = {
    code: "InvalidParameterValueException",
    message: "The role defined for the function cannot be assumed by Lambda.",
  };

  await assert.rejects(lambda.deploy(answers("one"), { Role: arn }), refusal);
  await assert.rejects(lambda.deploy(answers("one"), { Role: `${roleArn}-absent` }), refusal);
});

const waits =
  "exports.handler = async ({ waitMs }) => { await new Promise((r) => setTimeout(r, waitMs)); return 1; };";

test("invocations beyond the account's concurrency are throttled, and those within run", async (t) => {
  const lambda = local(t, { environmentsMax: 3 });
  const name = await lambda.deploy(waits);

  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => lambda.invoke(name, { waitMs: 300 })),
  );

  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"],
  );
  const last = results[4] as { reason: ServiceError };
  const { code, status, message, members } = last.reason;
  assert.deepEqual([code, status, message], ["TooManyRequestsException", 429, "Rate Exceeded."]);
  assert.deepEqual(members, { Reason: "ConcurrentInvocationLimitExceeded" });
  assert.equal((await lambda.invoke(name, { waitMs: 0 })).value, 1);
});

test("reserved concurrency bounds its function and is kept from the others", async (t) => {
  const lambda = local(t, { environmentsMax: 103 });
  const { functions } = lambda.lambda;
  const [reserved, other] = [await lambda.deploy(waits), await lambda.deploy(waits)];
  functions.putFunctionConcurrency(reserved, 2);
  assert.throws(() => functions.putFunctionConcurrency(other, 2), { code: "InvalidParameterValueException" });

  const calls = await Promise.allSettled(
    Array.from({ length: 3 }, () => lambda.invoke(reserved, { waitMs: 200 })),
  );
  const others = await Promise.allSettled(
    Array.from({ length: 102 }, () => lambda.invoke(other, { waitMs: 500 })),
  );

  assert.deepEqual(
    calls.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected"],
  );
  assert.equal(others.filter(({ status }) => status === "fulfilled").length, 101);
  functions.putFunctionConcurrency(reserved, 0);
  await assert.rejects(lambda.invoke(reserved, {}), {
    members: { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" },
  });
  functions.deleteFunctionConcurrency(reserved);
  assert.equal((await lambda.invoke(reserved, { waitMs: 0 })).value, 1);
});

test("an idle environment of one function makes room for another function's", async (t) => {
  const lambda = local(t, { environmentsMax: 2 });
  const [first, second] = [await lambda.deploy(waits), await lambda.deploy(waits)];
  await Promise.all([lambda.invoke(first, { waitMs: 50 }), lambda.invoke(first, { waitMs: 50 })]);

  const both = await Promise.all([
    lambda.invoke(second, { waitMs: 50 }),
    lambda.invoke(second, { waitMs: 50 }),
  ]);

  assert.deepEqual(
    both.map(({ value }) => value),
    [1, 1],
  );
});

test("an event is accepted at once and runs later; a dry run does not run", async (t) => {
  const lambda = local(t);
  const functionName = await lambda.deploy(
    "exports.handler = async ({ file, word }) => require('node:fs').writeFileSync(file, word);",
  );
  const file = join(lambda.dataDir, "written");
  const send = (invocationType: "Event" | "DryRun", word: string) =>
    lambda.lambda.invoke({ functionName, payload: JSON.stringify({ file, word }), invocationType });

  const statuses = [(await send("Event", "event")).statusCode, (await send("DryRun", "dry run")).statusCode];

  assert.deepEqual(statuses, [202, 204]);
  await eventually("the event has run", () => existsSync(file) && readFileSync(file, "utf8") !== "");
  assert.equal(readFileSync(file, "utf8"), "event");
});

test("when Lambda stops, what is under way fails and nothing keeps the process alive", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(waits);
  const underWay = lambda.invoke(name, { waitMs: 2_500 });
  await sleep(200);

  await lambda.lambda.stop();

  assert.match(JSON.stringify((await underWay).value), /Runtime\.ExitError/);
  await assert.rejects(lambda.invoke(name), { code: "ServiceException" });
});
