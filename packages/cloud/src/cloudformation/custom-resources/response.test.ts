import assert from "node:assert/strict";
import { test } from "node:test";

import { readResponse } from "./response.ts";

const request = { StackId: "arn:aws:cloudformation:stack", RequestId: "r-1", LogicalResourceId: "Thing" };
const success = { ...request, Status: "SUCCESS", PhysicalResourceId: "thing-1" };

function read(response: unknown) {
  return readResponse(typeof response === "string" ? response : JSON.stringify(response), request);
}

test("a success gives the physical id and the data", () => {
  assert.deepEqual(read({ ...success, Data: { Name: "x", Nested: { Deep: 1 } } }), {
    status: "SUCCESS",
    physicalId: "thing-1",
    data: { Name: "x", Nested: { Deep: 1 } },
  });
  assert.deepEqual(read(success), { status: "SUCCESS", physicalId: "thing-1", data: {} });
});

test("a failure gives its reason, and the physical id of what it may have left behind", () => {
  assert.deepEqual(read({ ...success, Status: "FAILED", Reason: "no such role" }), {
    status: "FAILED",
    physicalId: "thing-1",
    reason: "Received response status [FAILED] from custom resource. Message returned: no such role",
  });
});

for (const [why, response, reason] of [
  ["is no JSON", "<html>", /not a JSON object/],
  ["is no object", "[]", /not a JSON object/],
  ["has another status", { ...success, Status: "DONE" }, /Status must be SUCCESS or FAILED/],
  ["is of another request", { ...success, RequestId: "r-2" }, /RequestId is not that of the request/],
  ["has no physical id", { ...success, PhysicalResourceId: undefined }, /Invalid PhysicalResourceId/],
  ["has a physical id too long", { ...success, PhysicalResourceId: "x".repeat(1_025) }, /1 to 1024 bytes/],
  ["is too long", { ...success, Data: { Text: "x".repeat(4_096) } }, /Response object is too long/],
] as const) {
  test(`an answer that ${why} is a failure`, () => {
    const outcome = read(response);
    assert.equal(outcome.status, "FAILED");
    assert.match(outcome.status === "FAILED" ? outcome.reason : "", reason);
  });
}
