/** The control plane with the SDK's own client, over a real cluster: what it says is there can be connected to. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import {
  CreateClusterCommand,
  type CreateClusterCommandInput,
  CreateStreamCommand,
  DeleteClusterCommand,
  DeleteClusterPolicyCommand,
  DeleteStreamCommand,
  DSQLClient,
  GetClusterCommand,
  GetClusterPolicyCommand,
  GetStreamCommand,
  GetVpcEndpointServiceNameCommand,
  ListClustersCommand,
  ListStreamsCommand,
  ListTagsForResourceCommand,
  paginateListClusters,
  PutClusterPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateClusterCommand,
  waitUntilClusterActive,
  waitUntilClusterNotExists,
} from "@aws-sdk/client-dsql";
import { type Cluster, createCluster, removeDataDir, silentLog } from "@dsql-local/cluster";
import { connect } from "node:tls";

import { type Cloud, createCloud } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "dsql-local-plane-"));
const dataDir = join(folder, "data");
let cluster: Cluster;
let cloud: Cloud;
let east: DSQLClient;
let west: DSQLClient;

async function start(): Promise<void> {
  cluster = createCluster({ dataDir, connectionRate: "unlimited" });
  await cluster.start();
  const options = { cluster, dataDir: join(dataDir, "cloud"), region: cluster.region, log: silentLog };
  cloud = createCloud(options);
  await cloud.start();
  [east, west] = [clientOf("us-east-1"), clientOf("us-west-2")];
}

async function stop(): Promise<void> {
  await cloud.stop();
  await cluster.stop({ immediate: true });
}

function clientOf(region: string, credentials = cluster.identities.administrator): DSQLClient {
  return new DSQLClient({ endpoint: cloud.endpoint, region, credentials });
}

before(start);
after(async () => {
  await stop();
  await removeDataDir(dataDir);
  rmSync(folder, { recursive: true, force: true });
});

async function create(input: CreateClusterCommandInput = {}, client = east) {
  const {
    identifier = "",
    arn = "",
    ...rest
  } = await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false, ...input }));
  return { identifier, arn, ...rest };
}

async function status(identifier: string, client = east): Promise<string | undefined> {
  return (await client.send(new GetClusterCommand({ identifier }))).status;
}

async function remove(identifier: string, client = east): Promise<void> {
  await client.send(new DeleteClusterCommand({ identifier }));
  await waitUntilClusterNotExists({ client, maxWaitTime: 20, minDelay: 1 }, { identifier });
}

/** Whether the cluster's name is served, with a certificate that is good for it. */
async function isServed(endpoint: string): Promise<boolean> {
  const { port, host } = cluster;
  const { ca } = cluster.connection().ssl;
  const socket = connect({ port, host, servername: endpoint, ca, ALPNProtocols: ["postgresql"] });
  const answer = await new Promise<boolean>((resolve) => {
    socket.once("secureConnect", () => {
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
  socket.destroy();
  return answer;
}

/** What tells that a member was refused, for `assert.rejects`. */
function fieldRefusal(name: string, message = /must be/) {
  return (error: {
    name: string;
    reason?: string;
    fieldList?: { name: string; message: string }[];
  }): boolean => {
    assert.equal(error.name, "ValidationException");
    assert.equal(error.reason, "fieldValidationFailed");
    assert.equal(error.fieldList?.[0]?.name, name);
    assert.match(error.fieldList[0].message, message);
    return true;
  };
}

const witness = { witnessRegion: "us-east-2" };

test("the cluster that a data directory begins with is there, and the first to ask is given it", async () => {
  const { id: identifier, arn, endpoint } = cluster;
  assert.deepEqual((await east.send(new ListClustersCommand({}))).clusters, [{ identifier, arn }]);
  assert.equal(await status(identifier), "ACTIVE");
  const created = await east.send(new CreateClusterCommand({ tags: { Name: "first" }, clientToken: "one" }));
  assert.equal(created.identifier, identifier);
  assert.equal(created.status, "CREATING");
  assert.equal(created.endpoint, endpoint);
  assert.equal(created.deletionProtectionEnabled, true);
  assert.ok(created.creationTime instanceof Date);
  assert.deepEqual(created.encryptionDetails, {
    encryptionType: "AWS_OWNED_KMS_KEY",
    encryptionStatus: "ENABLED",
  });
});

test("the same client token is the same request; with another request it is a conflict", async () => {
  const input = { clientToken: "two", tags: { Name: "second" } };
  const [left, right] = await Promise.all([create(input), create(input)]);
  assert.equal(left.identifier, right.identifier);
  assert.notEqual(left.identifier, cluster.id);
  await assert.rejects(create({ clientToken: "two" }), {
    name: "ConflictException",
    resourceType: "cluster",
  });
  await waitUntilClusterActive(
    { client: east, maxWaitTime: 20, minDelay: 1 },
    { identifier: left.identifier },
  );
  await remove(left.identifier);
});

test("tags are added, listed, removed and bounded", async () => {
  const { arn: resourceArn, id: identifier } = cluster;
  await east.send(new TagResourceCommand({ resourceArn, tags: { stage: "test" } }));
  const listed = await east.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(listed.tags, { Name: "first", stage: "test" });
  await east.send(new UntagResourceCommand({ resourceArn, tagKeys: ["Name"] }));
  assert.deepEqual((await east.send(new GetClusterCommand({ identifier }))).tags, { stage: "test" });
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key-${index}`, ""]));
  await assert.rejects(
    east.send(new TagResourceCommand({ resourceArn, tags: many })),
    fieldRefusal("tags", /at most 200/),
  );
  await assert.rejects(
    east.send(new TagResourceCommand({ resourceArn, tags: { "aws:stage": "test" } })),
    fieldRefusal("tags", /no key beginning with aws:/),
  );
});

test("deletion protection is honoured until it is switched off; then the data go with the cluster", async () => {
  const { identifier } = await create({ deletionProtectionEnabled: true });
  await assert.rejects(east.send(new DeleteClusterCommand({ identifier })), {
    name: "ValidationException",
    reason: "deletionProtectionEnabled",
  });
  const updated = await east.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: false }));
  assert.equal(updated.status, "UPDATING");
  assert.equal((await east.send(new DeleteClusterCommand({ identifier }))).status, "DELETING");
  await waitUntilClusterNotExists({ client: east, maxWaitTime: 20, minDelay: 1 }, { identifier });
  await assert.rejects(east.send(new DeleteClusterCommand({ identifier })), {
    name: "ResourceNotFoundException",
    resourceId: identifier,
    resourceType: "cluster",
  });
});

test("what a request may not hold is refused by the member's name", async () => {
  const refused = (input: Partial<CreateClusterCommandInput>, name: string): Promise<void> =>
    assert.rejects(create(input), fieldRefusal(name));
  await refused({ clientToken: "a b" }, "clientToken");
  await refused({ tags: { "#": "" } }, "tags");
  await refused({ kmsEncryptionKey: "no key!" }, "kmsEncryptionKey");
  await refused({ policy: "{}" }, "policy");
  await refused({ multiRegionProperties: {} }, "multiRegionProperties.witnessRegion");
  await refused(
    { multiRegionProperties: { witnessRegion: "us-east-1" } },
    "multiRegionProperties.witnessRegion",
  );
  await refused(
    { multiRegionProperties: { ...witness, clusters: ["arn:nothing"] } },
    "multiRegionProperties.clusters",
  );
  await assert.rejects(east.send(new GetClusterCommand({ identifier: "short" })), {
    name: "ValidationException",
  });
  await assert.rejects(east.send(new ListClustersCommand({ nextToken: "nonsense" })), {
    name: "ValidationException",
  });
  const { clusters } = await east.send(new ListClustersCommand({}));
  assert.equal(clusters?.length, 1, "nothing was created");
});

test("clusters are listed page by page, in the Region that asks", async () => {
  const made = [await create({}, west), await create({}, west), await create({}, west)];
  const seen: string[] = [];
  let pages = 0;
  for await (const page of paginateListClusters({ client: west, pageSize: 2 }, {})) {
    pages += 1;
    seen.push(...(page.clusters ?? []).map(({ identifier }) => identifier ?? ""));
  }
  assert.equal(pages, 2);
  assert.deepEqual(seen, made.map(({ identifier }) => identifier).sort());
  const [first] = made;
  assert.match(first?.endpoint ?? "", /\.dsql\.us-west-2\.on\.aws$/);
  assert.ok(await isServed(first?.endpoint ?? ""), "the certificate is good for the new Region");
  await assert.rejects(status(first?.identifier ?? "", east), { name: "ResourceNotFoundException" });
  for (const { identifier } of made) await remove(identifier, west);
});

test("two clusters that name each other become peers over the same rows, and go together", async () => {
  const left = await create({ multiRegionProperties: witness });
  assert.equal(left.status, "PENDING_SETUP");
  assert.deepEqual(left.multiRegionProperties?.clusters, [left.arn]);
  const right = await create({ multiRegionProperties: { ...witness, clusters: [left.arn] } }, west);
  assert.equal(right.status, "PENDING_SETUP");
  await east.send(
    new UpdateClusterCommand({
      identifier: left.identifier,
      multiRegionProperties: { ...witness, clusters: [left.arn, right.arn] },
    }),
  );
  const waiting = { maxWaitTime: 20, minDelay: 1 };
  await waitUntilClusterActive({ client: east, ...waiting }, { identifier: left.identifier });
  await waitUntilClusterActive({ client: west, ...waiting }, { identifier: right.identifier });
  const described = await west.send(new GetClusterCommand({ identifier: right.identifier }));
  assert.deepEqual(described.multiRegionProperties, { ...witness, clusters: [right.arn, left.arn] });

  const alone = { identifier: left.identifier, multiRegionProperties: { ...witness, clusters: [left.arn] } };
  await assert.rejects(east.send(new UpdateClusterCommand(alone)), { name: "ConflictException" });
  assert.equal(
    (await east.send(new DeleteClusterCommand({ identifier: left.identifier }))).status,
    "PENDING_DELETE",
  );
  assert.equal(await status(left.identifier), "PENDING_DELETE");
  await assert.rejects(
    east.send(new UpdateClusterCommand({ identifier: left.identifier, deletionProtectionEnabled: true })),
    { name: "ConflictException" },
  );
  await remove(right.identifier, west);
  await waitUntilClusterNotExists({ client: east, ...waiting }, { identifier: left.identifier });
});

test("a single-Region cluster cannot become one of several Regions", async () => {
  const { id: identifier } = cluster;
  const update = new UpdateClusterCommand({ identifier, multiRegionProperties: witness });
  await assert.rejects(east.send(update), fieldRefusal("multiRegionProperties", /cannot become/));
});

const outsideVpc = {
  Effect: "Deny",
  Principal: { AWS: "*" },
  Action: ["dsql:DbConnect", "dsql:DbConnectAdmin"],
  Resource: "*",
  Condition: { Null: { "aws:SourceVpc": "true" } },
};
const document = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });

test("a cluster's policy is put, read and deleted, by version", async () => {
  const { id: identifier } = cluster;
  await assert.rejects(east.send(new GetClusterPolicyCommand({ identifier })), {
    name: "ResourceNotFoundException",
    resourceType: "cluster-policy",
  });
  const policy = document(outsideVpc);
  const put = await east.send(new PutClusterPolicyCommand({ identifier, policy, clientToken: "put" }));
  const again = await east.send(new PutClusterPolicyCommand({ identifier, policy, clientToken: "put" }));
  assert.equal(again.policyVersion, put.policyVersion);
  const read = await east.send(new GetClusterPolicyCommand({ identifier }));
  assert.equal(read.policy, policy);
  assert.equal(read.policyVersion, put.policyVersion);
  await assert.rejects(
    east.send(new PutClusterPolicyCommand({ identifier, policy, expectedPolicyVersion: "another" })),
    { name: "ConflictException" },
  );
  await east.send(new DeleteClusterPolicyCommand({ identifier, expectedPolicyVersion: put.policyVersion }));
  await assert.rejects(east.send(new DeleteClusterPolicyCommand({ identifier })), {
    name: "ResourceNotFoundException",
  });
});

test("a policy that locks its author out, or lets everybody in, is refused", async () => {
  const { id: identifier } = cluster;
  const locksOut = document({ Effect: "Deny", Principal: "*", Action: "dsql:*", Resource: "*" });
  await assert.rejects(east.send(new PutClusterPolicyCommand({ identifier, policy: locksOut })), {
    name: "ValidationException",
    message: /keep you from changing it/,
  });
  const isPublic = document({ Effect: "Allow", Principal: "*", Action: "dsql:DbConnect", Resource: "*" });
  await assert.rejects(east.send(new PutClusterPolicyCommand({ identifier, policy: isPublic })), {
    name: "ValidationException",
    message: /public access/,
  });
});

test("a role does what its policies allow, in the Region and with the witness they name", async () => {
  const { identities } = cluster;
  const { account } = identities;
  const arn = `arn:aws:iam::${account}:role/operator`;
  const trust = { Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" };
  identities.putRole({ name: "operator", arn, assumeRolePolicy: document(trust) });
  const { callerArn } = identities.administrator;
  const operator = identities.assumeRole({ roleArn: arn, sessionName: "test", callerArn });
  const asOperator = clientOf("us-west-2", operator);
  const allow = (...Statement: object[]): void => {
    identities.putRolePolicy("operator", "own", document(...Statement));
  };
  const may = { Effect: "Allow", Resource: "*" };
  allow({ ...may, Action: "dsql:CreateCluster" });
  await assert.rejects(create({ multiRegionProperties: witness }, asOperator), {
    name: "AccessDeniedException",
    message: /dsql:PutMultiRegionProperties/,
  });
  allow(
    { ...may, Action: ["dsql:CreateCluster", "dsql:PutMultiRegionProperties"] },
    {
      ...may,
      Action: "dsql:PutWitnessRegion",
      Condition: { StringEquals: { "dsql:WitnessRegion": "us-east-2", "aws:RequestedRegion": "us-west-2" } },
    },
  );
  const wrongWitness = { multiRegionProperties: { witnessRegion: "eu-west-1" } };
  await assert.rejects(create(wrongWitness, asOperator), { message: /dsql:PutWitnessRegion/ });
  const { identifier } = await create({ multiRegionProperties: witness }, asOperator);
  await remove(identifier, west);
});

test("streams are kept and told apart, and fail for want of Kinesis", async () => {
  const { id: clusterIdentifier } = cluster;
  const targetDefinition = {
    kinesis: {
      streamArn: "arn:aws:kinesis:us-east-1:123456789012:stream/changes",
      roleArn: "arn:aws:iam::123456789012:role/changes",
    },
  };
  const input = { clusterIdentifier, targetDefinition, ordering: "UNORDERED", format: "JSON" } as const;
  const created = await east.send(new CreateStreamCommand({ ...input, clientToken: "stream" }));
  assert.equal(created.status, "CREATING");
  const again = await east.send(new CreateStreamCommand({ ...input, clientToken: "stream" }));
  assert.equal(again.streamIdentifier, created.streamIdentifier);
  const { streamIdentifier = "", arn: resourceArn } = created;
  const stream = await east.send(new GetStreamCommand({ clusterIdentifier, streamIdentifier }));
  assert.equal(stream.status, "FAILED");
  assert.equal(stream.statusReason?.error, "KINESIS_STREAM_NOT_FOUND");
  assert.deepEqual(stream.targetDefinition, targetDefinition);
  await east.send(new TagResourceCommand({ resourceArn, tags: { stage: "test" } }));
  const { tags } = await east.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(tags, { stage: "test" });
  const { streams } = await east.send(new ListStreamsCommand({ clusterIdentifier }));
  assert.deepEqual(
    streams?.map((each) => each.streamIdentifier),
    [streamIdentifier],
  );
  await east.send(new DeleteStreamCommand({ clusterIdentifier, streamIdentifier }));
  await assert.rejects(east.send(new GetStreamCommand({ clusterIdentifier, streamIdentifier })), {
    name: "ResourceNotFoundException",
    resourceType: "stream",
  });
  const target = { kinesis: { ...targetDefinition.kinesis, streamArn: "changes" } };
  const wrong = new CreateStreamCommand({ ...input, targetDefinition: target });
  await assert.rejects(east.send(wrong), fieldRefusal("targetDefinition.kinesis.streamArn", /Kinesis/));
});

test("a customer's key is shown and can be given up again", async () => {
  const { id: identifier } = cluster;
  const kmsEncryptionKey = "arn:aws:kms:us-east-1:123456789012:key/mine";
  await east.send(new UpdateClusterCommand({ identifier, kmsEncryptionKey }));
  const { encryptionDetails } = await east.send(new GetClusterCommand({ identifier }));
  assert.equal(encryptionDetails?.kmsKeyArn, kmsEncryptionKey);
  await east.send(new UpdateClusterCommand({ identifier, kmsEncryptionKey: "AWS_OWNED_KMS_KEY" }));
  const after = await east.send(new GetClusterCommand({ identifier }));
  assert.equal(after.encryptionDetails?.encryptionType, "AWS_OWNED_KMS_KEY");
});

test("the VPC endpoint's name is served as well", async () => {
  const { id: identifier } = cluster;
  const names = await east.send(new GetVpcEndpointServiceNameCommand({ identifier }));
  assert.match(names.serviceName ?? "", /^com\.amazonaws\.us-east-1\.dsql/);
  assert.ok(await isServed(names.clusterVpcEndpoint ?? ""));
});

test("everything is there again after a restart", async () => {
  const second = await create({ tags: { Name: "second" }, clientToken: "kept" });
  const firstId = cluster.id;
  await stop();
  await start();
  assert.equal(cluster.id, firstId);
  const { clusters } = await east.send(new ListClustersCommand({}));
  assert.equal(clusters?.length, 2);
  const again = await create({ tags: { Name: "second" }, clientToken: "kept" });
  assert.equal(again.identifier, second.identifier);
  await remove(second.identifier);
});

test("who deletes the last cluster finds an empty one, and is given that by the next CreateCluster", async () => {
  const { id: identifier } = cluster;
  await east.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: false }));
  await remove(identifier);
  assert.notEqual(cluster.id, identifier);
  assert.equal((await create()).identifier, cluster.id);
});
