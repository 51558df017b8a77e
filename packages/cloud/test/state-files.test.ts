/** State files: what the disk refuses has not happened, and a damaged file is named with what is wrong and what to do. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  UpdateTerminationProtectionCommand,
} from "@aws-sdk/client-cloudformation";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateClusterCommand,
  DSQLClient,
  ListClustersCommand,
  TagResourceCommand,
} from "@aws-sdk/client-dsql";
import {
  CreatePolicyCommand,
  CreateRoleCommand,
  IAMClient,
  ListPoliciesCommand,
  ListRolesCommand,
} from "@aws-sdk/client-iam";
import { CreateFunctionCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { AccountIdentities } from "@dsql-local/account";
import { silentLog, systemClock, systemRandom } from "@dsql-local/cluster";
import { zipSync } from "fflate";

import { createCloud } from "../src/index.ts";
import { region, settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const document = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
});

let local: StartedCloud;
before(async () => {
  local = await startCloud();
  const s3 = new S3Client(local.client);
  const iam = new IAMClient(local.client);
  await iam.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: trust }));
  await iam.send(new CreatePolicyCommand({ PolicyName: "own", PolicyDocument: document }));
  await new SSMClient(local.client).send(
    new PutParameterCommand({ Name: "/kept", Value: "1", Type: "String", Tags: [{ Key: "a", Value: "b" }] }),
  );
  await new CloudWatchLogsClient(local.client).send(new CreateLogGroupCommand({ logGroupName: "kept" }));
  await s3.send(new CreateBucketCommand({ Bucket: "kept" }));
  await s3.send(new PutObjectCommand({ Bucket: "kept", Key: "object", Body: "old" }));
  await new DSQLClient(local.client).send(new CreateClusterCommand({ tags: { a: "b" } }));
  await new LambdaClient(local.client).send(
    new CreateFunctionCommand({
      FunctionName: "kept",
      Role: `arn:aws:iam::${local.identities.account}:role/worker`,
      Code: { ZipFile: zipSync({ "index.js": Buffer.from("exports.handler = async () => 1;") }) },
      Handler: "index.handler",
      Runtime: "nodejs22.x",
    }),
  );
  const client = new CloudFormationClient(local.client);
  const TemplateBody = JSON.stringify({
    Resources: { A: { Type: "AWS::CloudFormation::WaitConditionHandle" } },
    Outputs: { O: { Value: { Ref: "A" } } },
  });
  await client.send(new CreateStackCommand({ StackName: "kept", TemplateBody }));
  assert.equal(await settledStatus(client, "kept"), "CREATE_COMPLETE");
});
after(() => local.close());

/** Lets the writing of a file fail, whoever runs this: where its draft would be made there is a folder. */
async function withRefusedWrites(file: string, suffix: string, work: () => Promise<void>): Promise<void> {
  const obstacle = `${file}.${process.pid}.${suffix}`;
  mkdirSync(join(obstacle, "in-the-way"), { recursive: true });
  try {
    await work();
  } finally {
    rmSync(obstacle, { recursive: true });
  }
}

/** An SDK would try again, in vain and for long. */
function onceOnly(): StartedCloud["client"] {
  return { ...local.client, maxAttempts: 1 as 3 };
}

const notWritten = { message: /could not write its state file .* Make room for it on the disk/ };

test("a parameter that the disk does not take is not there, changed, or gone", async () => {
  const ssm = new SSMClient(onceOnly());
  const value = async (Name: string): Promise<string | undefined> =>
    (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value;
  await withRefusedWrites(join(local.dataDir, "cloud", "ssm.json"), "draft", async () => {
    await assert.rejects(
      ssm.send(new PutParameterCommand({ Name: "/new", Value: "1", Type: "String" })),
      notWritten,
    );
    await assert.rejects(
      ssm.send(new PutParameterCommand({ Name: "/kept", Value: "2", Overwrite: true })),
      notWritten,
    );
    await assert.rejects(ssm.send(new DeleteParameterCommand({ Name: "/kept" })), notWritten);
    const tagged = { ResourceType: "Parameter", ResourceId: "/kept" } as const;
    await assert.rejects(
      ssm.send(new AddTagsToResourceCommand({ ...tagged, Tags: [{ Key: "c", Value: "d" }] })),
      notWritten,
    );
    await assert.rejects(value("/new"), { name: "ParameterNotFound" });
    assert.equal(await value("/kept"), "1");
    const { TagList } = await ssm.send(new ListTagsForResourceCommand(tagged));
    assert.deepEqual(TagList, [{ Key: "a", Value: "b" }]);
  });
  await ssm.send(new PutParameterCommand({ Name: "/new", Value: "1", Type: "String" }));
  assert.equal(await value("/new"), "1");
});

test("a role, a policy and a credential that the disk does not take are not there", async () => {
  const { identities } = local;
  const worker = `arn:aws:iam::${identities.account}:role/worker`;
  await withRefusedWrites(join(local.dataDir, "identities.json"), "new", () => {
    const before = identities.getRole("worker");
    assert.throws(() =>
      identities.putRole({ name: "new", arn: worker.replace("worker", "new"), assumeRolePolicy: trust }),
    );
    assert.throws(() => {
      identities.putRolePolicy("worker", "more", document);
    });
    assert.throws(() => {
      identities.deleteRole("worker");
    });
    assert.throws(() =>
      identities.assumeRole({ roleArn: worker, sessionName: "none", service: "lambda.amazonaws.com" }),
    );
    assert.equal(identities.getRole("new"), undefined);
    assert.deepEqual(identities.getRole("worker"), before);
    return Promise.resolve();
  });
  const iam = new IAMClient(onceOnly());
  await withRefusedWrites(join(local.dataDir, "cloud", "managed-policies.json"), "draft", async () => {
    await assert.rejects(
      iam.send(new CreatePolicyCommand({ PolicyName: "new", PolicyDocument: document })),
      notWritten,
    );
    const { Policies = [] } = await iam.send(new ListPoliciesCommand({}));
    assert.deepEqual(
      Policies.map(({ PolicyName }) => PolicyName),
      ["own"],
    );
  });
});

test("log groups, tags of clusters and of buckets, and objects stay as they were", async () => {
  const logs = new CloudWatchLogsClient(onceOnly());
  await withRefusedWrites(join(local.dataDir, "cloud", "log-groups.json"), "draft", async () => {
    await assert.rejects(logs.send(new CreateLogGroupCommand({ logGroupName: "new" })), notWritten);
    const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
    assert.deepEqual(
      logGroups.map(({ logGroupName }) => logGroupName),
      ["kept"],
    );
  });

  const dsql = new DSQLClient(onceOnly());
  const { clusters = [] } = await dsql.send(new ListClustersCommand({}));
  const resourceArn = clusters[0]?.arn;
  await withRefusedWrites(join(local.dataDir, "cloud", "dsql.json"), "draft", async () => {
    await assert.rejects(dsql.send(new TagResourceCommand({ resourceArn, tags: { c: "d" } })), notWritten);
  });
  await dsql.send(new TagResourceCommand({ resourceArn, tags: { e: "f" } }));

  const s3 = new S3Client(onceOnly());
  const bucket = join(local.dataDir, "cloud", "s3", "kept");
  const [description = ""] = readdirSync(join(bucket, "objects")).filter((file) => file.endsWith(".json"));
  await withRefusedWrites(join(bucket, "objects", description), "draft", async () => {
    await assert.rejects(
      s3.send(new PutObjectCommand({ Bucket: "kept", Key: "object", Body: "new" })),
      notWritten,
    );
    const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: "kept", Key: "object" }));
    assert.equal(await Body?.transformToString(), "old");
    assert.equal(ETag, '"149603e6c03516362a8da23f624db945"'); // MD5 of `old`
  });
  await withRefusedWrites(join(bucket, "bucket.json"), "draft", async () => {
    const Tagging = { TagSet: [{ Key: "a", Value: "b" }] };
    await assert.rejects(s3.send(new PutBucketTaggingCommand({ Bucket: "kept", Tagging })), notWritten);
  });
  await s3.send(new PutObjectCommand({ Bucket: "kept", Key: "object", Body: "newer" }));
  await s3.send(new PutObjectCommand({ Bucket: "kept", Key: "gone", Body: "x" }));
  await s3.send(new DeleteObjectCommand({ Bucket: "kept", Key: "gone" }));
  await local.restart();
  const { Body } = await new S3Client(local.client).send(
    new GetObjectCommand({ Bucket: "kept", Key: "object" }),
  );
  assert.equal(await Body?.transformToString(), "newer");
  const data = readdirSync(join(bucket, "objects")).filter((file) => file.endsWith(".data"));
  assert.equal(data.length, 1, "bytes that were replaced or deleted are gone");
});

test("a stack keeps the protection that it had", async () => {
  const client = new CloudFormationClient(onceOnly());
  const protection = async (): Promise<boolean | undefined> => {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: "kept" }));
    return Stacks[0]?.EnableTerminationProtection;
  };
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: "kept" }));
  const id = Stacks[0]?.StackId?.split("/").at(-1) ?? "";
  const command = new UpdateTerminationProtectionCommand({
    StackName: "kept",
    EnableTerminationProtection: true,
  });
  await withRefusedWrites(join(local.dataDir, "cloud", "cloudformation", `${id}.json`), "draft", async () => {
    await assert.rejects(client.send(command), notWritten);
    assert.equal(await protection(), false);
  });
  await client.send(command);
  assert.equal(await protection(), true);
});

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What may be in a file instead of what was written: cut short, of another form, and each member missing or of another. */
function damages(content: string): readonly string[] {
  const state = JSON.parse(content) as Json;
  const found: string[] = [
    "",
    content.slice(0, content.length / 2),
    "null",
    "1",
    "[null]",
    '[["a"]]',
    '{"a": 1}',
    "[]",
    "{}",
  ];
  const put = (change: (copy: Json) => void): void => {
    const copy = structuredClone(state);
    change(copy);
    found.push(JSON.stringify(copy));
  };
  for (const path of placesIn(state)) {
    for (const value of [null, 4711, [null]] as Json[]) put((copy) => void setAt(copy, path, value));
    put((copy) => void setAt(copy, path, undefined));
  }
  return found;
}

/** Of lists the first item stands for all. */
function placesIn(value: Json, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [];
  const names = Array.isArray(value) ? Object.keys(value).slice(0, 1) : Object.keys(value).slice(0, 20);
  return names.flatMap((name) => [
    [...path, name],
    ...placesIn((value as Record<string, Json>)[name] ?? null, [...path, name]),
  ]);
}

function setAt(root: Json, path: readonly (string | number)[], value: Json | undefined): void {
  let at = root as Record<string, Json>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, Json>;
  const last = path.at(-1) ?? "";
  if (value === undefined) Reflect.deleteProperty(at, last);
  else at[last] = value;
}

function jsonFilesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[/\\]code[/\\]/.test(relative(folder, file)));
}

/** Starts on a folder and asks every service for what it has. @returns the first failure, if any */
async function failureOf(dataDir: string): Promise<Error | undefined> {
  const defects: string[] = [];
  try {
    const identities = AccountIdentities.open({
      file: join(dataDir, "identities.json"),
      clock: systemClock,
      random: systemRandom,
    });
    const log: typeof silentLog = (event) => {
      if (event.event === "cloud.defect") defects.push(JSON.stringify(event));
    };
    const cluster = { ...local.cluster, account: identities.account, identities };
    const cloud = createCloud({
      cluster,
      dataDir: join(dataDir, "cloud"),
      region,
      log,
      lambda: { threads: 1 },
    });
    await cloud.start();
    try {
      const client = {
        ...local.clientOf(identities.administrator),
        endpoint: cloud.endpoint,
        maxAttempts: 1 as 3,
      };
      await askAll(client);
    } finally {
      await cloud.stop();
    }
  } catch (error) {
    return error as Error;
  }
  return defects.length === 0 ? undefined : new Error(defects.join("\n"));
}

async function askAll(client: StartedCloud["client"]): Promise<void> {
  const s3 = new S3Client(client);
  await new SSMClient(client).send(new DescribeParametersCommand({}));
  await new IAMClient(client).send(new ListRolesCommand({}));
  await new IAMClient(client).send(new ListPoliciesCommand({}));
  await new CloudFormationClient(client).send(new DescribeStacksCommand({}));
  await new LambdaClient(client).send(new ListFunctionsCommand({ FunctionVersion: "ALL" }));
  await new CloudWatchLogsClient(client).send(new DescribeLogGroupsCommand({}));
  await new DSQLClient(client).send(new ListClustersCommand({}));
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  for (const { Name } of Buckets) await s3.send(new ListObjectsV2Command({ Bucket: Name }));
}

test("a damaged state file is named with what is wrong and what to do, whatever is wrong with it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dsql-local-damaged-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const original = join(folder, "original");
  cpSync(local.dataDir, original, { recursive: true });
  assert.equal(await failureOf(original), undefined);
  const files = jsonFilesIn(original);
  assert.ok(files.length >= 10, files.join("\n"));
  let refused = 0;
  for (const file of files) {
    const content = readFileSync(file, "utf8");
    const all = damages(content);
    // A large file has many places that are alike; some forty of them are enough.
    const step = Math.max(1, Math.floor(all.length / 40));
    for (const damaged of all.filter((_each, at) => at < 9 || at % step === 0)) {
      writeFileSync(file, damaged);
      const failure = await failureOf(original);
      writeFileSync(file, content);
      if (failure === undefined) continue;
      refused += 1;
      const { message } = failure;
      const what = `${relative(original, file)} as ${damaged.slice(0, 300)}: ${failure.stack ?? message}`;
      assert.ok(message.includes(file) && message.includes("is damaged: "), what);
      assert.match(message, /move it away|remove it/, what);
    }
  }
  assert.ok(refused > 100, `${refused} refusals`);
});
