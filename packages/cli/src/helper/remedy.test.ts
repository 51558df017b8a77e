import assert from "node:assert/strict";
import { test } from "node:test";
import { remedyFor } from "./remedy.ts";

for (const [code, message, remedy] of [
  ["error", "permission denied for table accounts", /GRANT ALL ON public\.accounts TO myapp;$/],
  ["42P01", 'relation "transactions" does not exist', /chapter 5\. Then GRANT ALL ON public\.transactions/],
  ["error", "schema has been updated by another transaction (OC001)", /run the test again/],
  ["ResourceNotFoundException", "Function not found: arn:…", /cdk deploy/],
  ["TooManyRequestsException", "Rate Exceeded.", /--parallel/],
  ["Sandbox.Timedout", "Task timed out after 30.00 seconds", /dsql logs/],
  ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:4566", /npx dsql start/],
] as const) {
  test(`the words "${message}" have a remedy`, () => {
    assert.match(remedyFor({ code, message }) ?? "", remedy);
  });
}

test("what no remedy is known for has none", () => {
  assert.equal(remedyFor({ code: "InsufficientBalance", message: "Insufficient balance" }), undefined);
});
