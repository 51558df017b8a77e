/** The API as the AWS SDK's client uses it, through the endpoint with signatures and policies. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  TagResourceCommand,
  type TooManyRequestsException,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { AccountIdentities, type Credential } from "@dsql-local/account";
import { silentLog, systemClock, systemRandom } from "@dsql-local/cluster";
import { createCloud } from "../src/index.ts";
import { DescribedClusters } from "./described-clusters.ts";
import { account, region, roleArn, trustsLambda, zipOf } from "./lambda-support.ts";

interface Started {
  readonly identities: AccountIdentities;
  readonly client: (credential: Credential) => LambdaClient;
}

async function start(t: TestContext): Promise<Started> {
  const dataDir = mkdtempSync(join(tmpdir(), "dsql-local-lambda-api-"));
  const file = join(dataDir, "identities.json");
  const identities = AccountIdentities.open({ file, clock: systemClock, random: systemRandom });
  identities.putRole({ name: "function-role", arn: roleArn, assumeRolePolicy: trustsLambda });
  const cloud = createCloud({
    cluster: {
      clusters: new DescribedClusters({ id: "abcdefghijklmnopqrstuvwxyz", region, account }),
      account,
      identities,
      host: "127.0.0.1",
      port: 5432,
      caFile: join(dataDir, "ca.pem"),
    },
    dataDir: join(dataDir, "cloud"),
    region,
    log: silentLog,
  });
  await cloud.start();
  const clients: LambdaClient[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await cloud.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    identities,
    client(credentials) {
      const client = new LambdaClient({ endpoint: cloud.endpoint, region, credentials, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
  };
}

const FunctionName = "transfer";
const doubles =
  "exports.handler = async ({ n }) => { if (n < 0) throw new RangeError('negative'); console.log('n', n); return 2 * n; };";

async function deploy(client: LambdaClient): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: "nodejs22.x",
      Role: roleArn,
      Handler: "index.handler",
      Code: { ZipFile: zipOf(doubles) },
      Tags: { team: "talk" },
    }),
  );
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 5 }, { FunctionName });
}

test("a function is created, invoked with its log, updated, listed and deleted", async (t) => {
  const { client: clientOf, identities } = await start(t);
  const client = clientOf(identities.administrator);
  await deploy(client);

  const { Payload, LogResult, ExecutedVersion, StatusCode } = await client.send(
    new InvokeCommand({ FunctionName, Payload: '{"n":21}', LogType: "Tail" }),
  );
  assert.deepEqual([Payload?.transformToString(), ExecutedVersion, StatusCode], ["42", "$LATEST", 200]);
  assert.match(Buffer.from(LogResult ?? "", "base64").toString(), /INFO\tn 21\nEND RequestId: /);

  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 10 }));
  await client.send(
    new UpdateFunctionCodeCommand({
      FunctionName,
      ZipFile: zipOf("exports.handler = async () => 'updated';"),
    }),
  );
  await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 5 }, { FunctionName });
  const updated = await client.send(new InvokeCommand({ FunctionName }));
  assert.equal(updated.Payload?.transformToString(), '"updated"');

  const { Configuration, Tags } = await client.send(new GetFunctionCommand({ FunctionName }));
  assert.deepEqual([Configuration?.Timeout, Configuration?.State, Tags], [10, "Active", { team: "talk" }]);
  const { Functions } = await client.send(new ListFunctionsCommand({}));
  assert.deepEqual(
    Functions?.map((each) => each.FunctionName),
    [FunctionName],
  );
  await client.send(new DeleteFunctionCommand({ FunctionName }));
  await assert.rejects(client.send(new GetFunctionCommand({ FunctionName })), {
    name: "ResourceNotFoundException",
  });
});

test("a function's error, a throttled call and a bad payload look as they do in AWS", async (t) => {
  const { client: clientOf, identities } = await start(t);
  const client = clientOf(identities.administrator);
  await deploy(client);

  const failed = await client.send(new InvokeCommand({ FunctionName, Payload: '{"n":-1}' }));
  assert.deepEqual([failed.FunctionError, failed.StatusCode], ["Unhandled", 200]);
  const { errorType, errorMessage } = JSON.parse(failed.Payload?.transformToString() ?? "") as Record<
    string,
    unknown
  >;
  assert.deepEqual([errorType, errorMessage], ["RangeError", "negative"]);

  await assert.rejects(client.send(new InvokeCommand({ FunctionName, Payload: "{" })), {
    name: "InvalidRequestContentException",
  });
  const large = Buffer.alloc(7 * 1024 * 1024, 32);
  await assert.rejects(client.send(new InvokeCommand({ FunctionName, Payload: large })), {
    name: "RequestTooLargeException",
  });
  await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  await assert.rejects(
    client.send(new InvokeCommand({ FunctionName })),
    (error: TooManyRequestsException) => {
      assert.equal(error.name, "TooManyRequestsException");
      assert.equal(error.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
      assert.equal(error.$metadata.httpStatusCode, 429);
      return true;
    },
  );
});

test("versions, aliases, permissions, tags and account settings answer in their shapes", async (t) => {
  const { client: clientOf, identities } = await start(t);
  const client = clientOf(identities.administrator);
  await deploy(client);
  const Resource = `arn:aws:lambda:${region}:${account}:function:${FunctionName}`;

  const { Version = "" } = await client.send(new PublishVersionCommand({ FunctionName }));
  await client.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: Version }));
  const { Payload, ExecutedVersion } = await client.send(
    new InvokeCommand({ FunctionName: `${Resource}:live`, Payload: '{"n":1}' }),
  );
  assert.deepEqual([Payload?.transformToString(), ExecutedVersion], ["2", "1"]);
  const { Versions } = await client.send(new ListVersionsByFunctionCommand({ FunctionName }));
  assert.deepEqual(
    Versions?.map((each) => each.Version),
    ["$LATEST", "1"],
  );

  await client.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "events",
      Action: "lambda:InvokeFunction",
      Principal: "events.amazonaws.com",
      SourceArn: `arn:aws:events:${region}:${account}:rule/nightly`,
    }),
  );
  const { Policy = "" } = await client.send(new GetPolicyCommand({ FunctionName }));
  assert.deepEqual((JSON.parse(Policy) as { Statement: unknown[] }).Statement, [
    {
      Sid: "events",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "lambda:InvokeFunction",
      Resource,
      Condition: { ArnLike: { "AWS:SourceArn": `arn:aws:events:${region}:${account}:rule/nightly` } },
    },
  ]);
  await client.send(new TagResourceCommand({ Resource, Tags: { stage: "local" } }));
  await client.send(new UntagResourceCommand({ Resource, TagKeys: ["team"] }));
  assert.deepEqual((await client.send(new ListTagsCommand({ Resource }))).Tags, { stage: "local" });
  const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
  assert.equal(AccountLimit?.ConcurrentExecutions, 1_000);
});

test("a caller without a policy for it is refused, and with one is served", async (t) => {
  const { client: clientOf, identities } = await start(t);
  await deploy(clientOf(identities.administrator));
  const arn = `arn:aws:iam::${account}:role/caller`;
  const trust = [
    { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole" },
  ];
  identities.putRole({ name: "caller", arn, assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
  const { callerArn } = identities.administrator;
  const client = clientOf(identities.assumeRole({ roleArn: arn, sessionName: "session", callerArn }));

  await assert.rejects(client.send(new InvokeCommand({ FunctionName })), {
    name: "AccessDeniedException",
    message:
      /caller\/session is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:.*:function:transfer/,
  });
  const Resource = `arn:aws:lambda:${region}:${account}:function:${FunctionName}`;
  const Statement = [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource }];
  identities.putRolePolicy("caller", "invoke", { Version: "2012-10-17", Statement });
  const { Payload } = await client.send(new InvokeCommand({ FunctionName, Payload: '{"n":4}' }));
  assert.equal(Payload?.transformToString(), "8");
  // The permission for a function is none for its versions, which have ARNs of their own.
  await assert.rejects(client.send(new InvokeCommand({ FunctionName, Qualifier: "$LATEST" })), {
    name: "AccessDeniedException",
    message: /:function:transfer:\$LATEST/,
  });
});
