import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DSQLClient,
  GetClusterCommand,
  GetVpcEndpointServiceNameCommand,
  ListClustersCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateClusterCommand,
  waitUntilClusterActive,
  waitUntilClusterNotExists,
} from "@aws-sdk/client-dsql";

import { clusterId as identifier, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let client: DSQLClient;
before(async () => {
  local = await startCloud();
  client = new DSQLClient(local.client);
});
after(async () => {
  client.destroy();
  await local.close();
});

test("the local cluster is there before anybody created one", async () => {
  const { clusters } = await client.send(new ListClustersCommand({}));
  assert.deepEqual(clusters, [{ identifier, arn: local.cluster.arn }]);
  const cluster = await client.send(new GetClusterCommand({ identifier }));
  assert.equal(cluster.status, "ACTIVE");
  assert.equal(cluster.endpoint, local.cluster.endpoint);
});

test("CreateCluster gives out the local cluster; a second one is refused", async () => {
  const created = await client.send(
    new CreateClusterCommand({ tags: { Name: "first" }, clientToken: "one" }),
  );
  assert.equal(created.identifier, identifier);
  assert.equal(created.status, "CREATING");
  assert.equal(created.deletionProtectionEnabled, true);
  assert.ok(created.creationTime instanceof Date);
  await waitUntilClusterActive({ client, maxWaitTime: 10 }, { identifier });
  const repeated = await client.send(
    new CreateClusterCommand({ tags: { Name: "first" }, clientToken: "one" }),
  );
  assert.equal(repeated.identifier, identifier);
  await assert.rejects(client.send(new CreateClusterCommand({})), {
    name: "ServiceQuotaExceededException",
    message: /runs one local cluster at a time/,
    resourceType: "cluster",
  });
});

test("tags are added, listed and removed", async () => {
  const resourceArn = local.cluster.arn;
  await client.send(new TagResourceCommand({ resourceArn, tags: { stage: "test" } }));
  const listed = await client.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(listed.tags, { Name: "first", stage: "test" });
  await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["Name"] }));
  assert.deepEqual((await client.send(new GetClusterCommand({ identifier }))).tags, { stage: "test" });
});

test("deletion protection is honoured until it is switched off", async () => {
  await assert.rejects(client.send(new DeleteClusterCommand({ identifier })), {
    name: "ValidationException",
    reason: "deletionProtectionEnabled",
  });
  await client.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: false }));
  const deleted = await client.send(new DeleteClusterCommand({ identifier }));
  assert.equal(deleted.status, "DELETING");
  await waitUntilClusterNotExists({ client, maxWaitTime: 10 }, { identifier });
  assert.deepEqual((await client.send(new ListClustersCommand({}))).clusters, []);
});

test("a deleted cluster stays deleted over a restart, and is created again as the same one", async () => {
  await local.restart();
  await assert.rejects(client.send(new GetClusterCommand({ identifier })), {
    name: "ResourceNotFoundException",
    resourceId: identifier,
  });
  const created = await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false }));
  assert.equal(created.identifier, identifier);
  const { serviceName } = await client.send(new GetVpcEndpointServiceNameCommand({ identifier }));
  assert.match(serviceName ?? "", /^com\.amazonaws\.us-east-1\.dsql/);
});

test("several Regions are refused", async () => {
  await client.send(new DeleteClusterCommand({ identifier }));
  await assert.rejects(
    client.send(new CreateClusterCommand({ multiRegionProperties: { witnessRegion: "us-west-2" } })),
    {
      name: "ValidationException",
      reason: "fieldValidationFailed",
    },
  );
});
