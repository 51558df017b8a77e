import assert from "node:assert/strict";
import { test } from "node:test";
import { isEnded, type JobStatus, jobTransitions, statesBefore } from "./job.ts";

test("a job ends once and for all", () => {
  const ends = (Object.keys(jobTransitions) as JobStatus[]).filter(isEnded);
  assert.deepEqual(ends, ["completed", "failed", "cancelled"]);
});

test("only a job at work completes or fails; one that waits can be cancelled", () => {
  assert.deepEqual(statesBefore("completed"), ["processing"]);
  assert.deepEqual(statesBefore("failed"), ["processing"]);
  assert.deepEqual(statesBefore("cancelled"), ["submitted", "processing"]);
  // A job that begins anew is processing already.
  assert.deepEqual(statesBefore("processing"), ["submitted", "processing"]);
});
