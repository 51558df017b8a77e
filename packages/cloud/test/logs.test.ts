import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";

import { startCloud, type StartedCloud } from "./cloud-support.ts";
import { eventually } from "./eventually.ts";

let local: StartedCloud;
let client: CloudWatchLogsClient;
before(async () => {
  local = await startCloud();
  client = new CloudWatchLogsClient(local.client);
});
after(async () => {
  client.destroy();
  await local.close();
});

async function filtered(logGroupName: string, filterPattern: string): Promise<readonly string[]> {
  const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern }));
  return events.map((event) => event.message ?? "");
}

test("what a function logs is found by its words", async () => {
  const Role = `arn:aws:iam::${local.identities.account}:role/logger`;
  const Statement = [
    { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
  ];
  local.identities.putRole({
    name: "logger",
    arn: Role,
    assumeRolePolicy: { Version: "2012-10-17", Statement },
  });
  const lambda = new LambdaClient(local.client);
  const source = "exports.handler = async (event) => { console.log('seen', event.word); return 1; };";
  const ZipFile = zipSync({ "index.js": strToU8(source) });
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: "logger",
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Role,
      Code: { ZipFile },
    }),
  );
  for (const word of ["apple", "pear"]) {
    await lambda.send(new InvokeCommand({ FunctionName: "logger", Payload: JSON.stringify({ word }) }));
  }
  const logGroupName = "/aws/lambda/logger";
  // Lines reach the disk within some hundred milliseconds.
  await eventually("the line is on disk", async () => {
    const found = await filtered(logGroupName, "seen pear").catch(() => []);
    return found.length === 1;
  });
  assert.match((await filtered(logGroupName, '"seen apple"'))[0] ?? "", /seen apple/);
  assert.deepEqual(await filtered(logGroupName, "plum"), []);

  const { logStreams = [] } = await client.send(new DescribeLogStreamsCommand({ logGroupName }));
  const logStreamName = logStreams[0]?.logStreamName ?? "";
  const first = await client.send(
    new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, limit: 1 }),
  );
  assert.equal(first.events?.length, 1);
  const rest = await client.send(
    new GetLogEventsCommand({
      logGroupName,
      logStreamName,
      startFromHead: true,
      nextToken: first.nextForwardToken,
    }),
  );
  assert.ok((rest.events?.length ?? 0) > 3, "START, the line, END and REPORT of two invocations");
});

test("a group is created, given a retention, listed and deleted", async () => {
  await client.send(new CreateLogGroupCommand({ logGroupName: "/own/group" }));
  await client.send(new PutRetentionPolicyCommand({ logGroupName: "/own/group", retentionInDays: 7 }));
  await assert.rejects(client.send(new CreateLogGroupCommand({ logGroupName: "/own/group" })), {
    name: "ResourceAlreadyExistsException",
  });
  const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/own" }));
  assert.deepEqual(
    logGroups.map((group) => [group.logGroupName, group.retentionInDays]),
    [["/own/group", 7]],
  );
  await client.send(new DeleteLogGroupCommand({ logGroupName: "/own/group" }));
  await assert.rejects(filtered("/own/group", ""), { name: "ResourceNotFoundException" });
});

test("no group's name leads out of the log folder", async () => {
  for (const logGroupName of ["..", "."]) {
    await assert.rejects(client.send(new DeleteLogGroupCommand({ logGroupName })), {
      name: "InvalidParameterException",
    });
  }
  await assert.rejects(client.send(new DeleteLogGroupCommand({ logGroupName: "../lambda" })), {
    name: "ResourceNotFoundException",
  });
});
