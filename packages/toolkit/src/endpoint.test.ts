import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveCluster } from "./endpoint.ts";

const id = "abcdefghij0123456789klmnop";

test("an endpoint names its region", () => {
  const address = resolveCluster(
    {},
    { CLUSTER_ENDPOINT: `${id}.dsql.eu-central-1.on.aws`, AWS_REGION: "us-west-2" },
  );
  assert.deepEqual(address, {
    clusterId: id,
    region: "eu-central-1",
    host: `${id}.dsql.eu-central-1.on.aws`,
    signedHost: `${id}.dsql.eu-central-1.on.aws`,
  });
});

test("a bare id takes REGION, then AWS_REGION, and is refused without", () => {
  assert.equal(
    resolveCluster({ endpoint: id }, { REGION: "us-east-1", AWS_REGION: "x" }).region,
    "us-east-1",
  );
  assert.equal(
    resolveCluster({ endpoint: id }, { AWS_REGION: "us-east-2" }).host,
    `${id}.dsql.us-east-2.on.aws`,
  );
  assert.throws(() => resolveCluster({ endpoint: id }, {}), /REGION/);
});

test("a PrivateLink name is connected to, and the public one signed for", () => {
  const { host, signedHost } = resolveCluster({ endpoint: `${id}.dsql-fnh4.us-east-1.on.aws` }, {});
  assert.deepEqual([host, signedHost], [`${id}.dsql-fnh4.us-east-1.on.aws`, `${id}.dsql.us-east-1.on.aws`]);
});

test("another region than the endpoint's, a URL and nothing at all are refused with what to do", () => {
  const endpoint = `${id}.dsql.us-east-1.on.aws`;
  assert.throws(() => resolveCluster({ endpoint, region: "us-east-2" }, {}), /lies in us-east-1/);
  assert.throws(() => resolveCluster({ endpoint: `https://${endpoint}` }, {}), /without scheme/);
  assert.throws(() => resolveCluster({}, { CLUSTER_ENDPOINT: "" }), /CLUSTER_ENDPOINT/);
});
