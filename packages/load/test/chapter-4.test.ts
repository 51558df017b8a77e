import assert from "node:assert/strict";
import { test } from "node:test";

import { type Progress, type Transfer, chapter4Heading, formatStats, runChapter4 } from "../src/index.ts";
import { type Responder, sendJson, startInvokeServer } from "./invoke-server.ts";

async function runAgainst(
  respond: Responder,
  options: { onProgress?: (p: Progress) => void; signal?: AbortSignal },
) {
  const server = await startInvokeServer(respond);
  try {
    return await runChapter4({ target: server.target, invocations: 200, parallel: 50, seed: 1, ...options });
  } finally {
    await server.close();
  }
}

test("every invocation of the stress test is made and reported", async () => {
  const transfers: Transfer[] = [];
  const progress: Progress[] = [];
  const report = await runAgainst(
    ({ payload }, response) => {
      transfers.push(payload as Transfer);
      const isConflict = transfers.length % 10 === 0;
      const outcome = isConflict
        ? { error: "change conflicts with another transaction (OC000)", errorCode: "40001" }
        : { balance: 99 };
      sendJson(response, { ...outcome, duration: 5, retries: transfers.length % 4 === 1 ? 1 : 0 });
    },
    { onProgress: (one) => progress.push(one) },
  );

  const { calls, successes, errors, conflicts, wasAborted } = report;
  assert.deepEqual(
    { calls, successes, errors, conflicts, wasAborted },
    { calls: 200, successes: 180, errors: 20, conflicts: 20, wasAborted: false },
  );
  assert.equal(report.retries.total, 50);
  assert.equal(report.lambdaMs.mean, 5);
  assert.ok(transfers.every(({ payer_id, payee_id, amount }) => payer_id !== payee_id && amount === 1));
  assert.match(formatStats(report), /change conflicts with another transaction \(OC000\) \(40001\): 20$/);
  assert.deepEqual(progress[0]?.calls, 0);
  assert.deepEqual([progress.at(-1)?.calls, progress.at(-1)?.isOver], [200, true]);
});

test("a run that is aborted awaits its calls and reports them", async () => {
  const controller = new AbortController();
  let requests = 0;
  const report = await runAgainst(
    (_call, response) => {
      requests++;
      if (requests === 20) controller.abort();
      setImmediate(() => sendJson(response, { balance: 1, duration: 1, retries: 0 }));
    },
    { signal: controller.signal },
  );
  assert.equal(report.wasAborted, true);
  assert.equal(report.calls, requests);
  assert.equal(report.successes, requests);
  assert.ok(report.calls < 200);
});

test("the heading is the talk's", () => {
  assert.equal(
    chapter4Heading({}),
    `Testing Chapter 4: Stress Test - 10K Invocations (1000 parallel x 10 iterations)

Total invocations: 10,000
Parallel requests per batch: 1,000
Number of batches: 10`,
  );
});
