import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, type LogEvent } from "@dsql-local/cluster";
import { EventQueue, type AttemptResult } from "./event-queue.ts";
import { eventsWaitingMax } from "../limits.ts";

const delays = { retriesMs: [1, 1], throttledMs: 1 };

/** Adds an event that ends in these ways, attempt after attempt; resolves to the number of attempts when no more come. */
async function attempts(results: readonly AttemptResult[], log: LogEvent[] = []): Promise<number> {
  let count = 0;
  const queue = new EventQueue((event) => log.push(event), delays);
  await new Promise<void>((resolve) => {
    queue.add({
      functionName: "transfer",
      requestId: "request-1",
      attempt: () => {
        count += 1;
        if (count >= results.length) setTimeout(resolve, 50);
        return Promise.resolve(results[count - 1] ?? "failed");
      },
    });
  });
  queue.stop();
  return count;
}

test("an event that succeeds runs once", async () => {
  assert.equal(await attempts(["succeeded"]), 1);
});

test("an event that fails is tried twice more and then dropped with a log line", async () => {
  const log: LogEvent[] = [];

  assert.equal(await attempts(["failed", "failed", "failed"], log), 3);

  assert.deepEqual(
    log.map(({ event, requestId, retries }) => [event, requestId, retries]),
    [["lambda.event-dropped", "request-1", 2]],
  );
});

test("throttled attempts do not count as retries", async () => {
  assert.equal(await attempts(["throttled", "throttled", "throttled", "failed", "succeeded"]), 5);
});

test("an event beyond those that may wait is refused", () => {
  const queue = new EventQueue(silentLog, delays);
  const event = {
    functionName: "transfer",
    requestId: "request-1",
    attempt: () => Promise.resolve("succeeded" as const),
  };
  for (let count = 0; count < eventsWaitingMax; count += 1) queue.add(event);

  assert.throws(() => queue.add(event), { code: "TooManyRequestsException", status: 429 });
  queue.stop();
});
