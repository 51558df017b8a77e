import assert from "node:assert/strict";
import { test } from "node:test";

import { chooseCluster, endpointOf } from "./choose-cluster.ts";

const createdAt = "2026-01-01T00:00:00.000Z";
const first = { id: "abcdefghijklmnopqrstuvwxyz", region: "us-east-1", createdAt };
const second = { id: "abzzzzzzzzzzzzzzzzzzzzzzzz", region: "us-east-1", createdAt };
const western = { id: "wwwwwwwwwwwwwwwwwwwwwwwwww", region: "us-west-2", createdAt };
const clusters = [first, second, western];

const choose = (wanted: string) => chooseCluster(clusters, wanted, "/data");

test("a cluster is meant by its id, the beginning of it, its endpoint, its ARN, or its Region if it is alone there", () => {
  assert.equal(choose(second.id), second);
  assert.equal(choose("abc"), first);
  assert.equal(choose(endpointOf(western)), western);
  assert.equal(choose(`arn:aws:dsql:us-east-1:123456789012:cluster/${second.id}`), second);
  assert.equal(choose("us-west-2"), western);
});

test("what means none or several is refused with those to choose from", () => {
  assert.throws(() => choose("q"), { message: "there is no cluster q", remedy: /abcdefg.*abzzz.*wwww/ });
  for (const several of ["ab", "us-east-1"])
    assert.throws(() => choose(several), { message: `${several} may mean several clusters` });
});
