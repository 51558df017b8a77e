import assert from "node:assert/strict";
import { test } from "node:test";

import type { Answer } from "./invocation/index.ts";
import { Tally } from "./tally.ts";

const add = (
  tally: Tally,
  answer: Answer,
  extra: { throttles?: number; unknownOutcomes?: number } = {},
): void => tally.add({ answer, response: "", throttles: 0, resends: 0, unknownOutcomes: 0, ...extra }, 5);

const success = (retries: number): Answer => ({ kind: "success", balance: 1, durationMs: 3, retries });
const failure = (code: string, message: string): Answer => ({ kind: "failure", code, message });

test("calls are successes and errors, and conflicts are the errors with 40001", () => {
  const tally = new Tally();
  add(tally, success(0));
  add(tally, failure("40001", "change conflicts"));
  add(tally, failure("InsufficientBalance", "Insufficient balance"));
  const { calls, successes, errors, conflicts } = tally.counts();
  assert.deepEqual(
    { calls, successes, errors, conflicts },
    { calls: 3, successes: 1, errors: 2, conflicts: 1 },
  );
});

test("retries are added up, and calls that retried are counted once", () => {
  const tally = new Tally();
  for (const retries of [0, 3, 1, 0]) add(tally, success(retries));
  assert.deepEqual(tally.counts().retries, { total: 4, max: 3, callsWithRetries: 2 });
});

test("times of errors are kept apart from times of successes", () => {
  const tally = new Tally();
  add(tally, success(0));
  add(tally, failure("40001", "change conflicts"));
  const { lambdaMs, clientMs, errorMs } = tally.times();
  assert.deepEqual([lambdaMs.count, clientMs.count, errorMs.count], [1, 1, 1]);
});

test("errors with the same words and code are counted together, the most frequent first", () => {
  const tally = new Tally();
  for (const code of ["b", "a", "b"]) add(tally, failure(code, "no"));
  assert.deepEqual(tally.errorBreakdown(), [
    { message: "no", code: "b", count: 2 },
    { message: "no", code: "a", count: 1 },
  ]);
});

test("Lambda's own errors are counted together, whichever request they are of", () => {
  const tally = new Tally();
  for (const id of ["18271080-518e-424a-a9f8-78aea8568ea0", "3046298b-bab3-4131-ad68-f10f2335ae96"]) {
    add(tally, failure("Runtime.ExitError", `RequestId: ${id} Error: Runtime exited`));
    add(
      tally,
      failure("Sandbox.Timedout", `2026-01-15T10:23:45.123Z ${id} Task timed out after 3.00 seconds`),
    );
  }
  assert.deepEqual(tally.errorBreakdown(), [
    { message: "Error: Runtime exited", code: "Runtime.ExitError", count: 2 },
    { message: "Task timed out after 3.00 seconds", code: "Sandbox.Timedout", count: 2 },
  ]);
});

test("different errors beyond the bound are counted as other errors", () => {
  const tally = new Tally();
  for (let index = 0; index < 150; index++) add(tally, failure("code", `message ${index}`));
  const breakdown = tally.errorBreakdown();
  assert.equal(breakdown.length, 101);
  assert.deepEqual(breakdown[0], { message: "other errors", code: "various", count: 50 });
});

test("control characters in a message do not reach the terminal", () => {
  const tally = new Tally();
  add(tally, failure("code", "red\u001b[31m\nalert"));
  assert.equal(tally.errorBreakdown()[0]?.message, "red [31m alert");
});

test("two tallies merged are the tally that would have counted the calls of both", () => {
  const [first, second, both] = [new Tally(), new Tally(), new Tally()];
  const answers = [success(0), success(3), failure("40001", "no"), failure("a", "b"), failure("40001", "no")];
  for (const [index, answer] of answers.entries()) {
    add(index % 2 === 0 ? first : second, answer, { throttles: index });
    add(both, answer, { throttles: index });
  }
  // As it travels from one thread to another.
  first.merge(structuredClone(second.state()));
  assert.deepEqual(first.counts(), both.counts());
  assert.deepEqual(first.times(), both.times());
  assert.deepEqual(first.errorBreakdown(), both.errorBreakdown());
});

test("the bound on different errors holds when tallies are merged", () => {
  const [first, second] = [new Tally(), new Tally()];
  for (let index = 0; index < 150; index++) add(first, failure("code", `message ${index}`));
  for (let index = 0; index < 150; index++) add(second, failure("code", `message ${index + 1_000}`));
  first.merge(second.state());
  const breakdown = first.errorBreakdown();
  assert.equal(breakdown.length, 101);
  assert.deepEqual(breakdown[0], { message: "other errors", code: "various", count: 200 });
});
