import assert from "node:assert/strict";
import { test } from "node:test";

import { clusterNameOf } from "./server-name.ts";

const id = "abcdefghijklmnopqrstuvwxyz";
const otherId = "zbcdefghijklmnopqrstuvwxyz";
const option = `-c amzn-cluster-id=${id}`;

test("the host name names cluster and Region, in any case and with the root's dot, whatever the options say", () => {
  for (const name of [
    `${id}.dsql.us-east-1.on.aws`,
    `${id}.dsql-fnh4.us-east-1.on.aws`,
    `${id}.dsql-local.us-east-1.on.aws`,
    `${id.toUpperCase()}.DSQL.us-east-1.on.aws.`,
  ]) {
    assert.deepEqual(clusterNameOf(name, undefined), { id, region: "us-east-1" }, name);
  }
  assert.deepEqual(clusterNameOf(`${otherId}.dsql.us-east-2.on.aws`, option), {
    id: otherId,
    region: "us-east-2",
  });
});

test("a name that names no cluster needs the option amzn-cluster-id", () => {
  const vpce = "vpce-0123.dsql-fnh4.us-east-1.vpce.amazonaws.com";
  for (const name of [undefined, vpce, "localhost.example", `x.${id}.dsql.us-east-1.on.aws`]) {
    assert.equal(clusterNameOf(name, undefined), undefined, name);
    for (const options of [option, `-camzn-cluster-id=${id} -c x=y`, `-c x=y --amzn-cluster-id=${id}`]) {
      assert.deepEqual(clusterNameOf(name, options), { id }, options);
    }
    for (const options of [`${option}a`, `amzn-cluster-id=${id}`, "-c amzn-cluster-id="]) {
      assert.equal(clusterNameOf(name, options), undefined, options);
    }
  }
});

test("localhost names the cluster that one means who names none; an option goes before", () => {
  for (const name of ["localhost", "LocalHost."]) assert.equal(clusterNameOf(name, undefined), "default");
  assert.deepEqual(clusterNameOf("localhost", option), { id });
});
