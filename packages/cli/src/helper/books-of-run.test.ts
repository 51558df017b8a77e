import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { judgeIfRead } from "./books-of-run.ts";

const before = { accounts: 1_000n, balance: 100_000n, least: 100n, transfers: 5n };
const told = { successes: 10, unknownOutcomes: 0 };

/** A port where nothing listens. */
async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

test("a cluster that is gone after the run is a finding, and the run is told all the same", async () => {
  // Any key signs a token.
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret-of-the-test",
  });
  const environment = {
    CLUSTER_ENDPOINT: "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws",
    PGHOSTADDR: "127.0.0.1",
    PGPORT: await closedPort(),
  };
  const [finding, ...others] = await judgeIfRead({ environment }, before, told);
  assert.deepEqual(others, []);
  assert.equal(finding?.holds, false);
  assert.match(finding.text, /^The balances could not be read after the run: cannot connect \(tcp\)/);
});

test("without books before there is nothing to judge", async () => {
  assert.deepEqual(await judgeIfRead({ environment: {} }, undefined, told), []);
});
