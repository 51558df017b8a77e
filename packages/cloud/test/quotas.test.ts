/** Quotas of an account: clusters of one Region and of several. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { CreateClusterCommand, DSQLClient } from "@aws-sdk/client-dsql";
import { limits } from "@dsql-local/spec";

import { startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
before(async () => {
  local = await startCloud();
});
after(() => local.close());

async function refused(work: Promise<unknown>, quotaCode: string): Promise<void> {
  await assert.rejects(
    work,
    (error: Error & { quotaCode?: string; $metadata?: { httpStatusCode?: number } }) => {
      assert.equal(error.name, "ServiceQuotaExceededException");
      assert.equal(error.message, "You have reached the cluster limit.");
      assert.equal(error.$metadata?.httpStatusCode, 402);
      assert.equal(error.quotaCode, quotaCode);
      return true;
    },
  );
}

test("five clusters of several Regions and twenty of one are made in a Region, and no more of either", async () => {
  const client = new DSQLClient(local.client);
  const multiRegionProperties = { witnessRegion: "us-west-2" };
  const several = new CreateClusterCommand({ multiRegionProperties, deletionProtectionEnabled: false });
  const single = new CreateClusterCommand({ deletionProtectionEnabled: false });
  for (let count = 0; count < limits.multiRegionClustersPerRegionMax.value; count++)
    await client.send(several);
  await refused(client.send(several), "multi-region-clusters-per-Region");
  for (let count = 0; count < limits.clustersPerRegionMax.value; count++) await client.send(single);
  await refused(client.send(single), "clusters-per-Region");
});
