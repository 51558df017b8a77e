import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryBudget, retryConflicts, RetryPlan } from "./retry.ts";

const conflict = (): Error => Object.assign(new Error("(OC000)"), { code: "40001" });

test("pauses are drawn from zero up to a cap that doubles and then stays", () => {
  const longest = new RetryPlan({ random: () => 1, delayMsFirst: 20, delayMsMax: 100 });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((attempt) => longest.delayMs(attempt)),
    [20, 40, 80, 100, 100],
  );
  const shortest = new RetryPlan({ random: () => 0 });
  assert.equal(shortest.delayMs(7), 0);
});

test("an attempt that succeeds at once gives a retry back to the budget, one that was repeated does not", async () => {
  const budget = new RetryBudget({ capacity: 3 });
  const failingOnce = (attempt: number): Promise<void> =>
    attempt === 1 ? Promise.reject(conflict()) : Promise.resolve();
  await retryConflicts(failingOnce, { budget, random: () => 0 });
  assert.equal(budget.left, 2);
  await retryConflicts(() => Promise.resolve(), { budget });
  await retryConflicts(() => Promise.resolve(), { budget });
  assert.equal(budget.left, 3);
});

test("an exception of onRetry ends the retrying", async () => {
  const stopping = retryConflicts(() => Promise.reject(conflict()), {
    onRetry: () => {
      throw new Error("stop");
    },
  });
  await assert.rejects(stopping, /stop/);
});

test("a signal ends the pause", async () => {
  const controller = new AbortController();
  const waiting = retryConflicts(() => Promise.reject(conflict()), {
    random: () => 1,
    delayMsFirst: 20_000,
    delayMsMax: 20_000,
    signal: controller.signal,
    onRetry: () => {
      setImmediate(() => {
        controller.abort();
      });
    },
  });
  await assert.rejects(waiting, { name: "RetriesExhaustedError", reason: "aborted" });
});

test("attempts below one are refused", async () => {
  await assert.rejects(
    retryConflicts(() => Promise.resolve(), { attempts: 0 }),
    /attempts/,
  );
});
