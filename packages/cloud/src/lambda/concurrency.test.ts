import assert from "node:assert/strict";
import { test } from "node:test";
import { Concurrency } from "./concurrency.ts";

test("functions without a reservation share what is not reserved", () => {
  const concurrency = new Concurrency(3);
  concurrency.reserve("kept", 1);

  assert.equal(concurrency.enter("one"), undefined);
  assert.equal(concurrency.enter("two"), undefined);
  assert.equal(concurrency.enter("two"), "ConcurrentInvocationLimitExceeded");
  concurrency.leave("one");
  assert.equal(concurrency.enter("two"), undefined);
  assert.equal(concurrency.enter("kept"), undefined);
  assert.equal(concurrency.enter("kept"), "ReservedFunctionConcurrentInvocationLimitExceeded");
});

test("a reservation that begins or ends while invocations run counts them once", () => {
  const concurrency = new Concurrency(2);
  assert.equal(concurrency.enter("one"), undefined);
  concurrency.reserve("one", 1);
  assert.equal(concurrency.enter("other"), undefined);
  assert.equal(concurrency.enter("other"), "ConcurrentInvocationLimitExceeded");

  concurrency.reserve("one", undefined);
  assert.equal(concurrency.enter("other"), "ConcurrentInvocationLimitExceeded");
  concurrency.leave("one");
  assert.equal(concurrency.enter("other"), undefined);
});
