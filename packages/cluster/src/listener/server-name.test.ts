import assert from "node:assert/strict";
import { test } from "node:test";

import { isForCluster } from "./server-name.ts";

const cluster = { id: "abcdefghijklmnopqrstuvwxyz", region: "us-east-1" };
const option = `-c amzn-cluster-id=${cluster.id}`;

test("the host name of the cluster names it, in any case and with the root's dot", () => {
  for (const name of [
    `${cluster.id}.dsql.us-east-1.on.aws`,
    `${cluster.id}.dsql-fnh4.us-east-1.on.aws`,
    `${cluster.id}.dsql-local.us-east-1.on.aws`,
    `${cluster.id.toUpperCase()}.DSQL.us-east-1.on.aws.`,
  ]) {
    assert.ok(isForCluster(cluster, name, undefined), name);
  }
});

test("names of other clusters, regions and services do not, whatever the options say", () => {
  for (const name of [
    "zbcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws",
    `${cluster.id}.dsql.us-east-2.on.aws`,
  ]) {
    assert.ok(!isForCluster(cluster, name, option), name);
  }
});

test("a name that names no cluster needs the option amzn-cluster-id", () => {
  const vpce = "vpce-0123.dsql-fnh4.us-east-1.vpce.amazonaws.com";
  for (const name of [vpce, "localhost", `x.${cluster.id}.dsql.us-east-1.on.aws`]) {
    assert.ok(!isForCluster(cluster, name, undefined), name);
    for (const options of [
      option,
      `-camzn-cluster-id=${cluster.id} -c x=y`,
      `-c x=y --amzn-cluster-id=${cluster.id}`,
    ]) {
      assert.ok(isForCluster(cluster, name, options), options);
    }
    for (const options of [`${option}a`, `amzn-cluster-id=${cluster.id}`, "-c amzn-cluster-id="]) {
      assert.ok(!isForCluster(cluster, name, options), options);
    }
  }
});
