import assert from "node:assert/strict";
import { test } from "node:test";

import { type Schedule, divideSchedule, runSchedule } from "./schedule.ts";

/** Runs a schedule with calls that take turns of the event loop; notes how many were under way when each started. */
async function observe(
  schedule: Schedule,
  signal?: AbortSignal,
  onCall?: (calls: number) => void,
): Promise<number[]> {
  const underWayAtStart: number[] = [];
  let underWay = 0;
  await runSchedule(
    schedule,
    async () => {
      underWay++;
      underWayAtStart.push(underWay);
      onCall?.(underWayAtStart.length);
      // The calls end one by one: the later it started, the later it ends.
      for (let turn = 0; turn < underWayAtStart.length; turn++) await new Promise(setImmediate);
      underWay--;
    },
    signal,
  );
  assert.equal(underWay, 0, "the schedule waits for every call that it started");
  return underWayAtStart;
}

test("a batch starts when all calls of the batch before have ended", async () => {
  const underWay = await observe({ kind: "batches", calls: 10, parallel: 4 });
  assert.deepEqual(underWay, [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]);
});

test("workers share the calls and start their batches independently of each other", async () => {
  const underWay = await observe({ kind: "batches", calls: 11, parallel: 4, workers: 2 });
  assert.equal(underWay.length, 11);
  assert.deepEqual(underWay.slice(0, 4), [1, 2, 3, 4]);
  assert.ok(underWay.slice(4).every((count) => count <= 4));
  // The second worker's batch is still under way when the first starts its next.
  assert.ok((underWay[4] ?? 0) > 1);
});

test("a window starts a call for each that ends", async () => {
  const underWay = await observe({ kind: "window", calls: 10, parallel: 4 });
  assert.deepEqual(underWay, [1, 2, 3, 4, 4, 4, 4, 4, 4, 4]);
});

test("fewer calls than may run at a time are all made at once", async () => {
  assert.deepEqual(await observe({ kind: "batches", calls: 2, parallel: 4 }), [1, 2]);
});

for (const kind of ["batches", "window"] as const) {
  test(`after an abort no call of the ${kind} starts, and those under way are awaited`, async () => {
    const controller = new AbortController();
    const calls = await observe({ kind, calls: 100, parallel: 4 }, controller.signal, (started) => {
      if (started === 6) controller.abort();
    });
    assert.equal(calls.length, 6);
  });
}

test("a schedule is divided by whole workers, and nothing is lost or made twice", () => {
  const whole: Schedule = { kind: "batches", calls: 1_003, parallel: 103, workers: 50, threads: 3 };
  assert.deepEqual(divideSchedule(whole), [
    { schedule: { kind: "batches", calls: 343, parallel: 37, workers: 17 }, callsBefore: 0 },
    { schedule: { kind: "batches", calls: 340, parallel: 34, workers: 17 }, callsBefore: 343 },
    { schedule: { kind: "batches", calls: 320, parallel: 32, workers: 16 }, callsBefore: 683 },
  ]);
});

test("where there are fewer workers than threads, each thread gets one", () => {
  const whole: Schedule = { kind: "batches", calls: 5, parallel: 2, threads: 4 };
  assert.deepEqual(
    divideSchedule(whole).map(({ schedule: { calls, parallel, workers } }) => [calls, parallel, workers]),
    [
      [3, 1, 1],
      [2, 1, 1],
    ],
  );
});
